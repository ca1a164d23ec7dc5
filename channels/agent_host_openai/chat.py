"""The endpoint `/chat/completions`."""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable
from contextlib import aclosing, asynccontextmanager

from starlette.requests import Request
from starlette.responses import Response

from agent_host.errors import HostError, NotFoundError
from agent_host.protocols.host_context import HostContext, RunView
from agent_host.types import Caller, HostedResult, JournalEntry, Run, RunResult, RunStatus
from agent_host.wire.body import read_body
from agent_host.wire.disconnect import DisconnectWatch
from agent_host.wire.header import RawHeaders
from agent_host.wire.json_text import json_bytes
from agent_host.wire.reply import JsonReply
from agent_host.wire.sse import EventStreamResponse, FrameSource
from agent_host_openai import open_webui
from agent_host_openai.chat_inbound import ChatCall, to_chat_call
from agent_host_openai.chat_outbound import DONE, Chat, error_frame
from agent_host_openai.config import OpenAIConfig
from agent_host_openai.header import to_idempotency_key
from agent_host_openai.model import ModelCatalogue
from agent_host_openai.outbound import CLIENT_LEFT, seconds
from agent_host_openai.problem import answered_elsewhere
from agent_host_openai.question import fits, run_asked_by, to_answers
from agent_host_openai.wire import header_of

OPERATION = "create_chat_completion"


class ChatEndpoints:
    """One method per operation."""

    def __init__(
        self, context: HostContext, config: OpenAIConfig, *, models: ModelCatalogue
    ) -> None:
        self._context = context
        self._config = config
        self._models = models
        self._caller = Caller(channel=config.name, operation=OPERATION)

    async def create(self, request: Request) -> Response:
        """Run a turn, or go on with the one whose calls the caller has made."""
        call = to_chat_call(
            await read_body(request.receive), models=self._models, config=self._config
        )
        task = open_webui.task_answer(header_of(request, open_webui.HEADER), call.given)
        if task is not None:
            return await self._task(call, task)
        waiting = await self._waiting(call)
        if waiting is not None:
            return await self._go_on(request, call, waiting)
        key = to_idempotency_key(header_of(request, b"idempotency-key"))
        turn = call.to_request(caller=self._caller, idempotency_key=key)
        if call.stream:

            @asynccontextmanager
            async def started() -> AsyncGenerator[FrameSource]:
                async with self._context.stream(turn) as stream:
                    frames = self._chunks(call, stream.run, aiter(stream))
                    async with aclosing(frames):
                        yield _source(stream.run, frames, replayed=stream.replayed)

            return EventStreamResponse(started(), pace=self._config)

        async def waited() -> Response:
            hosted = await self._context.run(turn)
            if hosted.is_elsewhere:
                raise answered_elsewhere()
            return await self._completion(call, hosted)

        return await self._watched(request, waited())

    async def _completion(self, call: ChatCall, hosted: HostedResult) -> Response:
        run = hosted.run
        chat = self._chat(call, run)
        if run.status is RunStatus.COMPLETED:
            chat.complete(hosted.result or RunResult())
        else:
            view = await self._context.runs(self._caller)
            await self._tell(chat, view.events(run.id))
            await self._mind_vain_question(chat, run)
        return _reply(chat, run, replayed=hosted.replayed)

    async def _waiting(self, call: ChatCall) -> HostedResult | None:
        """The run that waits for what the caller sent, if there is one."""
        run_id = run_asked_by(call.given.tail) if call.given.tail else None
        if run_id is None:
            return None
        try:
            hosted = await (await self._context.runs(self._caller)).get(run_id)
        except NotFoundError:
            return None
        run = hosted.run
        is_ours = run.channel == self._caller.channel and run.operation == OPERATION
        waits = run.status is RunStatus.INPUT_REQUIRED and fits(run.questions, call.given.tail)
        return hosted if is_ours and waits else None

    async def _go_on(self, request: Request, call: ChatCall, hosted: HostedResult) -> Response:
        run = hosted.run
        view = await self._context.runs(self._caller)
        values = to_answers(run.id, run.questions, call.given)
        asked_at = await _last_sequence(view, run)
        await view.answer(run.id, values)
        if call.stream:

            @asynccontextmanager
            async def followed() -> AsyncGenerator[FrameSource]:
                frames = self._chunks(call, run, view.events(run.id, after=asked_at))
                async with aclosing(frames):
                    yield _source(run, frames)

            return EventStreamResponse(followed(), pace=self._config)

        async def settled() -> Response:
            chat = self._chat(call, run)
            await self._tell(chat, view.events(run.id, after=asked_at))
            await self._mind_vain_question(chat, run)
            return _reply(chat, run)

        return await self._watched(request, settled())

    async def _task(self, call: ChatCall, text: str) -> Response:
        await self._context.runs(self._caller)  # whoever may not call is told so here too
        now = self._context.clock.now()
        chat = Chat(self._context.ids.new("task_"), model=call.model, created=seconds(now))
        chat.complete(RunResult.of_text(text))
        if not call.stream:
            return JsonReply(json_bytes(chat.completion()))

        async def frames() -> AsyncGenerator[bytes]:
            yield chat.chunk({"role": "assistant", "content": text}, usage=call.wants_usage)
            yield _end(chat, call)

        @asynccontextmanager
        async def source() -> AsyncGenerator[FrameSource]:
            yield FrameSource(headers=[], frames=frames(), fail=error_frame)

        return EventStreamResponse(source(), pace=self._config)

    async def _watched(self, request: Request, work: Awaitable[Response]) -> Response:
        if not self._context.cancels_on_disconnect:
            return await work
        async with DisconnectWatch(request.receive):
            return await work
        return Response(status_code=CLIENT_LEFT)

    async def _chunks(
        self, call: ChatCall, run: Run, entries: AsyncIterator[JournalEntry]
    ) -> AsyncGenerator[bytes]:
        chat = self._chat(call, run)
        usage = call.wants_usage
        try:
            yield chat.chunk({"role": "assistant", "content": "", "refusal": None}, usage=usage)
            async for entry in entries:
                for delta in chat.tell(entry):
                    yield chat.chunk(delta, usage=usage)
                if chat.is_over:
                    break
        finally:
            await _close(entries)
        await self._mind_vain_question(chat, run)
        yield _end(chat, call) if chat.failure is None else error_frame(chat.failure)

    async def _tell(self, chat: Chat, entries: AsyncIterator[JournalEntry]) -> None:
        try:
            async for entry in entries:
                chat.tell(entry)
                if chat.is_over:
                    return
        finally:
            await _close(entries)

    async def _mind_vain_question(self, chat: Chat, run: Run) -> None:
        """Nobody can answer it over this wire: the run would wait for nothing."""
        if not chat.asks_in_vain:
            return
        try:
            await (await self._context.runs(self._caller)).cancel(run.id)
        except HostError:
            return  # it is over by itself, which is as good

    def _chat(self, call: ChatCall, run: Run) -> Chat:
        return Chat(run.id, model=call.model, created=seconds(run.created_at))


async def _last_sequence(view: RunView, run: Run) -> int:
    last = -1
    entries = view.events(run.id)
    try:
        async for entry in entries:
            last = entry.sequence
    finally:
        await _close(entries)
    return last


async def _close(entries: AsyncIterator[JournalEntry]) -> None:
    if isinstance(entries, AsyncGenerator):
        await entries.aclose()


def _end(chat: Chat, call: ChatCall) -> bytes:
    last = chat.chunk({}, finish=chat.finish_reason, usage=call.wants_usage)
    return last + (chat.usage_chunk() if call.wants_usage else b"") + DONE


def _source(run: Run, frames: AsyncIterator[bytes], *, replayed: bool = False) -> FrameSource:
    return FrameSource(headers=_headers(run, replayed=replayed), frames=frames, fail=error_frame)


def _reply(chat: Chat, run: Run, *, replayed: bool = False) -> Response:
    return JsonReply(json_bytes(chat.completion()), headers=_headers(run, replayed=replayed))


def _headers(run: Run, *, replayed: bool) -> RawHeaders:
    headers: RawHeaders = [(b"x-request-id", run.id.encode())]
    if replayed:
        headers.append((b"idempotent-replayed", b"true"))
    return headers


__all__ = ["ChatEndpoints"]
