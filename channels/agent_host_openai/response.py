"""The endpoints under `/responses`. They read the wire, ask the host and answer; the rules are in
`inbound` and `continuation`, the shapes in `outbound` and `narration`.
"""

from collections.abc import AsyncGenerator, Awaitable
from contextlib import asynccontextmanager, suppress

from starlette.requests import Request
from starlette.responses import Response

from agent_host.errors import HostError, NotCancellableError, NotFoundError
from agent_host.protocols.host_context import HostContext
from agent_host.types import Caller, ChannelRequest, Run, RunStatus
from agent_host.wire.body import read_body
from agent_host.wire.disconnect import DisconnectWatch
from agent_host.wire.header import RawHeaders
from agent_host.wire.json_text import json_bytes
from agent_host.wire.reply import JsonReply
from agent_host.wire.sse import EventStreamResponse, FrameSource
from agent_host_openai.config import OpenAIConfig
from agent_host_openai.continuation import Answering, Continuation, Repeating, Turning
from agent_host_openai.conversation_record import ConversationShelf
from agent_host_openai.header import to_flag, to_idempotency_key, to_page, to_starting_after
from agent_host_openai.history import items_of_messages, turn_start
from agent_host_openai.identifier import response_id
from agent_host_openai.inbound import ResponseCall, to_call, to_request
from agent_host_openai.model import ModelCatalogue
from agent_host_openai.narration import Narration
from agent_host_openai.outbound import (
    CLIENT_LEFT,
    OK,
    echo_of,
    error_fields,
    frame,
    from_result,
    raise_failure,
    seconds,
)
from agent_host_openai.paging import page_of
from agent_host_openai.problem import invalid
from agent_host_openai.question import Fields
from agent_host_openai.stored import CREATE, ResponseShelf, StoredResponse, told
from agent_host_openai.transcript import read_back
from agent_host_openai.wire import header_of


class ResponseEndpoints:
    """One method per operation."""

    def __init__(
        self,
        context: HostContext,
        config: OpenAIConfig,
        *,
        models: ModelCatalogue,
        shelf: ResponseShelf,
        conversations: ConversationShelf,
    ) -> None:
        self._context = context
        self._config = config
        self._models = models
        self._shelf = shelf
        self._conversations = conversations
        self._label = context.target.name
        self._create = Caller(channel=config.name, operation=CREATE)
        self._get = Caller(channel=config.name, operation="get_response")
        self._cancel = Caller(channel=config.name, operation="cancel_response")
        self._delete = Caller(channel=config.name, operation="delete_response")
        self._continuation = Continuation(
            context, caller=self._create, shelf=shelf, conversations=conversations
        )

    async def create(self, request: Request) -> Response:
        """Run a turn, or go on with one that waits for the caller."""
        body = await read_body(request.receive)
        call = to_call(body, models=self._models, config=self._config)
        key = to_idempotency_key(header_of(request, b"idempotency-key"))
        if call.is_plain:
            turn = to_request(call, caller=self._create, idempotency_key=key)
            return await self._turn(request, turn)
        plan = await self._continuation.plan(call, key)
        match plan:
            case Turning():
                answer = await self._turn(request, plan.request)
                if plan.conversation is not None:
                    await self._conversations.consume(self._create, plan.conversation)
                return answer
            case Answering():
                found = await self._answer(call, plan)
                if key is not None:
                    await self._continuation.remember(key, {"response": found.id})
            case Repeating():
                found = plan.found
        return await self._gone_on(request, call, found)

    async def one(self, request: Request) -> Response:
        """Show or delete, by the method."""
        wanted = _id(request)
        if request.method == "DELETE":
            found = await self._shelf.find(self._delete, wanted)
            await self._shelf.delete(self._delete, found)
            return _reply({"id": wanted, "object": "response", "deleted": True})
        streams = to_flag(request.query_params, "stream")
        after = to_starting_after(request.query_params)
        found = await self._shelf.find(self._get, wanted)
        if streams:
            return self._followed(found, after=after)
        return _reply(await self._shelf.fields(found), run=found.run)

    async def cancel(self, request: Request) -> Response:
        """Ask a background response to stop. One that is over is answered as it is."""
        found = await self._shelf.find(self._cancel, _id(request))
        if not echo_of(found.run).get("background"):
            raise invalid("response_id", "Cannot cancel a synchronous response")
        if found.is_last:
            with suppress(NotCancellableError):
                await found.view.cancel(found.run.id)
        found = await self._shelf.find(self._cancel, _id(request))
        return _reply(await self._shelf.fields(found), run=found.run)

    async def input_items(self, request: Request) -> Response:
        """What the response was made from: the conversation before it, and its own input."""
        page = to_page(request.query_params)
        found = await self._shelf.find(self._get, _id(request))
        return _reply(page_of(await self._input_of(found), page))

    async def _turn(self, request: Request, turn: ChannelRequest) -> Response:
        if turn.background:
            hosted = await self._context.start(turn)
            found = await self._shelf.find(self._create, response_id(hosted.run.id))
            if echo_of(found.run).get("stream"):
                return self._followed(found)
            return _reply(self._shelf.begun(found), run=found.run, replayed=hosted.replayed)
        if turn.stream:
            return EventStreamResponse(self._started(turn), pace=self._config)
        if not self._context.cancels_on_disconnect:
            return await self._waited(turn)
        return await self._watched(request, self._waited(turn))

    async def _waited(self, turn: ChannelRequest) -> Response:
        hosted = await self._context.run(turn)
        run = hosted.run
        if run.status is RunStatus.INPUT_REQUIRED:
            view = await self._context.runs(self._create)
            found = StoredResponse(view=view, hosted=hosted, stretch=0)
            return _reply(await self._shelf.fields(found), run=run, replayed=hosted.replayed)
        raise_failure(run)
        if hosted.replayed and echo_of(run).get("store") is not False:
            # It may have gone on since: its first response is no longer all of it.
            found = await self._shelf.find(self._create, response_id(run.id))
            return _reply(await self._shelf.fields(found), run=run, replayed=True)
        fields = from_result(hosted, model=self._models.default, server_label=self._label)
        return _reply(fields, run=run, replayed=hosted.replayed)

    async def _watched(self, request: Request, work: Awaitable[Response]) -> Response:
        """Wait for `work`, which is given up if the caller leaves."""
        async with DisconnectWatch(request.receive):
            return await work
        return Response(status_code=CLIENT_LEFT)

    async def _answer(self, call: ResponseCall, plan: Answering) -> StoredResponse:
        await plan.found.view.answer(plan.found.run.id, plan.values)
        said = {
            "created_at": seconds(self._context.clock.now()),
            "echo": {
                **call.echo,
                **({"background": True} if call.background else {}),
                **({"store": False} if not call.store else {}),
            },
            "metadata": call.metadata,
        }
        return await self._shelf.go_on(self._create, plan.found, said)

    async def _gone_on(
        self, request: Request, call: ResponseCall, found: StoredResponse
    ) -> Response:
        if call.stream:
            return self._followed(found)
        if call.background:
            return _reply(self._shelf.begun(found), run=found.run)
        if not self._context.cancels_on_disconnect:
            return await self._settled(found)
        return await self._watched(request, self._settled(found))

    async def _settled(self, found: StoredResponse) -> Response:
        narration = self._shelf.narration(found)
        async for _ in told(narration, found.view.events(found.run.id)):
            pass
        hosted = await found.view.get(found.run.id)
        if found.is_last:
            raise_failure(hosted.run)
        return _reply(narration.response, run=hosted.run)

    def _followed(self, found: StoredResponse, *, after: int = -1) -> Response:
        @asynccontextmanager
        async def source() -> AsyncGenerator[FrameSource]:
            narration = self._shelf.narration(found)
            frames = told(narration, found.view.events(found.run.id), after=after)
            try:
                yield _source(found.run, narration, frames)
            finally:
                await frames.aclose()

        return EventStreamResponse(source(), pace=self._config)

    @asynccontextmanager
    async def _started(self, turn: ChannelRequest) -> AsyncGenerator[FrameSource]:
        async with self._context.stream(turn) as stream:
            run = stream.run
            narration = self._shelf.first_narration(run)
            frames = told(narration, aiter(stream))
            try:
                yield _source(run, narration, frames, replayed=stream.replayed)
            finally:
                await frames.aclose()

    async def _input_of(self, found: StoredResponse) -> list[Fields]:
        run = found.run
        if run.session_id is None:
            return []
        sessions = await self._context.sessions(self._get)
        try:
            history = await read_back(sessions, run.session_id)
        except NotFoundError:
            return []
        echo = echo_of(run)
        mark = echo.get("mark")
        start = turn_start(history.messages, mark)
        if start is None or (mark is None and history.earlier):
            return []  # nothing of it was kept, or too much was said since
        messages = history.messages[: start + int(echo.get("inputs", 1))]
        return items_of_messages(messages, server_label=self._label)


def _source(
    run: Run, narration: Narration, frames: AsyncGenerator[bytes], *, replayed: bool = False
) -> FrameSource:
    def say(error: HostError) -> bytes:
        said = error_fields(error)
        fields = {name: said[name] for name in ("code", "message", "param")}
        return frame("error", {**fields, "sequence_number": narration.sequence})

    return FrameSource(headers=_run_headers(run, replayed=replayed), frames=frames, fail=say)


def _run_headers(run: Run, *, replayed: bool = False) -> RawHeaders:
    headers: RawHeaders = [(b"x-request-id", run.id.encode())]
    if replayed:
        headers.append((b"idempotent-replayed", b"true"))
    return headers


def _reply(fields: Fields, *, run: Run | None = None, replayed: bool = False) -> Response:
    headers = None if run is None else _run_headers(run, replayed=replayed)
    return JsonReply(json_bytes(fields), status=OK, headers=headers)


def _id(request: Request) -> str:
    wanted: str = request.path_params["response_id"]
    return wanted


__all__ = ["ResponseEndpoints"]
