"""Asks a host's admin routes. Blocking, over one connection for each question, by no proxy."""

import json
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Any, Final, cast
from urllib.parse import quote, urlencode, urlsplit

from agent_host.errors import ConfigurationError, HostError
from agent_host.types.json import JsonObject

_SECONDS: Final = 60
_LONG_SECONDS: Final = 3600
_LIMIT_BYTES: Final = 64 * 1024 * 1024


class OperatorRefusedError(HostError):
    """The host was reached and said no. The text is what it said."""

    code = "operator_refused"


class OperatorClient:
    """One host, by its URL, and the credential that opens it.

    Raises:
        ConfigurationError: the URL is none; from `ask`, the host cannot be reached.
    """

    def __init__(self, url: str, credential: str) -> None:
        try:
            parts = urlsplit(url)
            self._port = parts.port
        except ValueError:
            parts, self._port = urlsplit(""), None
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ConfigurationError(f"--url: expected http://host:port or https://host: {url!r}")
        self._url = url
        self._kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        self._host = parts.hostname
        self._path = parts.path.rstrip("/")
        self._credential = credential

    def ask(
        self,
        method: str,
        *steps: str,
        parameters: Mapping[str, object] | None = None,
        is_long: bool = False,
    ) -> JsonObject:
        """What the host answers at `/admin/STEP/...`. `is_long` is for what may take minutes.

        Raises:
            OperatorRefusedError: it said no.
        """
        connection = self._connection(is_long=is_long)
        with self._answered(connection, method, steps, parameters) as response:
            payload = response.read(_LIMIT_BYTES)
        if response.status == HTTPStatus.NO_CONTENT:
            return {}
        found = _read(payload)
        if response.status == HTTPStatus.OK and found is not None:
            return found
        raise OperatorRefusedError(self._refusal(response.status, found))

    def lines(
        self, *steps: str, parameters: Mapping[str, object] | None = None
    ) -> Generator[bytes]:
        """The lines of a long answer, as they come. One that breaks off ends like any other: what
        is in the lines has to say whether it is whole.

        Raises:
            OperatorRefusedError: the host said no.
        """
        connection = self._connection(is_long=True)
        with self._answered(connection, "GET", steps, parameters) as response:
            if response.status != HTTPStatus.OK:
                found = _read(response.read(_LIMIT_BYTES))
                raise OperatorRefusedError(self._refusal(response.status, found))
            yield from response

    def _connection(self, *, is_long: bool) -> HTTPConnection:
        seconds = _LONG_SECONDS if is_long else _SECONDS
        return self._kind(self._host, self._port, timeout=seconds)

    @contextmanager
    def _answered(
        self,
        connection: HTTPConnection,
        method: str,
        steps: Sequence[str],
        parameters: Mapping[str, object] | None,
    ) -> Generator[HTTPResponse]:
        path = "/".join((f"{self._path}/admin", *(quote(step, safe="") for step in steps)))
        given = {name: value for name, value in (parameters or {}).items() if value is not None}
        headers = {
            "accept": "application/json, application/jsonl",
            "authorization": f"Bearer {self._credential}",
            "content-length": "0",
        }
        try:
            connection.request(
                method, f"{path}?{urlencode(given)}" if given else path, headers=headers
            )
            yield connection.getresponse()
        except (OSError, HTTPException, UnicodeError) as error:
            said = getattr(error, "strerror", None) or type(error).__name__
            message = f"The host at {self._url} does not answer: {said}."
            raise ConfigurationError(message) from error
        finally:
            connection.close()

    def _refusal(self, status: int, found: JsonObject | None) -> str:
        if found is None or "code" not in found:
            return f"What answers at {self._url} is no agent-host: status {status}."
        if status == HTTPStatus.UNAUTHORIZED:
            return (
                f"The host at {self._url} does not know this key. A host that has just started "
                "makes a new one for its folder: try again."
            )
        if found["code"] == "insufficient_scope":
            return "This key may not operate the host: it takes one with the scope admin."
        return str(found.get("detail", found["code"]))


def _read(payload: bytes) -> JsonObject | None:
    try:
        found: Any = json.loads(payload)
    except ValueError:
        return None
    return cast("JsonObject", found) if isinstance(found, dict) else None


__all__ = ["OperatorClient", "OperatorRefusedError"]
