"""HTTP with an agent elsewhere: no redirects, limits on size and silence, and proofs for its own
origins only.
"""

import math
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import orjson

from agent_host.agents.remote_a2a.event_stream import EventStreamParser
from agent_host.agents.remote_a2a.failure import silent, unreachable, unreadable
from agent_host.agents.remote_a2a.option import RemoteA2AOptions
from agent_host.agents.remote_a2a.origin import origin_of
from agent_host.errors import MissingExtraError, TargetError

try:
    import httpx
except ImportError as error:
    raise MissingExtraError("a2a", "Calling another agent") from error

EVENT_STREAM: Final = "text/event-stream"
_OK: Final = range(200, 300)
_LONGEST_WAIT: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A whole answer."""

    status: int
    headers: httpx.Headers
    body: bytes

    @property
    def is_ok(self) -> bool:
        """Whether the status says success."""
        return self.status in _OK

    def json(self) -> Any:  # noqa: ANN401 - JSON of somebody else, looked at member by member
        """The body's value.

        Raises:
            RemoteError: it is no JSON.
        """
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError:
            raise unreadable("what is no JSON") from None

    @property
    def retry_after(self) -> timedelta | None:
        """The header's seconds; a date is passed over."""
        text = self.headers.get("retry-after", "")
        try:
            seconds = float(text)
        except ValueError:
            return None
        if not math.isfinite(seconds) or seconds < 0:
            return None
        return timedelta(seconds=min(seconds, _LONGEST_WAIT.total_seconds()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request. `body` is JSON's value, None for none."""

    method: str
    url: str
    body: object = None
    headers: Mapping[str, str]


class Exchange:
    """Calls for one agent, whose URL is `url`."""

    def __init__(self, client: httpx.AsyncClient, url: str, options: RemoteA2AOptions) -> None:
        self._client = client
        self._options = options
        self._origins = frozenset(origin_of(one) for one in (url, *options.origins)) - {None}

    @staticmethod
    def client(options: RemoteA2AOptions) -> httpx.AsyncClient:
        """A client with the limits of the options, to be closed by whoever asked for it."""
        idle = options.idle_time_limit.total_seconds()
        connect = options.connect_time_limit.total_seconds()
        return httpx.AsyncClient(
            follow_redirects=False, timeout=httpx.Timeout(idle, connect=connect)
        )

    def is_trusted(self, url: str) -> bool:
        """Whether it is at one of the agent's origins."""
        return origin_of(url) in self._origins

    async def ask(self, call: Call) -> Reply:
        """The whole answer, whatever its status.

        Raises:
            RemoteError: none came, or it is too large.
        """
        async with self._sent(call) as response:
            return await self._whole(response)

    @asynccontextmanager
    async def follow(self, call: Call) -> AsyncGenerator[AsyncGenerator[bytes] | Reply]:
        """The data of each event of a stream; or the whole answer, if it is none.

        Raises:
            RemoteError: no answer came; or from the stream, which broke off.
        """
        async with self._sent(call) as response:
            kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
            if response.status_code not in _OK or kind != EVENT_STREAM:
                yield await self._whole(response)
                return
            events = self._events(response)
            try:
                yield events
            finally:
                await events.aclose()

    @asynccontextmanager
    async def _sent(self, call: Call) -> AsyncGenerator[httpx.Response]:
        if not self.is_trusted(call.url):
            raise TargetError("The remote agent leads to a place that is not its own.")
        # Nothing packed: what a few bytes unfold to has no limit.
        headers = {**self._options.proof(), **call.headers, "Accept-Encoding": "identity"}
        content = b"" if call.body is None else orjson.dumps(call.body)
        request = self._client.build_request(
            call.method, call.url, content=content, headers=headers
        )
        try:
            response = await self._client.send(request, stream=True)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout):
            raise unreachable(may_have_arrived=False) from None
        except httpx.TimeoutException:
            raise silent() from None
        except httpx.HTTPError:
            raise unreachable(may_have_arrived=True) from None
        try:
            yield response
        finally:
            await response.aclose()

    async def _whole(self, response: httpx.Response) -> Reply:
        limit = self._options.response_limit_bytes
        pieces: list[bytes] = []
        size = 0
        async with aclosing(_bytes_of(response)) as body:
            async for piece in body:
                size += len(piece)
                if size > limit:
                    raise unreadable(f"more than {limit} bytes")
                pieces.append(piece)
        return Reply(status=response.status_code, headers=response.headers, body=b"".join(pieces))

    async def _events(self, response: httpx.Response) -> AsyncGenerator[bytes]:
        parser = EventStreamParser(self._options.response_limit_bytes)
        async with aclosing(_bytes_of(response)) as body:
            async for piece in body:
                try:
                    for data in parser.feed(piece):
                        yield data
                except ValueError as error:
                    raise unreadable(f"too much: {error}") from None


async def _bytes_of(response: httpx.Response) -> AsyncGenerator[bytes]:
    """The body; what httpx raises on the way is ours behind it."""
    if response.headers.get("content-encoding", "identity") != "identity":
        raise unreadable("packed content, which it was not asked for")
    try:
        async for piece in response.aiter_raw():
            yield piece
    except httpx.TimeoutException:
        raise silent() from None
    except (httpx.HTTPError, httpx.StreamError):
        raise unreachable(may_have_arrived=True) from None


__all__ = ["EVENT_STREAM", "Call", "Exchange", "Reply"]
