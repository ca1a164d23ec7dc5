"""One request over one connection, to addresses that are given: nothing is resolved here.

The only file that loads the HTTP client. httpcore rather than httpx: it follows no redirect, takes
no proxy from the environment, keeps no cookies and unpacks nothing.
"""

import asyncio
import ssl
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, cast

import certifi
import httpcore

from agent_host.errors import OutboundError
from agent_host.outbound.place import Destination, Place
from agent_host.types.outbound import OutboundAnswer, OutboundRequest

HEADERS_LIMIT_BYTES: Final = 32 * 1024
_ADDRESSES_TRIED: Final = 3
_CONNECT_SECONDS: Final = 5.0
_WRITING: Final = "http11.send_request_headers.started"


class PinnedBackend(httpcore.AsyncNetworkBackend):
    """Connects to the addresses and to no others, whatever host is asked for."""

    def __init__(self, addresses: Sequence[str]) -> None:
        self._addresses = addresses
        # Its type is not known where anyio might be missing; Starlette brings it.
        self._network = cast("httpcore.AsyncNetworkBackend", httpcore.AnyIOBackend())

    async def connect_tcp(
        self,
        host: str,  # noqa: ARG002 - the addresses stand for it
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's own signature
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """The first of them that answers."""
        failed: Exception | None = None
        for address in self._addresses[:_ADDRESSES_TRIED]:
            try:
                return await self._network.connect_tcp(
                    address, port, timeout, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failed = error
        raise failed or httpcore.ConnectError


@dataclass(slots=True)
class _Sending:
    """Whether the other side may have seen any of it."""

    began: bool = False

    async def note(self, event: str, _: Mapping[str, Any]) -> None:
        """Take in what httpcore does next."""
        self.began = self.began or event == _WRITING


@dataclass(slots=True)
class _Body:
    limit: int
    chunks: list[bytes] = field(default_factory=list[bytes])
    length: int = 0

    def add(self, chunk: bytes) -> bool:
        """Keep what there is room for; whether there may be more."""
        self.chunks.append(chunk[: self.limit - self.length])
        self.length += len(chunk)
        return self.length <= self.limit


class Wire:
    """Sends. `trust` is made once, since reading the authorities takes a while."""

    def __init__(self, trust: ssl.SSLContext) -> None:
        self._trust = trust

    async def send(
        self,
        request: OutboundRequest,
        destination: Destination,
        addresses: Sequence[str],
        *,
        seconds: float,
    ) -> OutboundAnswer:
        """Send, and read as much as is wanted, within `seconds` for all of it.

        Raises:
            OutboundError: no answer came, or none that is HTTP within bounds.
        """
        sending = _Sending()
        connection = httpcore.AsyncHTTPConnection(
            _origin(destination.place),
            ssl_context=self._trust,
            network_backend=PinnedBackend(addresses),
        )
        try:
            async with asyncio.timeout(seconds):
                response = await connection.handle_async_request(
                    _request(request, destination, sending)
                )
                return await _read(response, request.answer_limit_bytes)
        except (TimeoutError, httpcore.TimeoutException):
            raise OutboundError("No answer in time.", was_sent=sending.began) from None
        except OutboundError:
            raise
        except Exception as error:
            # What the other side says can break a client in many ways; each is no answer.
            text = f"No answer: {type(error).__name__}."
            raise OutboundError(text, was_sent=sending.began) from error
        finally:
            await connection.aclose()


def create_trust(ca_file: Path | None) -> ssl.SSLContext:
    """The authorities that certificates are held against. It reads files."""
    trust = ssl.create_default_context(cafile=certifi.where())
    if ca_file is not None:
        trust.load_verify_locations(ca_file)
    return trust


def _origin(place: Place) -> httpcore.Origin:
    return httpcore.Origin(place.scheme.encode(), place.host.encode(), place.port)


def _request(
    request: OutboundRequest, destination: Destination, sending: _Sending
) -> httpcore.Request:
    origin = _origin(destination.place)
    url = httpcore.URL(
        scheme=origin.scheme,
        host=origin.host,
        port=origin.port,
        target=destination.target.encode("ascii"),
    )
    return httpcore.Request(
        request.method,
        url,
        headers=_headers(request, destination.place.authority),
        content=request.body,
        extensions={"timeout": {"connect": _CONNECT_SECONDS}, "trace": sending.note},
    )


def _headers(request: OutboundRequest, authority: str) -> list[tuple[str, str]]:
    own = {
        "host": authority,
        "connection": "close",
        "accept-encoding": "identity",  # a small body stays small
        "content-length": str(len(request.body)),
    }
    return [*own.items(), *request.headers.items()]


async def _read(response: httpcore.Response, limit: int) -> OutboundAnswer:
    size = sum(len(name) + len(value) for name, value in response.headers)
    if size > HEADERS_LIMIT_BYTES:
        raise OutboundError("The answer's headers are too large.", was_sent=True)
    headers: dict[str, str] = {}
    for name, value in response.headers:
        headers.setdefault(name.decode("latin-1").lower(), value.decode("latin-1"))
    body = _Body(limit)
    try:
        async for chunk in response.aiter_stream():
            if not body.add(chunk):
                break
    finally:
        await response.aclose()
    return OutboundAnswer(
        status=response.status,
        headers=headers,
        body=b"".join(body.chunks),
        is_cut=body.length > limit,
    )


__all__ = ["HEADERS_LIMIT_BYTES", "PinnedBackend", "Wire", "create_trust"]
