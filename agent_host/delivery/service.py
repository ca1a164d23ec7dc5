"""The deliveries of one host, wired: what plans them, sends them, and shows them to operators."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from types import TracebackType
from typing import Final, Self

from agent_host.delivery.address import AddressBook
from agent_host.delivery.content import Contents
from agent_host.delivery.dispatcher import Dispatcher
from agent_host.delivery.endpoint_log import EndpointLog
from agent_host.delivery.governor import Governor
from agent_host.delivery.kept import KeptDeliveries
from agent_host.delivery.lifecycle import lifecycle_of
from agent_host.delivery.operator import HostDeliveryOperator
from agent_host.delivery.option import DeliveryOptions
from agent_host.delivery.order import KIND
from agent_host.delivery.outbox import OutboxBell
from agent_host.delivery.pacing import Pacing
from agent_host.delivery.planner import AnswerPlanner, Carrier
from agent_host.delivery.proactive import MessageDeliverer, MessageParts
from agent_host.delivery.push_channel import push_channels
from agent_host.delivery.record import DeliveryRecords, StoredDelivery
from agent_host.delivery.refusal import refusal_text
from agent_host.delivery.resolution import Resolver
from agent_host.delivery.sender import DeliverySender, SenderParts
from agent_host.errors import HostError
from agent_host.protocols.channel import Channel
from agent_host.protocols.clock import Clock, IdFactory
from agent_host.protocols.delivery import DeliveryObserver, ResponseHook, RunAnswers
from agent_host.protocols.identity_resolver import IdentityResolver
from agent_host.protocols.push import SubscribedPush
from agent_host.protocols.state_store import StateStore
from agent_host.protocols.task_runner import TaskRunner
from agent_host.types.delivery import Destination
from agent_host.types.request import ChannelRequest
from agent_host.types.task import RetryPolicy

CALLS_LIMIT: Final = 100_000
"""How often a runner may call for one delivery. Its attempts are counted in its own record; this
ends what cannot even get there.
"""

CALL_TIME_FACTOR: Final = 8
"""One call may prepare and push an echo and its reply; each of the four has a limit of its own."""

FIRST_PAUSE: Final = timedelta(milliseconds=5)
LAST_PAUSE: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliverySeams:
    """What deliveries are built over."""

    store: StateStore
    runner: TaskRunner
    channels: Sequence[Channel]
    resolver: IdentityResolver
    clock: Clock
    ids: IdFactory
    options: DeliveryOptions = field(default_factory=DeliveryOptions)
    response_hook: ResponseHook | None = None
    observer: DeliveryObserver | None = None
    carrier: Carrier | None = None


class Deliveries:
    """Built before the engine, which plans by it; given the answers of runs with `answers_from`;
    entered once the store is up.

    Raises:
        ConfigurationError: a channel pushes what cannot be stored.
    """

    def __init__(self, seams: DeliverySeams) -> None:
        self._seams = seams
        policy = seams.options.policy
        self._pushes = push_channels(seams.channels)
        self._bell = OutboxBell()
        self._records = DeliveryRecords(seams.store, policy)
        self.kept = KeptDeliveries(seams.store, self._records)
        self._resolver = Resolver(
            policy,
            pushing=self._pushes,
            link_policy=seams.options.link_policy,
            tiers=seams.options.tiers,
        )
        pacing = Pacing(policy, seams.clock)
        self.planner = AnswerPlanner(
            self._records,
            resolver=self._resolver,
            registry=seams.options.registry,
            subscribed=[push for push in self._pushes.values() if isinstance(push, SubscribedPush)],
            pacing=pacing,
            bell=self._bell,
            clock=seams.clock,
            ids=seams.ids,
            log=EndpointLog(seams.store, self._records, policy=policy),
            carrier=seams.carrier,
        )
        self.operator = HostDeliveryOperator(
            seams.store, self._records, pacing=pacing, bell=self._bell, clock=seams.clock
        )
        self._dispatcher = Dispatcher(seams.store, seams.runner, bell=self._bell, clock=seams.clock)
        self._deliverer: MessageDeliverer | None = None
        self._group = asyncio.TaskGroup()
        self._dispatching: asyncio.Task[None] | None = None

    def answers_from(self, answers: RunAnswers) -> MessageDeliverer:
        """Say where answers are found; who sends messages that no run made."""
        seams, policy = self._seams, self._seams.options.policy
        contents = Contents(
            self._records, pushes=self._pushes, answers=answers, hook=seams.response_hook
        )
        sender = DeliverySender(
            SenderParts(
                store=seams.store,
                runner=seams.runner,
                records=self._records,
                contents=contents,
                governor=Governor(seams.store, seams.clock),
                resolver=self._resolver,
                pushes=self._pushes,
                registry=seams.options.registry,
                policy=policy,
                clock=seams.clock,
                asks_app=seams.response_hook is not None,
                told=None if seams.observer is None else self._tell,
            )
        )
        seams.runner.register(
            KIND,
            sender.send,
            concurrency=policy.concurrency,
            retry=RetryPolicy(
                attempts_limit=CALLS_LIMIT,
                first_delay=FIRST_PAUSE,
                last_delay=LAST_PAUSE,
                time_limit=CALL_TIME_FACTOR * policy.attempt_time_limit,
            ),
            on_dead=sender.give_up,
            prepare=sender.prepare,
            keeps_done=False,
        )
        self._deliverer = MessageDeliverer(
            MessageParts(
                store=seams.store,
                runner=seams.runner,
                records=self._records,
                planner=self.planner,
                contents=contents,
                sender=sender,
                addresses=AddressBook(
                    self._resolver,
                    registry=seams.options.registry,
                    identities=seams.resolver,
                    clock=seams.clock,
                ),
                policy=policy,
                clock=seams.clock,
                ids=seams.ids,
            )
        )
        return self._deliverer

    async def tell_refused(self, event_id: str, request: ChannelRequest, error: HostError) -> None:
        """Say to whoever sent an event why it became no run, where that can be said. An event whose
        answer would have gone nowhere has nobody who waits for word.
        """
        if request.response_target.kind == "none":
            return
        caller = request.caller
        text = refusal_text(request, error)
        if text is None or self._deliverer is None or not self.planner.can_push(caller.channel):
            return
        origin = Destination(
            channel=caller.channel,
            account=caller.account,
            identity=caller.identity,
            conversation=caller.conversation,
        )
        await self._deliverer.deliver(text, to=origin, idempotency_key=event_id)

    async def __aenter__(self) -> Self:
        """Begin to hand on what an earlier process left, however much; go on with it where anything
        can be pushed.
        """
        await self._group.__aenter__()
        work = self._dispatcher.run() if self._pushes else self._dispatcher.run_once()
        self._dispatching = self._group.create_task(work)
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.stop()
        await self._group.__aexit__(None, None, None)

    async def stop(self) -> None:
        """Hand on what was planned last, and nothing any more: the next process does."""
        if self._dispatching is None:
            return
        self._dispatching.cancel()
        await asyncio.wait((self._dispatching,))
        self._dispatching = None
        await self._dispatcher.hand_on(pages=1)

    def _tell(self, stored: StoredDelivery) -> None:
        if self._seams.observer is not None:
            self._seams.observer.delivered(lifecycle_of(stored, self._seams.clock.now()))


__all__ = ["Deliveries", "DeliverySeams"]
