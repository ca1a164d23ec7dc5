"""Does one delivery, as the runner's handler: waits for its turn, pushes, and records what came.

A row is written before each push and filled in after it, so a process that dies in between leaves
an attempt whose outcome nobody knows. Until the row is there nothing was sent.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from random import SystemRandom
from typing import Final, NamedTuple, TypeAlias

from agent_host.delivery.attempt_row import accepted, begun, failed_row
from agent_host.delivery.content import ContentError, Contents, Prepared
from agent_host.delivery.failure import (
    INTERRUPTED,
    PushFailure,
    failed,
    failure_of,
    in_doubt,
    permanent,
)
from agent_host.delivery.governor import Governor
from agent_host.delivery.order import ORDER_CODEC, DeliveryOrder, loose_task, make_order
from agent_host.delivery.person import is_of
from agent_host.delivery.place import echo_id_of
from agent_host.delivery.rate import LATE
from agent_host.delivery.record import (
    DeliveryRecords,
    FoundDelivery,
    StoredContent,
    StoredDelivery,
    moved,
)
from agent_host.delivery.resolution import Resolver
from agent_host.errors import (
    ConflictError,
    PermanentTaskError,
    RetryTaskError,
    UnreadableRecordError,
)
from agent_host.protocols.clock import Clock
from agent_host.protocols.identity_registry import IdentityRegistry
from agent_host.protocols.push import ChannelPush, ScheduledPush
from agent_host.protocols.state_store import StateStore
from agent_host.protocols.task_runner import PreparedAttempt, TaskRunner
from agent_host.time_limit import TimeLimit
from agent_host.types.delivery import DeliveryStatus, Push, PushReceipt
from agent_host.types.delivery_policy import DeliveryPolicy
from agent_host.types.quick_init import maker
from agent_host.types.run import HostedResult
from agent_host.types.store import ABSENT, Write
from agent_host.types.task import Task

logger = logging.getLogger(__name__)

OPEN: Final = frozenset(
    {DeliveryStatus.SCHEDULED, DeliveryStatus.ATTEMPTING, DeliveryStatus.FAILED}
)
_NOTHING: Final = timedelta()
_RANDOM: Final = SystemRandom()

Told: TypeAlias = Callable[[StoredDelivery], None]


class Ended(NamedTuple):
    """A delivery that is over once these writes are done, with the end of its task."""

    writes: Sequence[Write]


class _Begins(NamedTuple):
    found: FoundDelivery
    writes: Sequence[Write]


@dataclass(frozen=True, slots=True, kw_only=True)
class SenderParts:
    """What every delivery works with. Built once per host; `asks_app` says that the app is asked
    what to send; `told` hears of each new state.
    """

    store: StateStore
    runner: TaskRunner
    records: DeliveryRecords
    contents: Contents
    governor: Governor
    resolver: Resolver
    pushes: Mapping[str, ChannelPush]
    registry: IdentityRegistry | None
    policy: DeliveryPolicy
    clock: Clock
    asks_app: bool
    told: Told | None = None


class DeliverySender:
    """`send` is the handler; the runner calls it again when a delivery has to wait. `prepare`
    spares a first push its commit, which becomes one with the runner's own. It asks no app, since
    what may end the process has to be counted before.
    """

    def __init__(self, parts: SenderParts) -> None:
        self._parts = parts
        self._limit = TimeLimit(parts.policy.attempt_time_limit)

    async def prepare(self, task: Task) -> PreparedAttempt | None:
        """Begin the first attempt of a delivery that nothing is in the way of.

        Raises:
            RetryTaskError: it waits for its account.
        """
        order = _order_of(task)
        found = None if self._parts.asks_app else await self._find(order)
        if found is None or found.stored.status is not DeliveryStatus.SCHEDULED:
            return None
        found = await self._await_turn(found)
        if await self._refusal(found.stored) is not None:
            return None
        prepared = await self._parts.contents.prepare(found.stored)
        begins = self._begun(found, prepared)
        work = partial(self._send_begun, begins.found, prepared.result, order)
        return PreparedAttempt(begins.writes, work)

    async def begin(
        self,
        stored: StoredDelivery,
        content: StoredContent,
        hosted: HostedResult,
        alongside: Sequence[Write],
        _: Task,
    ) -> PreparedAttempt | None:
        """Begin the first attempt of a delivery that is accepted by the same writes, if nothing is
        in its way. An account with limits says whose turn it is only for what is stored.
        """
        parts, delivery = self._parts, stored.delivery
        push = parts.pushes.get(delivery.destination.channel)
        if parts.asks_app or push is None or push.rate is not None or not _is_plain(content):
            return None
        verdict = await parts.governor.take(delivery.destination, delivery.owner, None, turn=None)
        if verdict.wait > _NOTHING or await self._refusal(stored) is not None:
            return None
        try:
            result = parts.contents.given(content, stored, hosted)
        except ContentError:
            return None  # it is accepted all the same, and its failure noted
        attempting = begun(stored, parts.clock.now(), content)
        writes = [*parts.records.put(attempting, expect=ABSENT), *alongside]
        found = FoundDelivery(attempting, ABSENT + 1)
        order = make_order(delivery_id=delivery.id, round=delivery.replays)
        return PreparedAttempt(writes, partial(self._send_begun, found, result, order))

    async def send(self, task: Task) -> Sequence[Write]:
        """Bring the delivery as far as it goes now; what is written with the end of the task.

        Raises:
            RetryTaskError: it waits for its account, or for its next attempt.
            PermanentTaskError: its record, or the task itself, cannot be read.
        """
        order = _order_of(task)
        while True:
            found = await self._find(order)
            if found is None:
                return ()
            try:
                if found.stored.status is DeliveryStatus.ATTEMPTING:
                    found = await self._fail(found, in_doubt(INTERRUPTED))
                return await self._go_on(found, order)
            except ConflictError:
                continue  # an operator was faster

    async def _send_begun(
        self, found: FoundDelivery, result: HostedResult, order: DeliveryOrder, task: Task
    ) -> Sequence[Write]:
        """Go on with a delivery whose attempt was begun with the task's."""
        self._tell(found.stored)
        try:
            return await self._go_on(await self._push(found, result), order)
        except ConflictError:
            return await self.send(task)

    async def give_up(self, task: Task) -> None:
        """The runner does not call any more: it was called far too often."""
        found = await self._find(_order_of(task))
        if found is not None:
            over = moved(found.stored, DeliveryStatus.DEAD, over_at=self._parts.clock.now())
            await self._write(found, over)

    async def _find(self, order: DeliveryOrder) -> FoundDelivery | None:
        """The delivery, if it is still this task's to do."""
        try:
            found = await self._parts.records.find(order.delivery_id)
        except UnreadableRecordError as error:
            logger.error("delivery %s cannot be attempted: %s", order.delivery_id, error)  # noqa: TRY400
            raise PermanentTaskError(error.code) from error
        if found is None or found.stored.status not in OPEN:
            return None
        stored = found.stored
        is_ours = order.round == stored.delivery.replays and order.is_loose == stored.is_loose
        return found if is_ours else None

    async def _go_on(self, found: FoundDelivery | Ended, order: DeliveryOrder) -> Sequence[Write]:
        while isinstance(found, FoundDelivery):
            if found.stored.status not in OPEN or not await self._is_due(found, order):
                return ()
            found = await self._attempt(await self._await_turn(found))
        return found.writes

    async def _is_due(self, found: FoundDelivery, order: DeliveryOrder) -> bool:
        """Whether to attempt it now; not here, if it has left its lane.

        Raises:
            RetryTaskError: later.
        """
        stored, now = found.stored, self._parts.clock.now()
        if stored.status is not DeliveryStatus.FAILED:
            return True
        wait = stored.delivery.due_at - now
        if order.is_loose or stored.failing_since is None:
            return _due_or_later(wait)
        held = stored.failing_since + self._parts.policy.overtake_after - now
        if wait <= _NOTHING < held:
            return True
        if held > _NOTHING:
            return _due_or_later(min(wait, held))
        loose = replace(stored, is_loose=True)
        task = loose_task(
            order, delay=max(wait, _NOTHING), trace_context=dict(stored.trace_context)
        )
        writes = self._parts.records.put(loose, expect=found.version)
        await self._parts.runner.schedule(task, alongside=writes)
        return False

    async def _await_turn(self, found: FoundDelivery) -> FoundDelivery:
        """The delivery, allowed to be sent now.

        Raises:
            RetryTaskError: its account or its conversation has had its share for the moment.
        """
        stored, now = found.stored, self._parts.clock.now()
        delivery = stored.delivery
        push = self._parts.pushes.get(delivery.destination.channel)
        if push is None:
            return found  # it is not sent at all
        is_late = stored.turn_at is None or now > stored.turn_at + LATE
        verdict = await self._parts.governor.take(
            delivery.destination,
            delivery.owner,
            push.rate,
            turn=None if is_late else stored.turn,
        )
        if verdict.wait <= _NOTHING:
            return found
        waiting = replace(stored, turn=verdict.turn, turn_at=now + verdict.wait)
        if verdict.turn is not None or stored.turn is not None:
            await self._write(found, waiting)
        raise _retry(verdict.wait)

    async def _attempt(self, found: FoundDelivery) -> FoundDelivery | Ended:
        """One push of one message."""
        parts, stored = self._parts, found.stored
        failure = await self._refusal(stored)
        if failure is not None:
            return await self._fail(found, failure, begins=True)
        try:
            with self._limit.stay():
                prepared = await parts.contents.prepare(stored)
        except ContentError as error:
            return await self._fail(found, error.failure, begins=True)
        except TimeoutError:  # the app's hook: nothing was sent
            return await self._fail(found, permanent("response_hook"), begins=True)
        begins = self._begun(found, prepared)
        await parts.store.commit(begins.writes)
        self._tell(begins.found.stored)
        return await self._push(begins.found, prepared.result)

    def _begun(self, found: FoundDelivery, prepared: Prepared) -> _Begins:
        """The delivery as it is once the writes are done."""
        stored = begun(found.stored, self._parts.clock.now())
        writes = self._parts.records.put(stored, expect=found.version)
        if prepared.fresh is not None:
            writes.append(self._parts.records.put_content(stored.delivery.id, prepared.fresh))
        return _Begins(FoundDelivery(stored, found.version + 1), writes)

    async def _push(self, found: FoundDelivery, result: HostedResult) -> FoundDelivery | Ended:
        """Push what was begun, and note what came of it: as written, or to be."""
        outcome = await self._pushed(found.stored, result)
        if isinstance(outcome, PushFailure):
            return await self._fail(found, outcome)
        now = self._parts.clock.now()
        after = accepted(found.stored, now, outcome)
        if after.status in OPEN:  # the reply comes next
            return await self._write(found, after)
        self._tell(after)
        return Ended(self._parts.records.put(after, expect=found.version))

    async def _pushed(
        self, stored: StoredDelivery, result: HostedResult
    ) -> PushReceipt | PushFailure:
        delivery = stored.delivery
        push = _make_push(
            delivery_id=echo_id_of(delivery.id) if stored.has_echo else delivery.id,
            owner=delivery.owner,
            destination=delivery.destination,
            result=result,
            is_echo=stored.has_echo,
        )
        channel = self._parts.pushes[delivery.destination.channel]
        try:
            with self._limit.stay():
                return await channel.push(push)
        except Exception as error:
            failure = failure_of(error)
            logger.info("delivery %s: %s", delivery.id, failure.error_code)
            logger.debug("delivery %s failed", delivery.id, exc_info=error)
        if failure.pauses_account and failure.retry_after is not None:
            until = self._parts.clock.now() + failure.retry_after
            await self._parts.governor.pause(delivery.destination, until)
        return failure

    async def _refusal(self, stored: StoredDelivery) -> PushFailure | None:
        """Why it may not be sent, as things stand now."""
        delivery = stored.delivery
        destination, identity = delivery.destination, delivery.destination.identity
        if destination.channel not in self._parts.pushes:
            return permanent("no_channel")
        if not self._parts.resolver.allows(stored.source, destination):
            return permanent("link_policy")
        if not stored.is_linked or identity is None or self._parts.registry is None:
            return None
        is_theirs = await is_of(self._parts.registry, identity, delivery.owner)
        return None if is_theirs else permanent("not_linked")

    async def _fail(
        self, found: FoundDelivery, failure: PushFailure, *, begins: bool = False
    ) -> FoundDelivery:
        parts, now = self._parts, self._parts.clock.now()
        push = parts.pushes.get(found.stored.delivery.destination.channel)
        row = begun(found.stored, now) if begins else found.stored
        after = failed(
            failed_row(row, now, failure),
            failure,
            policy=parts.policy,
            is_idempotent=push is not None and push.is_idempotent,
            now=now,
            chance=_RANDOM.random(),
            schedule=push.schedule if isinstance(push, ScheduledPush) else None,
        )
        if after.status not in OPEN:
            logger.warning(
                "delivery %s is %s: %s",
                after.delivery.id,
                after.status.value,
                failure.error_code,
            )
        written = await self._write(found, after)
        # What it carries is beside it from now on, and goes from there when it is over.
        return FoundDelivery(replace(written.stored, content=None), written.version)

    async def _write(self, found: FoundDelivery, after: StoredDelivery) -> FoundDelivery:
        writes = self._parts.records.put(after, expect=found.version)
        versions = await self._parts.store.commit(writes)
        if after.status is not found.stored.status:
            self._tell(after)
        return FoundDelivery(after, versions[0])

    def _tell(self, stored: StoredDelivery) -> None:
        if self._parts.told is not None:
            self._parts.told(stored)


def _is_plain(content: StoredContent) -> bool:
    """Whether one look shows that all of it can be stored."""
    return content.reply is not None and set(map(type, content.reply.values())) <= {str}


def _order_of(task: Task) -> DeliveryOrder:
    try:
        return ORDER_CODEC.decode(task.spec.payload)
    except UnreadableRecordError as error:
        raise PermanentTaskError(error.code) from error


def _due_or_later(wait: timedelta) -> bool:
    if wait > _NOTHING:
        raise _retry(wait)
    return True


def _retry(wait: timedelta) -> RetryTaskError:
    return RetryTaskError("the delivery waits", wait)


_make_push = maker(Push)

__all__ = ["OPEN", "DeliverySender", "Ended", "SenderParts", "Told"]
