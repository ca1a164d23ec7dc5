"""Takes events: stored with their key in one atomic step, and made into runs behind the answer.

The pipeline takes them like any other turn, so who may not talk to the agent still may not: that is
found out behind the acknowledgement, and told where the person can read it.
"""

import logging
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Final

from agent_host.context import current_isolation, current_principal
from agent_host.errors import (
    BacklogFullError,
    ConflictError,
    DrainingError,
    HostError,
    NoQuestionError,
    QuestionOpenError,
    QueueFullError,
    RequestError,
    RetryTaskError,
    TargetError,
    TaskHandedBackError,
    UnauthenticatedError,
)
from agent_host.host.inbound.answer import EventAnswers
from agent_host.host.inbound.event import (
    EVENT_CODEC,
    EVENT_KIND,
    InboundEvent,
    key_of,
    lane_of,
    put_key,
    read_taken,
)
from agent_host.host.pipeline.exchange import Wish
from agent_host.host.pipeline.pipeline import Pipeline
from agent_host.protocols.clock import Clock, IdFactory
from agent_host.protocols.delivery import DeliveryPlanner
from agent_host.protocols.refusal import TellRefused
from agent_host.protocols.state_store import StateStore
from agent_host.protocols.task_runner import TaskRunner
from agent_host.quarantine import read_record
from agent_host.types.inbound import Acceptance, InboundPolicy
from agent_host.types.request import Caller, ChannelRequest
from agent_host.types.response_target import SENDER
from agent_host.types.task import RetryPolicy, Task, TaskCounts, TaskSpec

EVENT_PREFIX: Final = "evt_"
_RECOUNT_SECONDS: Final = 5.0
_RETRY: Final = RetryPolicy(
    attempts_limit=20,
    first_delay=timedelta(seconds=1),
    last_delay=timedelta(minutes=2),
    time_limit=timedelta(minutes=2),
)

logger = logging.getLogger(__name__)


class EventAcceptance:
    """`accept` for every channel of a host. The bound on what waits is this process's own."""

    def __init__(  # noqa: PLR0913 - each is one part of the host, all by keyword
        self,
        store: StateStore,
        runner: TaskRunner,
        *,
        pipeline: Pipeline,
        deliveries: DeliveryPlanner,
        clock: Clock,
        ids: IdFactory,
        policy: InboundPolicy,
        tell: TellRefused,
        answers: EventAnswers,
    ) -> None:
        self._answers = answers
        self._store = store
        self._runner = runner
        self._pipeline = pipeline
        self._deliveries = deliveries
        self._ids = ids
        self._policy = policy
        self._tell = tell
        self._clock = clock
        self._waiting = 0
        self._counted_at: float | None = None
        runner.register(
            EVENT_KIND,
            self._do,
            concurrency=policy.at_once,
            retry=_RETRY,
            on_dead=self._give_up,
        )

    async def accept(self, event_key: str, request: ChannelRequest) -> Acceptance:
        """Store the event and its work; durable when this returns.

        Raises:
            BacklogFullError: too many wait; nothing was kept.
            DrainingError: the host goes down; nothing was kept.
            RequestError: the input is empty.
            UnauthenticatedError: neither the channel nor the host says who sent it.
        """
        if not request.input:
            message = "The input is empty: send at least one message."
            raise RequestError(message)
        principal = current_principal.get()
        if request.caller.identity is None and principal is None:
            message = "Nobody says who is calling."
            raise UnauthenticatedError(message)
        await self._find_room()
        event = InboundEvent(
            id=self._ids.new(EVENT_PREFIX),
            request=self._as_work(request),
            principal=principal,
            isolation=current_isolation.get(),
        )
        key = key_of(request.caller, event_key)
        spec = TaskSpec(
            kind=EVENT_KIND, payload=EVENT_CODEC.encode(event), lane=lane_of(request.caller)
        )
        # Counted before it is stored, so that as many as ask at once cannot all find room.
        self._waiting += 1
        try:
            write = put_key(key, event, remembered=self._policy.remembered)
            await self._runner.schedule(spec, alongside=[write])
        except ConflictError:
            self._waiting -= 1
            before = await self.taken_before(event_key, request.caller)
            if before is None:
                raise
            return before
        except BaseException:
            self._waiting -= 1
            raise
        return Acceptance(event_id=event.id)

    async def taken_before(self, event_key: str, caller: Caller) -> Acceptance | None:
        """What was answered when the event was taken; None if it was not, or was forgotten."""
        taken = await read_record(self._store, key_of(caller, event_key), read_taken)
        return None if taken is None else Acceptance(event_id=taken.event_id, is_duplicate=True)

    def _as_work(self, request: ChannelRequest) -> ChannelRequest:
        """Nobody waits for the answer: it is pushed to where the event came from, if it can be."""
        target = request.response_target
        if target.kind == "originating" and self._deliveries.can_push(request.caller.channel):
            target = SENDER
        return replace(request, background=True, idempotency_key=None, response_target=target)

    async def _find_room(self) -> None:
        """Room is found by a count in memory, which begins with what an earlier process left, and
        which is put right where it says that there is none: operators cancel events too.
        """
        full = self._waiting >= self._policy.backlog_limit
        now = self._clock.monotonic()
        if self._counted_at is None or (full and now - self._counted_at >= _RECOUNT_SECONDS):
            self._counted_at = now
            counts = (await self._runner.summary()).get(EVENT_KIND, TaskCounts())
            self._waiting = counts.waiting + counts.attempting
        if self._waiting >= self._policy.backlog_limit:
            raise BacklogFullError(self._policy.busy_retry_after)

    async def _do(self, task: Task) -> None:
        event = EVENT_CODEC.decode(task.spec.payload)
        try:
            await self._take(event)
        except RetryTaskError:
            raise
        except DrainingError as error:
            raise TaskHandedBackError from error
        except QueueFullError as error:
            raise RetryTaskError(error.code, error.retry_after) from error
        except HostError as error:
            if error.retryable:
                raise RetryTaskError(error.code) from error
            logger.info("event %s became no run: %s", event.id, error.code)
            await self._tell(event.id, event.request, error)
        self._waiting = max(0, self._waiting - 1)

    async def _take(self, event: InboundEvent) -> None:
        # The event's own id, so that an attempt that is made again finds the run of the first.
        request = replace(event.request, idempotency_key=event.id)
        with _as_it_came(event):
            try:
                await self._pipeline.take(request, Wish.ACCEPTANCE)
            except QuestionOpenError as error:
                await self._answer(event, error)

    async def _answer(self, event: InboundEvent, refused: QuestionOpenError) -> None:
        if event.request.response_target != SENDER:
            # Nothing is ever sent to whoever this is from, so it answers nothing. It waits.
            raise RetryTaskError(refused.code) from refused
        try:
            await self._answers.take(event, refused)
        except NoQuestionError as error:  # somebody was faster: it is a turn of its own
            raise RetryTaskError(error.code) from error

    async def _give_up(self, task: Task) -> None:
        self._waiting = max(0, self._waiting - 1)
        event = EVENT_CODEC.decode(task.spec.payload)
        logger.error("event %s was given up: %s", event.id, task.last_error)
        failure = TargetError("The message could not be handled. Send it again.")
        await self._tell(event.id, event.request, failure)


@contextmanager
def _as_it_came(event: InboundEvent) -> Generator[None]:
    """What the edge knew when the event came, set again for the pipeline."""
    principal = current_principal.set(event.principal)
    isolation = current_isolation.set(event.isolation)
    try:
        yield
    finally:
        current_isolation.reset(isolation)
        current_principal.reset(principal)


__all__ = ["EVENT_PREFIX", "EventAcceptance"]
