"""Where callers may have the host send, beyond the public internet."""

from collections.abc import Iterator
from ipaddress import ip_address
from typing import Final

from agent_host.asgi.bind import is_loopback
from agent_host.doctor.finding import Finding, ok, problem, setting, warning
from agent_host.doctor.situation import Situation
from agent_host.errors import ConfigurationError
from agent_host.outbound.place import Place
from agent_host.outbound.policy import to_allowed

_KEY: Final = "outbound.allow"
_METADATA_NAMES: Final = frozenset({"metadata", "metadata.google.internal", "instance-data"})
_METADATA_ADDRESSES: Final = frozenset(
    {"100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254"}
)


def check_outbound(situation: Situation) -> Iterator[Finding]:
    """Does an entry of the allowlist lead where no caller should come?"""
    settings = situation.settings.outbound
    try:
        allowed = sorted({to_allowed(entry) for entry in settings.allow}, key=str)
    except ConfigurationError as error:
        yield problem(str(error))
        return
    if settings.ca_file is not None and not settings.ca_file.is_file():
        yield problem(f"There is no file at {setting('outbound.ca_file')}.")
    found = [finding for place in allowed for finding in _look(place, situation)]
    yield from found
    if not found:
        yield ok(f"Callers reach public addresses by https, and {len(allowed)} places besides.")


def _look(place: Place, situation: Situation) -> Iterator[Finding]:
    change = f"Take it out of {setting(_KEY)}."
    if _is_metadata(place.host):
        yield problem(
            f"Callers may have the host ask {place.authority}, where a cloud keeps the machine's "
            "own credentials.",
            change,
        )
    elif is_loopback(place.host):
        server = situation.settings.server
        if place.port == server.port:
            yield problem(
                f"Callers may have the host call itself, at {place.authority}, as if from this "
                "machine.",
                change,
            )
        elif situation.is_public:
            yield warning(
                f"Callers from elsewhere may have the host send to {place.authority}, on this "
                "machine.",
                f"Make sure that it asks for a proof. {change}",
            )
    elif place.scheme == "http":
        yield warning(
            f"What is sent to {place.authority} is not encrypted, tokens of callers included.",
            f"Name it with https in {setting(_KEY)}.",
        )


def _is_metadata(host: str) -> bool:
    if host in _METADATA_NAMES or host in _METADATA_ADDRESSES:
        return True
    try:
        return ip_address(host).is_link_local
    except ValueError:
        return False


__all__ = ["check_outbound"]
