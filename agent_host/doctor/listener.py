"""Who listens at the host's address, and a way to ask it: plain HTTP/1.1, no body, no credentials.

Every question has a time limit. Redirects are not followed, and answers are read only as far as
they are asked for.
"""

import http.client
import json
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

_SECONDS: Final = 5.0
_BODY_LIMIT_BYTES: Final = 4 * 1024 * 1024
_OK: Final = 200
_EVERYWHERE: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - looked up, not bound
_BODILESS: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class Tenant(StrEnum):
    """Who has an address."""

    NOBODY = "nobody"
    HOST = "host"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What was answered. Names of headers are in lower case; `body` is empty unless asked for."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""

    def json(self) -> Any:  # noqa: ANN401 - what others say can be anything
        """The body as JSON; None if it is none."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """The address, resolved, and who has it."""

    address: str
    port: int
    tenant: Tenant

    @property
    def authority(self) -> str:
        """How it is named in a `Host` header; an address, which every host goes by."""
        name = f"[{self.address}]" if ":" in self.address else self.address
        return f"{name}:{self.port}"

    def ask(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] = MappingProxyType({}),
        wants_body: bool = False,
    ) -> Answer | None:
        """The answer to a request without a body; None if there is none in time."""
        connection = http.client.HTTPConnection(self.address, self.port, timeout=_SECONDS)
        sent = {"host": self.authority, "connection": "close"} | dict(headers)
        try:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in sent.items():
                connection.putheader(name, value)
            if method not in _BODILESS:
                connection.putheader("content-length", "0")
            connection.endheaders()
            response = connection.getresponse()
            return Answer(
                status=response.status,
                headers={name.lower(): value for name, value in response.getheaders()},
                body=response.read(_BODY_LIMIT_BYTES) if wants_body else b"",
            )
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()


def find_listener(host: str, port: int) -> Listener:
    """Who listens there. A host says so by its `/healthz`; port 0 is nobody's. An address of
    another machine is not asked anything.
    """
    address = _resolve(_EVERYWHERE.get(host, host), port)
    nobody = Listener(address=address or host, port=port, tenant=Tenant.NOBODY)
    if port == 0 or address is None or not (_is_here(address) and _accepts(address, port)):
        return nobody
    other = Listener(address=address, port=port, tenant=Tenant.OTHER)
    answer = other.ask("GET", "/healthz", wants_body=True)
    if answer is not None and answer.status == _OK and answer.json() == {"status": "alive"}:
        return Listener(address=address, port=port, tenant=Tenant.HOST)
    return other


def _resolve(host: str, port: int) -> str | None:
    """The address that `bind` takes of those that a name has."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return None
    return str(min(found, key=lambda entry: entry[0] != socket.AF_INET)[4][0])


def _is_here(address: str) -> bool:
    """Whether it is an address of this machine: nobody else's can be bound."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.bind((address, 0))
    except OSError:
        return False
    return True


def _accepts(address: str, port: int) -> bool:
    try:
        with socket.create_connection((address, port), timeout=_SECONDS):
            return True
    except OSError:
        return False


__all__ = ["Answer", "Listener", "Tenant", "find_listener"]
