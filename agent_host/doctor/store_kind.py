"""Which store is set, and whether it goes with how the process lives."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from agent_host.doctor.finding import Finding, ok, problem, setting, warning
from agent_host.doctor.situation import Situation
from agent_host.errors import ConfigurationError
from agent_host.protocols.state_store import StateStore
from agent_host.registry import load_store
from agent_host.settings import RuntimeMode, refuse_lost_work
from agent_host.stores.disk_folder import SCHEME, folder_of_url


def disk_folder(situation: Situation) -> Path | None:
    """The folder of a store on disk; None for any other store, and for a URL that is none."""
    url = situation.settings.store
    try:
        return folder_of_url(url) if url.startswith(SCHEME) else None
    except ConfigurationError:
        return None


def check_store(situation: Situation) -> Iterator[Finding]:
    """Is it installed, and does it remember?"""
    try:
        store = configured_store(situation)
    except ConfigurationError as error:
        yield problem(str(error), f"Set {setting('store')}.")
        return
    scheme = situation.settings.store.partition("://")[0]
    if store.durable:
        yield ok(f"{scheme}:// keeps what was acknowledged.")
    elif situation.is_production:
        yield warning(
            f"{scheme}:// forgets runs, sessions and files when the process ends.",
            f"Set {setting('store')} to disk:///path/to/a/folder.",
        )
    else:
        yield ok(f"{scheme}:// forgets everything at exit, which is for development.")


def check_runtime(situation: Situation) -> Iterator[Finding]:
    """Would work be lost where the platform ends processes?"""
    try:
        store = configured_store(situation)
    except ConfigurationError:
        return  # said by the store's own check
    mode, survives = situation.runtime_mode, store.durable and store.shared
    try:
        refuse_lost_work(
            mode,
            runner_survives=survives,
            store_survives=survives,
            allowed=situation.settings.allow_in_process_runner,
        )
    except ConfigurationError as error:
        yield problem(str(error))
        return
    if mode is RuntimeMode.EPHEMERAL and not survives:
        yield warning(
            "The platform may end the process with work that lives in it, and this is allowed.",
            f"Take back {setting('allow_in_process_runner')} unless the disk outlives the process.",
        )
    else:
        yield ok(f"The process is {mode.value.replace('_', '-')}, and the store goes with that.")


def configured_store(situation: Situation) -> StateStore:
    """The store that is set, not entered.

    Raises:
        ConfigurationError: there is none such.
    """
    url = situation.settings.store
    store: StateStore = cast("Any", load_store(url.partition("://")[0])).from_url(url)
    return store


__all__ = ["check_runtime", "check_store", "configured_store", "disk_folder"]
