"""The signature algorithms that can be allowed (RFC 7518 §3.1, RFC 8037). Pure values."""

from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Final

from agent_host.errors import ConfigurationError

KEY_TYPES: Final[Mapping[str, tuple[str, str | None]]] = MappingProxyType(
    {
        "RS256": ("RSA", None),
        "RS384": ("RSA", None),
        "RS512": ("RSA", None),
        "PS256": ("RSA", None),
        "PS384": ("RSA", None),
        "PS512": ("RSA", None),
        "ES256": ("EC", "P-256"),
        "ES384": ("EC", "P-384"),
        "ES512": ("EC", "P-521"),
        "EdDSA": ("OKP", "Ed25519"),
    }
)
"""The type and curve of each one's keys. `none` and those with a shared secret are not among them
and cannot be added.
"""

DEFAULT_ALGORITHMS: Final = ("RS256", "PS256", "ES256", "EdDSA")


def check_algorithms(algorithms: Collection[str], setting: str) -> None:
    """Refuse what is none of them, and none at all.

    Raises:
        ConfigurationError: the text names the setting.
    """
    foreign = sorted(set(algorithms) - set(KEY_TYPES))
    if foreign:
        raise ConfigurationError(
            f"`{setting}` takes {', '.join(KEY_TYPES)}; not {', '.join(foreign)}."
        )
    if not algorithms:
        raise ConfigurationError(f"`{setting}` is empty: no token could be good.")


__all__ = ["DEFAULT_ALGORITHMS", "KEY_TYPES", "check_algorithms"]
