"""Where the host sends: what an operator allows beyond the public internet."""

from dataclasses import dataclass
from pathlib import Path

from agent_host.errors import ConfigurationError, UnsafeUrlError
from agent_host.outbound.place import Destination, Place, to_place


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboundPolicy:
    """`allow` are places that may have private addresses and any port, and plain http where they
    say so. `ports` are those of all other places, by https. `ca_file` is trusted besides the
    public authorities.
    """

    allow: frozenset[Place] = frozenset()
    ports: frozenset[int] = frozenset({443})
    ca_file: Path | None = None

    def allows(self, place: Place) -> bool:
        """Whether the operator named it."""
        return place in self.allow

    def check(self, destination: Destination) -> None:
        """Refuse what is no place to send to, whatever its addresses.

        Raises:
            UnsafeUrlError: it is plain http, or has a port that is not open.
        """
        place = destination.place
        if self.allows(place):
            return
        if place.scheme != "https":
            raise UnsafeUrlError("The URL should begin with https://.")
        if place.port not in self.ports:
            known = ", ".join(str(port) for port in sorted(self.ports))
            raise UnsafeUrlError(f"The URL's port should be one of: {known}.")


def to_allowed(entry: str) -> Place:
    """A place as an operator writes it: `host`, `host:port`, `http://host:port`.

    Raises:
        ConfigurationError: it is none.
    """
    scheme, mark, authority = entry.rpartition("://")
    scheme = scheme.lower() if mark else "https"
    if scheme not in {"http", "https"} or "/" in authority:
        raise ConfigurationError(_wanted(entry))
    try:
        return to_place(scheme, authority)
    except UnsafeUrlError:
        raise ConfigurationError(_wanted(entry)) from None


def _wanted(entry: str) -> str:
    return (
        f"outbound.allow: {entry!r} is no place; write hooks.internal:8443 or, for plain http, "
        "http://127.0.0.1:9000."
    )


__all__ = ["OutboundPolicy", "to_allowed"]
