"""The operations, whatever binding and version they were asked for in. They ask the host and answer
in the terms of 1.0; a task is a view of a run, and nothing is kept here.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

from starlette.requests import ClientDisconnect
from starlette.types import Receive

from agent_host.errors import NotFoundError
from agent_host.protocols.host_context import HostContext, RunView
from agent_host.types import Caller, ChannelRequest, HostedResult, JournalEntry, Run, RunStatus
from agent_host.wire.disconnect import DisconnectWatch
from agent_host_a2a.call import Call
from agent_host_a2a.config import A2AConfig
from agent_host_a2a.fault import Fault, FaultError, invalid
from agent_host_a2a.inbound import (
    OWN_METADATA,
    SendParams,
    TaskParams,
    to_request,
    to_values,
)
from agent_host_a2a.outbound import (
    answer_message,
    context_of,
    own_metadata,
    result_artifacts,
    state_of,
    task_fields,
    user_message,
)
from agent_host_a2a.part import Fields
from agent_host_a2a.progress import TaskProgress
from agent_host_a2a.push_config import PushConfig
from agent_host_a2a.push_operation import PushOperations

T = TypeVar("T")

_HISTORY_LOOKED_AT = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskStream:
    """What a follower is told: `first`, then what each entry changes. Where `alone` is set it is
    told nothing but what that gives once there are no more entries.
    """

    first: Fields
    entries: AsyncIterator[JournalEntry]
    progress: TaskProgress
    alone: Callable[[], Awaitable[Fields]] | None = None


class TaskOperations:
    """One method per operation, apart from the list."""

    def __init__(self, context: HostContext, config: A2AConfig, *, push: PushOperations) -> None:
        self._context = context
        self._config = config
        self._push = push
        self._send = Caller(channel=config.name, operation="send_message")
        self._stream = Caller(channel=config.name, operation="stream_message")
        self._get = Caller(channel=config.name, operation="get_task")
        self._cancel = Caller(channel=config.name, operation="cancel_task")
        self._subscribe = Caller(channel=config.name, operation="subscribe_task")

    async def send(self, params: SendParams, call: Call, receive: Receive) -> Fields:
        """Run a turn, or answer what a task asks: a `SendMessageResponse`."""
        await self._push.check(params.push)
        if params.task_id is not None:
            return await self._watched(receive, self._go_on(params.task_id, params))
        request = to_request(
            params,
            caller=self._send,
            extensions=call.extensions,
            idempotency_key=call.idempotency_key,
        )
        try:
            if params.returns_immediately:
                hosted = await self._context.start(replace(request, background=True))
                await self._push.follow(hosted.run.id, params.push, from_start=True)
            elif params.push is not None:
                hosted = await self._watched(receive, self._run_pushed(request, params.push))
            else:
                hosted = await self._watched(receive, self._context.run(request))
        except NotFoundError:
            raise _no_context() from None
        return await self._response(hosted, params)

    @asynccontextmanager
    async def stream(self, params: SendParams, call: Call) -> AsyncGenerator[TaskStream]:
        """The same, followed."""
        await self._push.check(params.push)
        if params.task_id is not None:
            view = await self._context.runs(self._stream)
            run = await self._answerable(view, params.task_id, params)
            before = await view.entries(run.id)
            await self._push.follow(run.id, params.push, from_start=False)
            run = await self._answered(view, run, params)
            stream = self._followed(view, run, before, params)
            try:
                yield stream
            finally:
                await _close(stream.entries)
            return
        request = to_request(
            params,
            caller=self._stream,
            extensions=call.extensions,
            idempotency_key=call.idempotency_key,
        )
        async with AsyncExitStack() as stack:
            try:
                started = await stack.enter_async_context(self._context.stream(request))
            except NotFoundError:
                raise _no_context() from None
            await self._push.follow(started.run.id, params.push, from_start=True)
            entries = aiter(started)
            try:
                yield self._started(started.run, entries, params)
            finally:
                await _close(entries)

    async def get(self, params: TaskParams) -> Fields:
        """A task as it stands."""
        view = await self._context.runs(self._get)
        hosted = await view.get(params.task_id)
        return await self.shown(view, hosted, history_length=params.history_length)

    async def cancel(self, params: TaskParams) -> Fields:
        """Ask a task to stop."""
        view = await self._context.runs(self._cancel)
        run = await view.cancel(params.task_id)
        return await self.shown(view, await view.get(run.id), history_length=0)

    @asynccontextmanager
    async def subscribe(self, params: TaskParams, call: Call) -> AsyncGenerator[TaskStream]:
        """Follow a task from now on, or from behind the last event that was seen.

        Raises:
            FaultError: it is over.
        """
        view = await self._context.runs(self._subscribe)
        before = await view.entries(params.task_id)
        # Looked at after its entries, so that what it says now is not older than they are.
        run = (await view.get(params.task_id)).run
        if run.status.is_terminal:
            message = "The task is over; get it instead."
            raise FaultError(Fault.UNSUPPORTED, message)
        if call.after is not None:
            before = [entry for entry in before if entry.sequence <= call.after]
        progress = self._progress(run)
        for entry in before:
            progress.take(entry)
        progress.show(state_of(run))
        after = before[-1].sequence if before else -1
        entries = view.events(run.id, after=after)
        try:
            first = {"task": task_fields(run, artifacts=progress.artifacts())}
            yield TaskStream(first=first, entries=entries, progress=progress)
        finally:
            await _close(entries)

    async def shown(
        self,
        view: RunView,
        hosted: HostedResult,
        *,
        history_length: int | None,
        with_artifacts: bool = True,
    ) -> Fields:
        """A task with its artifacts, and as much of its history as is wanted."""
        run = hosted.run
        history = [] if history_length == 0 else await self._history(run)
        if history_length is not None:
            history = history[-history_length:]
        artifacts = await self.artifacts(view, hosted) if with_artifacts else ()
        return task_fields(run, artifacts=artifacts, history=history)

    async def artifacts(
        self, view: RunView, hosted: HostedResult, accepted: tuple[str, ...] = ()
    ) -> list[Fields]:
        """What there is of a task's artifacts by now."""
        if hosted.result is not None:
            return result_artifacts(hosted.result, accepted)
        if hosted.run.status is RunStatus.QUEUED:
            return []
        progress = self._progress(hosted.run, accepted)
        for entry in await view.entries(hosted.run.id):
            progress.take(entry)
        return progress.artifacts()

    async def _run_pushed(self, request: ChannelRequest, push: PushConfig) -> HostedResult:
        """Run a turn that is waited for, and pushed from its start."""
        async with self._context.stream(request) as started:
            await self._push.follow(started.run.id, push, from_start=True)
            if started.is_elsewhere:
                return HostedResult(run=started.run, is_elsewhere=True)
            async for _ in started:
                pass
            view = await self._context.runs(self._send)
            return await view.get(started.run.id)

    async def _response(self, hosted: HostedResult, params: SendParams) -> Fields:
        run = hosted.run
        if hosted.result is not None:
            if self._is_message(hosted):
                return {"message": answer_message(run, hosted.result, params.accepted)}
            artifacts = result_artifacts(hosted.result, params.accepted)
        elif params.returns_immediately:
            artifacts = []
        else:
            view = await self._context.runs(self._send)
            artifacts = await self.artifacts(view, hosted, params.accepted)
        return {"task": task_fields(run, artifacts=artifacts, history=_said(params, run))}

    def _is_message(self, hosted: HostedResult) -> bool:
        wanted = hosted.result.metadata.get(OWN_METADATA) if hosted.result else None
        if isinstance(wanted, dict) and wanted.get("reply") in {"message", "task"}:
            return bool(wanted["reply"] == "message")
        return self._config.reply == "message"

    async def _go_on(self, task_id: str, params: SendParams) -> Fields:
        view = await self._context.runs(self._send)
        run = await self._answerable(view, task_id, params)
        before = await view.entries(run.id)
        await self._push.follow(run.id, params.push, from_start=False)
        run = await self._answered(view, run, params)
        if not params.returns_immediately:
            async for _ in view.events(run.id, after=before[-1].sequence if before else -1):
                pass
        hosted = await view.get(run.id)
        artifacts = await self.artifacts(view, hosted, params.accepted)
        history = _said(params, hosted.run)
        return {"task": task_fields(hosted.run, artifacts=artifacts, history=history)}

    async def _answerable(self, view: RunView, task_id: str, params: SendParams) -> Run:
        run = (await view.get(task_id)).run
        if params.context_id is not None and params.context_id != context_of(run):
            raise invalid("message.contextId", "is not the context of this task")
        if run.status is not RunStatus.INPUT_REQUIRED:
            is_over = run.status.is_terminal
            now = "is over: send a message without taskId" if is_over else "asks nothing now"
            raise FaultError(Fault.UNSUPPORTED, f"The task takes no message, as it {now}.")
        return run

    async def _answered(self, view: RunView, run: Run, params: SendParams) -> Run:
        values = to_values(
            params.message.parts, run.questions, nesting_limit=self._config.nesting_limit
        )
        return await view.answer(run.id, values)

    def _started(
        self, run: Run, entries: AsyncIterator[JournalEntry], params: SendParams
    ) -> TaskStream:
        first = {"task": task_fields(run, history=_said(params, run))}
        progress = self._progress(run, params.accepted)
        alone = partial(self._ended, run.id, params) if self._config.reply == "message" else None
        return TaskStream(first=first, entries=entries, progress=progress, alone=alone)

    async def _ended(self, run_id: str, params: SendParams) -> Fields:
        view = await self._context.runs(self._stream)
        return await self._response(await view.get(run_id), params)

    def _followed(
        self,
        view: RunView,
        run: Run,
        before: Sequence[JournalEntry],
        params: SendParams,
    ) -> TaskStream:
        progress = self._progress(run, params.accepted)
        for entry in before:
            progress.take(entry)
        progress.show(state_of(run))
        history = _said(params, run)
        first = {"task": task_fields(run, artifacts=progress.artifacts(), history=history)}
        after = before[-1].sequence if before else -1
        return TaskStream(first=first, entries=view.events(run.id, after=after), progress=progress)

    def _progress(self, run: Run, accepted: tuple[str, ...] = ()) -> TaskProgress:
        return TaskProgress(
            run.id,
            context_of(run),
            accepted=accepted,
            state=state_of(run),
            resumes=self._context.capabilities.checkpoints,
        )

    async def _history(self, run: Run) -> list[Fields]:
        """What the client said: its message is in the session's history once the run is over."""
        message_id = own_metadata(run).get("messageId")
        if run.session_id is None or not isinstance(message_id, str):
            return []
        sessions = await self._context.sessions(self._get)
        try:
            found = await sessions.get(run.session_id, limit=_HISTORY_LOOKED_AT)
        except NotFoundError:
            return []
        said = [message for message in found.messages if message.id == message_id]
        return [user_message(said[-1], run)] if said else []

    async def _watched(self, receive: Receive, work: Awaitable[T]) -> T:
        """Wait for `work`, which is given up if the client leaves and the host's policy is so.

        Raises:
            ClientDisconnect: it was given up.
        """
        if not self._context.cancels_on_disconnect:
            return await work
        async with DisconnectWatch(receive):
            return await work
        raise ClientDisconnect


def _said(params: SendParams, run: Run) -> list[Fields]:
    return [] if params.history_length == 0 else [user_message(params.message, run)]


def _no_context() -> FaultError:
    return invalid("message.contextId", "there is no such context")


async def _close(entries: AsyncIterator[JournalEntry]) -> None:
    if isinstance(entries, AsyncGenerator):
        await entries.aclose()


__all__ = ["TaskOperations", "TaskStream"]
