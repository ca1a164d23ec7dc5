"""Takes the credential out of a connection's headers (RFC 6750 §2.1, and `X-API-Key`).

A credential in the query string is never looked at: it would stand in every log on the way.
"""

import re
from collections.abc import Iterable
from typing import Final

from agent_host.errors import InvalidProofError, RequestError, UnauthenticatedError

LIMIT_BYTES: Final = 16 * 1024

_AUTHORIZATION: Final = b"authorization"
_API_KEY: Final = b"x-api-key"
_BEARER: Final = re.compile(rb"bearer +(.*)", re.IGNORECASE | re.DOTALL)
_TOKEN: Final = re.compile(rb"[A-Za-z0-9\-._~+/]+=*")  # token68 of RFC 9110 §11.2


def read_credential(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """The credential, as text of ASCII.

    Raises:
        UnauthenticatedError: there is none, or one of a scheme that is not spoken here.
        InvalidProofError: it is none that could be good.
        RequestError: there are two.
    """
    found: bytes | None = None
    foreign = False
    for name, value in headers:
        if name == _AUTHORIZATION:
            matched = _BEARER.fullmatch(value)
            if matched is None:
                foreign = True
                continue
            credential = matched[1].rstrip(b" \t")
        elif name == _API_KEY:
            credential = value.strip(b" \t")
        else:
            continue
        if found is not None:
            raise RequestError("Send one credential: `Authorization: Bearer` or `X-API-Key`.")
        found = credential
    if found is None:
        hint = "; no other scheme is known here" if foreign else ""
        raise UnauthenticatedError(f"Send `Authorization: Bearer` with a key or token{hint}.")
    if len(found) > LIMIT_BYTES or _TOKEN.fullmatch(found) is None:
        raise bad_credential()
    return found.decode("ascii")


def bad_credential() -> InvalidProofError:
    """What is said of every credential that is no good, whatever is wrong with it."""
    return InvalidProofError("The credential is not valid.")


__all__ = ["LIMIT_BYTES", "bad_credential", "read_credential"]
