"""The endpoints under `/invocations`. They read the wire, ask the host and answer; the rules are in
`inbound`, the shapes in `outbound`.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Mapping
from contextlib import asynccontextmanager
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from agent_host.protocols.host_context import HostContext, RunView
from agent_host.types import Caller, ChannelRequest, FilePart, JournalEntry, Run
from agent_host.wire.body import read_body
from agent_host.wire.disconnect import DisconnectWatch
from agent_host.wire.reply import JsonReply
from agent_host.wire.sse import EventStreamResponse, FrameSource
from agent_host_rest.config import RestConfig
from agent_host_rest.inbound import to_answer, to_request
from agent_host_rest.outbound import (
    ACCEPTED,
    CLIENT_LEFT,
    NO_CONTENT,
    OK,
    SETTLED,
    UNSUPPORTED_MEDIA_TYPE,
    error_frame,
    from_accepted,
    from_page,
    from_result,
    from_waited,
    run_headers,
    run_path,
    to_frame,
)
from agent_host_rest.upload import read_upload
from agent_host_rest.wish import (
    PAGE_DEFAULT,
    PAGE_LIMIT,
    Wishes,
    to_after,
    to_limit,
    to_wishes,
)

_JSON: Final = b"application/json"
_SHOWN: Final = 64
_PREFERENCE_APPLIED: Final = (b"preference-applied", b"respond-async")


class InvocationEndpoints:
    """One method per operation."""

    def __init__(self, context: HostContext, config: RestConfig) -> None:
        self._context = context
        self._config = config
        self._invoke = Caller(channel=config.name, operation="invoke")
        self._list = Caller(channel=config.name, operation="list_runs")
        self._get = Caller(channel=config.name, operation="get_run")
        self._events = Caller(channel=config.name, operation="follow_run")
        self._cancel = Caller(channel=config.name, operation="cancel_run")
        self._answer = Caller(channel=config.name, operation="answer_run")

    async def collection(self, request: Request) -> Response:
        """Create or list, by the method."""
        return await (self.create if request.method == "POST" else self.list)(request)

    async def create(self, request: Request) -> Response:
        """Run a turn: wait for it, follow it, or leave it to itself."""
        headers = dict(request.scope["headers"])
        kind = _media_type(headers)
        wishes = to_wishes(headers)
        files: tuple[FilePart, ...] = ()
        if kind == _JSON:
            body = await read_body(request.receive)
        elif kind == b"multipart/form-data":
            body, files = await read_upload(request, config=self._config)
        else:
            raise _unsupported(kind)
        turn = to_request(body, wishes, caller=self._invoke, config=self._config, files=files)
        if turn.stream:
            return EventStreamResponse(self._started(request, turn), pace=self._config)
        if turn.background:
            hosted = await self._context.start(turn)
            return self._accepted(request, hosted.run, wishes, replayed=hosted.replayed)
        if not self._context.cancels_on_disconnect:
            return await self._waited(request, turn, wishes)
        return await self._watched(request, self._waited(request, turn, wishes))

    async def list(self, request: Request) -> Response:
        """The caller's runs, newest first."""
        query = request.query_params
        limit = to_limit(query, default=PAGE_DEFAULT, most=PAGE_LIMIT)
        view = await self._context.runs(self._list)
        return JsonReply(from_page(await view.list(cursor=query.get("cursor"), limit=limit)))

    async def show(self, request: Request) -> Response:
        """One run as it stands."""
        view = await self._context.runs(self._get)
        hosted = await view.get(_run_id(request))
        return JsonReply(from_result(hosted), headers=run_headers(hosted.run))

    async def events(self, request: Request) -> Response:
        """What happened in a run, and what happens from now on.

        A stream that has nothing to say any more is 204, which tells a browser's `EventSource` to
        stop reconnecting.
        """
        after = to_after(request.query_params, to_wishes(dict(request.scope["headers"])))
        view = await self._context.runs(self._events)
        run = (await view.get(_run_id(request))).run
        entries = view.events(run.id, after=after)
        if run.status in SETTLED:
            first = await anext(entries, None)
            if first is None:
                return Response(status_code=NO_CONTENT)
            entries = _rejoined(first, entries)
        return EventStreamResponse(self._followed(request, run, entries), pace=self._config)

    async def cancel(self, request: Request) -> Response:
        """Ask a run to stop: 200 if it has, 202 if it is about to."""
        view = await self._context.runs(self._cancel)
        run = await view.cancel(_run_id(request))
        hosted = await view.get(run.id)
        status = OK if hosted.run.status.is_terminal else ACCEPTED
        return JsonReply(from_result(hosted), status=status, headers=run_headers(hosted.run))

    async def answer(self, request: Request) -> Response:
        """Answer what a run asks, then wait for it, follow it, or leave it to itself."""
        headers = dict(request.scope["headers"])
        kind = _media_type(headers)
        if kind != _JSON:
            raise _unsupported(kind)
        wishes = to_wishes(headers)
        after = to_after(request.query_params, wishes)
        answer = to_answer(await read_body(request.receive), wishes, config=self._config)
        view = await self._context.runs(self._answer)
        run_id = _run_id(request)
        values = answer.values
        if values is None:
            values = answer.by_question((await view.get(run_id)).run.questions)
        run = await view.answer(run_id, values)
        if answer.background:
            return self._accepted(request, run, wishes)
        if answer.stream:
            source = self._followed(request, run, view.events(run.id, after=after))
            return EventStreamResponse(source, pace=self._config)
        if not self._context.cancels_on_disconnect:
            return await self._settled(view, run)
        return await self._watched(request, self._settled(view, run))

    async def _watched(self, request: Request, work: Awaitable[Response]) -> Response:
        """Wait for `work`, which is given up if the caller leaves."""
        async with DisconnectWatch(request.receive):
            return await work
        return Response(status_code=CLIENT_LEFT)

    async def _waited(self, request: Request, turn: ChannelRequest, wishes: Wishes) -> Response:
        hosted = await self._context.run(turn)
        if hosted.is_elsewhere:
            return self._accepted(request, hosted.run, wishes, replayed=hosted.replayed)
        headers = run_headers(hosted.run, replayed=hosted.replayed)
        return JsonReply(from_waited(hosted), headers=headers)

    async def _settled(self, view: RunView, run: Run) -> Response:
        async for _ in view.events(run.id):
            pass
        hosted = await view.get(run.id)
        return JsonReply(from_waited(hosted), headers=run_headers(hosted.run))

    def _accepted(
        self, request: Request, run: Run, wishes: Wishes, *, replayed: bool = False
    ) -> Response:
        base = self._base_path(request)
        headers = [_location(run, base), *run_headers(run, replayed=replayed)]
        if wishes.background:
            headers.append(_PREFERENCE_APPLIED)
        return JsonReply(from_accepted(run, path_prefix=base), status=ACCEPTED, headers=headers)

    @asynccontextmanager
    async def _started(self, request: Request, turn: ChannelRequest) -> AsyncGenerator[FrameSource]:
        async with self._context.stream(turn) as stream:
            headers = run_headers(stream.run, replayed=stream.replayed)
            headers.append(_location(stream.run, self._base_path(request)))
            async with _framed(aiter(stream)) as frames:
                yield FrameSource(headers=headers, frames=frames, fail=error_frame)

    @asynccontextmanager
    async def _followed(
        self, request: Request, run: Run, entries: AsyncIterator[JournalEntry]
    ) -> AsyncGenerator[FrameSource]:
        async with _framed(entries) as frames:
            headers = [*run_headers(run), _location(run, self._base_path(request))]
            yield FrameSource(headers=headers, frames=frames, fail=error_frame)

    def _base_path(self, request: Request) -> str:
        root: str = request.scope.get("root_path", "")
        return root + self._config.path_prefix


@asynccontextmanager
async def _framed(entries: AsyncIterator[JournalEntry]) -> AsyncGenerator[AsyncIterator[bytes]]:
    frames = (to_frame(entry) async for entry in entries)
    try:
        yield frames
    finally:
        await frames.aclose()
        await _close(entries)


async def _rejoined(
    first: JournalEntry, rest: AsyncIterator[JournalEntry]
) -> AsyncIterator[JournalEntry]:
    try:
        yield first
        async for entry in rest:
            yield entry
    finally:
        await _close(rest)


async def _close(entries: AsyncIterator[JournalEntry]) -> None:
    if isinstance(entries, AsyncGenerator):
        await entries.aclose()


def _run_id(request: Request) -> str:
    run_id: str = request.path_params["run_id"]
    return run_id


def _location(run: Run, base: str) -> tuple[bytes, bytes]:
    return b"location", run_path(run.id, path_prefix=base).encode()


def _media_type(headers: Mapping[bytes, bytes]) -> bytes:
    """The body's media type; JSON where none is given, or one with the suffix `+json`."""
    kind = headers.get(b"content-type", _JSON)
    if kind == _JSON:
        return kind
    kind = kind.partition(b";")[0].strip().lower()
    return _JSON if kind.startswith(b"application/") and kind.endswith(b"+json") else kind


def _unsupported(kind: bytes) -> HTTPException:
    shown = kind.decode("latin-1")[:_SHOWN]
    text = (
        f"The body cannot be {shown!r}; send application/json, or multipart/form-data with files."
    )
    return HTTPException(status_code=UNSUPPORTED_MEDIA_TYPE, detail=text)


__all__ = ["InvocationEndpoints"]
