"""A host from settings: its store, its target and its channels found by name.

Owns the way from what an operator sets to `AgentHost`'s arguments, and no behaviour.
"""

import os
from typing import Any, cast

from agent_host.app import AgentHost
from agent_host.authentication.operator_door import OperatorDoor
from agent_host.configured_access import create_authenticator
from agent_host.configured_linking import create_linking, create_on_behalf_of
from agent_host.delivery.option import DeliveryOptions
from agent_host.observability.sdk import create_telemetry
from agent_host.outbound.guarded import GuardedOutbound
from agent_host.protocols.file_store import FileStore
from agent_host.protocols.state_store import StateStore
from agent_host.registry import channel_config, load_channel, load_store
from agent_host.remote_target import discover_target
from agent_host.settings import (
    Settings,
    detect_isolation,
    detect_runtime_mode,
    parse_channel,
    refuse_lost_work,
)
from agent_host.settings.place import files_folder, keys_file
from agent_host.stores.disk_folder import SCHEME, folder_of_url
from agent_host.stores.memory_file import MemoryFileStore
from agent_host.target_loader import is_remote, load_target


def create_host(settings: Settings) -> AgentHost:
    """The host that the settings describe, its target loaded and its channels mounted.

    Raises:
        ConfigurationError: something that is set does not work; the text names the setting.
    """
    store = _create_store(settings)
    # The runner keeps its tasks in the store, so what becomes of one becomes of both.
    survives = store.durable and store.shared
    refuse_lost_work(
        settings.runtime_mode or detect_runtime_mode(os.environ),
        runner_survives=survives,
        store_survives=survives,
        allowed=settings.allow_in_process_runner,
    )
    channels = [
        load_channel(name)(parse_channel(name, table, channel_config(name)))
        for name, table in settings.channels.items()
        if table.enabled
    ]
    watched = settings.telemetry
    return AgentHost(
        _create_target(settings),
        channels=channels,
        name=settings.name,
        description=settings.description,
        store=store,
        files=create_file_store(settings, durable=store.durable),
        authenticator=create_authenticator(
            settings.access, keys_file(settings), insecure=settings.server.insecure
        ),
        outbound=GuardedOutbound(settings.outbound.to_policy()),
        people=settings.identity.to_options(),
        linking=create_linking(settings.link),
        pairing=settings.pairing.to_policy(),
        on_behalf_of=create_on_behalf_of(
            settings.on_behalf_of, caller_issuer=settings.access.jwt.issuer
        ),
        operator_door=_create_door(settings),
        delivery=DeliveryOptions(policy=settings.delivery.to_policy()),
        run_policy=settings.run.to_policy(),
        session_policy=settings.session.to_policy(),
        session_mode=settings.session.mode,
        body_limit_bytes=settings.limits.body_bytes,
        limits=settings.limits.to_limits(),
        edge=settings.server.to_edge_policy(on_isolating_platform=detect_isolation(os.environ)),
        telemetry=create_telemetry(watched.to_options()) if watched.enabled else None,
        event_sinks=watched.to_sinks(),
    )


def _create_target(settings: Settings) -> object:
    if is_remote(settings.target):
        return discover_target(settings.target, settings.remote_a2a)
    return load_target(settings.target)


def _create_store(settings: Settings) -> StateStore:
    scheme = settings.store.partition("://")[0]
    store: StateStore = cast("Any", load_store(scheme)).from_url(settings.store)
    return store


def _create_door(settings: Settings) -> OperatorDoor | None:
    """A door for whoever owns the store's folder, where the store has one."""
    if not (settings.access.operator_door and settings.store.startswith(SCHEME)):
        return None
    return OperatorDoor(folder_of_url(settings.store))


def create_file_store(settings: Settings, *, durable: bool) -> FileStore:
    """Where the bytes of files go: to the folder of the settings, or with a store that forgets,
    to memory.
    """
    limits = {
        "limit_bytes": settings.files.limit_bytes,
        "file_limit_bytes": settings.files.file_limit_bytes,
    }
    if not durable:
        return MemoryFileStore(**limits)
    # A host that forgets everything has no folder, and does not load what keeps one.
    from agent_host.stores.disk_file import DiskFileStore  # noqa: PLC0415

    return DiskFileStore(files_folder(settings), **limits)


__all__ = ["create_file_store", "create_host"]
