"""Who answers at a URL: scheme, host and port (RFC 6454). Pure."""

from urllib.parse import urlsplit

_PORTS = {"http": 80, "https": 443}
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def origin_of(url: str) -> tuple[str, str, int] | None:
    """The origin of an http or https URL; None if it is no such URL, or has a name and a password
    in it. The names of this machine's own loopback are one.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in _PORTS or not parts.hostname or "@" in parts.netloc:
        return None
    host = "localhost" if parts.hostname in _LOOPBACK else parts.hostname
    return parts.scheme, host, _PORTS[parts.scheme] if port is None else port


__all__ = ["origin_of"]
