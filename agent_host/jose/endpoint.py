"""Which addresses keys and tokens may come from."""

import ipaddress
from urllib.parse import urlsplit

from agent_host.errors import ConfigurationError


def check_endpoint(url: str, setting: str) -> None:
    """Refuse a connection on which others can put their own answer in place of the real one.

    Raises:
        ConfigurationError: it is no https URL, nor http to this machine.
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        raise ConfigurationError(f"`{setting}` is not a URL.") from None
    plain_but_here = parts.scheme == "http" and _is_loopback(host)
    if not host or parts.username is not None or not (parts.scheme == "https" or plain_but_here):
        raise ConfigurationError(
            f"`{setting}` must be an https URL without a user name; http is taken for this machine "
            "only."
        )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


__all__ = ["check_endpoint"]
