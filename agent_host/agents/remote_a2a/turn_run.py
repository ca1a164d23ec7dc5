"""One turn with an agent elsewhere: send, follow, ask, answer, and stop it when the run is."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from hashlib import sha256
from random import random
from typing import Final

from agent_host.agents.remote_a2a.client import RemoteClient, Sending
from agent_host.agents.remote_a2a.dialect import Dialect, Interface
from agent_host.agents.remote_a2a.discovery import CardKeeper
from agent_host.agents.remote_a2a.failure import Fault, RemoteError, RemoteFaultError, unreachable
from agent_host.agents.remote_a2a.message_form import Fields, turn_parts
from agent_host.agents.remote_a2a.option import RemoteA2AOptions
from agent_host.agents.remote_a2a.progress import (
    AUTH_REQUIRED,
    CANCELED,
    INTERRUPTED,
    TERMINAL,
    RemoteProgress,
)
from agent_host.agents.remote_a2a.question_form import has_names, to_parts, to_questions
from agent_host.agents.remote_a2a.thread import RemoteTask, Threads
from agent_host.calling.feed import Feed
from agent_host.errors import FailureCode, TargetError, UnreadableRecordError
from agent_host.types.event import InputRequired, RunCancelled, RunCompleted
from agent_host.types.question import Question
from agent_host.types.turn import Turn

logger = logging.getLogger(__name__)

OWN_METADATA: Final = "agent_host"
"""Where a message's metadata say which run and session it is of."""

_ANOTHER_GOES_ON: Final = frozenset({"shutdown", "lease_lost"})
_ANOTHER_WAY: Final = frozenset({Fault.METHOD, Fault.VERSION})
_NOT_FOLLOWED: Final = frozenset({Fault.METHOD, Fault.UNSUPPORTED, Fault.TASK_NOT_FOUND})
_STALE_LIMIT: Final = 10
"""Looks at a question that was answered, before it is taken for asked once more."""

_SLOWEST_POLL: Final = 2.0
_FIRST_RETRY: Final = 0.2


class RemoteTurn:
    """Runs one turn with the agent whose URL is `agent`."""

    def __init__(
        self,
        turn: Turn,
        *,
        client: RemoteClient,
        keeper: CardKeeper,
        threads: Threads,
        options: RemoteA2AOptions,
        agent: str,
    ) -> None:
        self._turn = turn
        self._client = client
        self._keeper = keeper
        self._threads = threads
        self._options = options
        self._agent = agent
        self._progress = RemoteProgress(turn.run_id)
        self._at: Interface | None = None
        self._streams = False
        self._context_id: str | None = None
        self._task: RemoteTask | None = None
        self._asked: str | None = None
        self._is_named = False
        self._count = 0
        self._polls = 0

    async def run(self, feed: Feed) -> None:
        """Run until the agent is done, or waits to be answered in another attempt.

        Raises:
            TargetError: it failed, or could not be spoken to.
        """
        try:
            await self._begin(feed)
            while True:
                await self._settle(feed)
                if self._progress.state not in INTERRUPTED:
                    break
                questions = self._questions()
                self._asked, self._is_named = self._progress.mark, has_names(questions)
                if self._turn.checkpoints is not None:
                    await self._keep_asked()
                    await feed.put(InputRequired(questions=questions))
                    return
                await self._send(
                    to_parts(await feed.ask(*questions), is_named=self._is_named), feed
                )
            await self._threads.forget_task(self._turn)
        except asyncio.CancelledError:
            await self._stop()
            raise
        await self._end(feed)

    async def _begin(self, feed: Feed) -> None:
        turn = self._turn
        card = await self._keeper.card()
        self._streams = card.streams
        try:
            kept = await self._threads.task(turn)
        except UnreadableRecordError as error:
            # It is not sent a second time.
            message = "Where this run stood with the agent cannot be read any more."
            raise TargetError(message, code=FailureCode.INTERRUPTED, retryable=True) from error
        if kept is None:
            if turn.answer is not None:
                raise _lost()
            self._context_id = await self._threads.context(turn)
            await self._send_first(card.interfaces, feed)
            return
        self._task = kept
        self._context_id = kept.context_id
        self._progress.task_id, self._progress.context_id = kept.task_id, kept.context_id
        self._at = Interface(url=kept.place, dialect=Dialect(kept.dialect))
        self._is_named = kept.is_named
        await self._take(await self._client.get(self._at, kept.task_id), feed)
        if turn.answer is not None and self._is_open(kept):
            self._asked = kept.mark
            await self._send(to_parts(turn.answer, is_named=kept.is_named), feed)

    def _is_open(self, kept: RemoteTask) -> bool:
        """Whether the question still waits: an attempt before this one may have answered it."""
        return self._progress.state in INTERRUPTED and self._progress.mark == kept.mark

    async def _send_first(self, interfaces: tuple[Interface, ...], feed: Feed) -> None:
        """By the best interface; by the next where the agent turns out not to speak it."""
        parts = turn_parts(self._turn)
        for at in interfaces[:-1]:
            self._at = at
            try:
                await self._send(parts, feed)
            except RemoteFaultError as error:
                if error.fault not in _ANOTHER_WAY:
                    raise
                logger.info("the remote agent does not speak %s as its card says", at.dialect.value)
            else:
                return
        self._at = interfaces[-1]
        await self._send(parts, feed)

    async def _send(self, parts: list[Fields], feed: Feed) -> None:
        """Send a message, of the task there is, and follow as long as the agent lets us."""
        turn, at = self._turn, self._interface
        # An attempt after this one sends the same again under the same key.
        key = turn.run_id if self._asked is None else f"{turn.run_id}.{_digest(self._asked)}"
        message: Fields = {"messageId": key, "role": "ROLE_USER", "parts": parts}
        if self._progress.task_id is not None:
            message["taskId"] = self._progress.task_id
        context_id = self._progress.context_id or self._context_id
        if context_id is not None:
            message["contextId"] = context_id
        sending = Sending(message=message, metadata=self._metadata(), key=key)
        if not self._follows:
            await self._take(await self._client.send(at, sending), feed)
            return
        try:
            await self._follow(self._client.stream(at, sending), feed)
        except RemoteError as error:
            if self._progress.task_id is None or not error.retryable:
                raise

    async def _follow(
        self, opened: AbstractAsyncContextManager[AsyncIterator[Fields]], feed: Feed
    ) -> None:
        async with opened as responses:
            async for response in responses:
                await self._take(response, feed)
                if self._is_settled:
                    return
        if self._progress.state in INTERRUPTED:
            self._asked = None  # The agent closed the stream on it: it is a question of now.

    async def _settle(self, feed: Feed) -> None:
        """Stay with the task until it is over, or asks something."""
        attempt = 0
        while not self._is_settled:
            task_id = self._progress.task_id
            if task_id is None:
                raise unreachable(may_have_arrived=True)
            before = self._count
            try:
                await self._look_again(task_id, feed)
            except RemoteError as error:
                attempt = 1 if self._count > before else attempt + 1
                if not error.retryable or attempt > self._options.reconnect_limit:
                    raise
                # Full jitter, so that those who lost one agent do not come back as one.
                await asyncio.sleep(_FIRST_RETRY * 2**attempt * random())  # noqa: S311

    async def _look_again(self, task_id: str, feed: Feed) -> None:
        if self._follows:
            try:
                await self._follow(self._client.subscribe(self._interface, task_id), feed)
            except RemoteFaultError as error:
                if error.fault not in _NOT_FOLLOWED:
                    raise
                self._streams = False
            else:
                return
        await self._take(await self._client.get(self._interface, task_id), feed)
        if not self._is_settled:
            self._polls += 1
            first = self._options.poll_interval.total_seconds()
            await asyncio.sleep(min(first * 1.5 ** min(self._polls, 20), _SLOWEST_POLL))
            if self._polls > _STALE_LIMIT and self._progress.state in INTERRUPTED:
                self._asked = None

    async def _take(self, response: Fields, feed: Feed) -> None:
        self._count += 1
        for event in self._progress.take(response):
            await feed.put(event)
        await self._keep()

    async def _keep(self) -> None:
        """Write down the task and the context when they are first known."""
        progress, turn, at = self._progress, self._turn, self._interface
        if progress.context_id is not None and progress.context_id != self._context_id:
            self._context_id = progress.context_id
            await self._threads.keep_context(turn, progress.context_id)
        if progress.task_id is not None and self._task is None:
            self._task = RemoteTask(
                agent=self._agent,
                task_id=progress.task_id,
                context_id=progress.context_id,
                place=at.url,
                dialect=at.dialect.value,
            )
            await self._threads.keep_task(turn, self._task)

    async def _keep_asked(self) -> None:
        if self._task is None:  # a question always is a task's
            raise unreachable(may_have_arrived=True)
        task = replace(self._task, mark=self._asked, is_named=self._is_named)
        await self._threads.keep_task(self._turn, task)

    async def _end(self, feed: Feed) -> None:
        failure = self._progress.failure()
        if failure is not None:
            raise failure
        if self._progress.state == CANCELED:
            await feed.put(RunCancelled())
            return
        task_id = self._progress.task_id
        if self._progress.is_empty and task_id is not None and not self._progress.is_message:
            task = await self._client.get(self._interface, task_id)
            for event in self._progress.take_history(task):
                await feed.put(event)
        await feed.put(RunCompleted(result=self._progress.result()))

    async def _stop(self) -> None:
        """Tell the agent that nobody waits any more, unless another attempt goes on with it."""
        task_id = self._progress.task_id
        goes_on = self._turn.checkpoints is not None and (
            self._turn.cancelled.reason in _ANOTHER_GOES_ON
        )
        if task_id is None or self._at is None or goes_on or self._progress.state in TERMINAL:
            return
        try:
            async with asyncio.timeout(self._options.cancel_time_limit.total_seconds()):
                await self._client.cancel(self._at, task_id)
        except (TargetError, TimeoutError) as error:
            logger.warning(
                "run %s: the remote task could not be cancelled: %s",
                self._turn.run_id,
                type(error).__name__,
            )

    def _questions(self) -> tuple[Question, ...]:
        progress = self._progress
        return to_questions(progress.status, is_sign_in=progress.state == AUTH_REQUIRED)

    def _metadata(self) -> Fields:
        """What the caller gave along, and whose words these are as far as ids say it."""
        turn = self._turn
        own: Fields = {"run": turn.run_id}
        if turn.session_id is not None:
            own["session"] = turn.session_id
        if turn.options:
            own["options"] = turn.options
        given = {name: value for name, value in turn.metadata.items() if name != "a2a"}
        return {**given, OWN_METADATA: own}

    @property
    def _interface(self) -> Interface:
        if self._at is None:
            raise RuntimeError("nothing was sent yet")
        return self._at

    @property
    def _follows(self) -> bool:
        return self._streams and self._interface.dialect is not Dialect.TASKS_SEND

    @property
    def _is_settled(self) -> bool:
        progress = self._progress
        if progress.state in INTERRUPTED:
            return progress.mark != self._asked
        return progress.state in TERMINAL


def _digest(mark: str) -> str:
    return sha256(mark.encode()).hexdigest()[:16]


def _lost() -> TargetError:
    message = "What the agent asked about is not kept any more. Ask it again."
    return TargetError(message, code=FailureCode.INTERRUPTED, retryable=True)


__all__ = ["OWN_METADATA", "RemoteTurn"]
