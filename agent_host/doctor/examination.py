"""All checks in their order, made one after the other: a check that fails is a problem itself."""

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, TypeAlias

from agent_host.doctor import (
    access,
    address,
    channel,
    clock,
    edge,
    file_cache,
    issuer,
    limit,
    link,
    mount,
    operator_file,
    outbound,
    pairing,
    people,
    secret,
    software,
    store_content,
    store_folder,
    store_kind,
    stranger,
    target,
    telemetry,
)
from agent_host.doctor.finding import Finding, Status, ok, problem, skipped
from agent_host.doctor.situation import Situation
from agent_host.errors import ConfigurationError

Check: TypeAlias = Callable[[Situation], Iterable[Finding]]

SETTINGS: Final = "settings"
PYTHON: Final = "python"
PACKAGES: Final = "packages"

CHECKS: Final = MappingProxyType[str, Check](
    {
        PACKAGES: software.check_extra_packages,
        "target": target.check_target,
        "channels": channel.check_channels,
        "secrets": secret.check_secrets,
        "store": store_kind.check_store,
        "runtime": store_kind.check_runtime,
        "store folder": store_folder.check_folder,
        "store disk": mount.check_mount,
        "store owner": store_folder.check_lock,
        "store content": store_content.check_content,
        "store room": store_folder.check_room,
        "store writing": store_folder.check_writing,
        "operator file": operator_file.check_operator_file,
        "files": file_cache.check_files,
        "clock": clock.check_clock,
        "access": access.check_access,
        "keys": access.check_keys,
        "tokens": issuer.check_tokens,
        "issuer": issuer.check_issuer,
        "people": people.check_people,
        "links": link.check_links,
        "pairing": pairing.check_pairing,
        "address": address.check_address,
        "transport": address.check_transport,
        "hosts": edge.check_hosts,
        "origins": edge.check_origins,
        "proxies": edge.check_proxies,
        "isolation": edge.check_isolation,
        "limits": limit.check_limits,
        "outbound": outbound.check_outbound,
        "open files": limit.check_open_files,
        "telemetry": telemetry.check_telemetry,
        "metrics": telemetry.check_metrics,
        "events": telemetry.check_events,
        "log": telemetry.check_log,
        "port": address.check_port,
        "strangers": stranger.check_strangers,
        "host attack": stranger.check_host_attack,
        "origin attack": stranger.check_origin_attack,
        "operator doors": stranger.check_operator_doors,
        "answers": stranger.check_headers,
    }
)
"""By name, in the order in which they are made. `settings` and `python` need no settings."""

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A finding, and the check that it is of."""

    check: str
    finding: Finding


def examine(look: Callable[[], Situation]) -> Iterator[Entry]:
    """Make every check, as far as there is a situation to look at. `look` may raise a
    `ConfigurationError`: then the settings are what is wrong.
    """
    yield from _made(PYTHON, software.check_python)
    try:
        situation = look()
    except ConfigurationError as error:
        yield Entry(check=SETTINGS, finding=problem(str(error)))
        yield from _made(PACKAGES, software.check_packages)
        without = skipped("There are no settings to look at.")
        yield from (Entry(check=name, finding=without) for name in CHECKS if name != PACKAGES)
        return
    file = situation.loaded.file or "no file"
    said = ok(f"{len(situation.loaded.origins)} settings are set and known; {file}.")
    yield Entry(check=SETTINGS, finding=said)
    for name, check in CHECKS.items():
        yield from _made(name, check, situation)


def is_safe(entries: Iterable[Entry]) -> bool:
    """Whether no check found a problem."""
    return all(entry.finding.status is not Status.PROBLEM for entry in entries)


def _made(
    name: str, check: Callable[..., Iterable[Finding]], *arguments: Situation
) -> Iterator[Entry]:
    try:
        for finding in check(*arguments):
            yield Entry(check=name, finding=finding)
    except Exception as error:
        # What could not be looked at is not taken to be safe.
        _logger.debug("the check %s failed", name, exc_info=True)
        found = f"The check itself failed: {type(error).__name__}."
        yield Entry(check=name, finding=problem(found, "Look at what it looks at; report this."))


__all__ = ["CHECKS", "Check", "Entry", "examine", "is_safe"]
