"""The seams between runs and what becomes of their answers: planned at a run's end, sent later."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, TypeAlias

from agent_host.types.delivery import Delivery, DeliveryStatus, Destination, SentDelivery
from agent_host.types.delivery_event import DeliveryLifecycle
from agent_host.types.identifier import IsolationKey, RunId
from agent_host.types.json import JsonObject
from agent_host.types.message import Message
from agent_host.types.page import Page
from agent_host.types.principal import ChannelIdentity, Owner
from agent_host.types.request import Caller
from agent_host.types.response_target import ResponseTarget
from agent_host.types.run import HostedResult, Run, RunStatus
from agent_host.types.store import Write

ResponseHook: TypeAlias = Callable[
    [HostedResult, Destination], Awaitable[HostedResult] | HostedResult
]
"""Rewrites a copy of the result for one destination, before it is first sent. Sync or async. What
it raises makes a dead letter, which can be replayed once it is mended.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStation:
    """A run at a station that others hear of: it begins (`running`), asks (`input_required`) or is
    over. `origin` is who asked, `said` what they said, its files without their bytes. `run` is the
    run as it stands then; None once it is over, as it does not change any more.
    """

    owner: Owner
    run_id: RunId
    origin: Caller
    said: tuple[Message, ...]
    status: RunStatus = RunStatus.COMPLETED
    run: Run | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedDeliveries:
    """`writes` go into the commit that brings the run there; `note` is recorded with an answer
    that goes elsewhere: what is intended, what is skipped and why. `announce` is called once that
    is committed.
    """

    writes: Sequence[Write]
    note: JsonObject | None
    announce: Callable[[], None]


class DeliveryPlanner(Protocol):
    """Finds out where an answer goes, once there is one, and who else hears of the run."""

    @property
    def has_subscribers(self) -> bool:
        """Whether anybody may have asked to hear of runs that are not theirs to wait for."""
        ...

    @property
    def tells_of_starts(self) -> bool:
        """Whether anybody may have asked to hear of runs that begin."""
        ...

    @property
    def log(self) -> "DeliveryLog":
        """What was sent to those who have asked."""
        ...

    def can_push(self, channel: str) -> bool:
        """Whether anything can be sent by this channel, without being asked."""
        ...

    def check(self, target: ResponseTarget) -> None:
        """Refuse, when the request comes, what can never be done here.

        Raises:
            RequestError: the host knows no identities, or a channel is not one that can push.
        """
        ...

    async def plan(self, station: RunStation, target: ResponseTarget) -> PlannedDeliveries:
        """Resolve the target as things stand now: an answer goes there, and so does a question. It
        does not raise: what cannot be resolved is noted as skipped, and the answer can be fetched.
        """
        ...


class DeliveryLog(Protocol):
    """Deliveries to endpoints that people, or the operator, have registered. Whose an endpoint is,
    its channel knows.
    """

    async def list(
        self,
        channel: str,
        account: str,
        endpoint: str,
        *,
        cursor: str | None = None,
        limit: int = 50,
    ) -> Page[SentDelivery]:
        """Those to the identity of this name, newest first. Some may be left out of a page.

        Raises:
            RequestError: the limit or the cursor is none.
        """
        ...


class RunAnswers(Protocol):
    """The answers of runs that are over, for those who send them."""

    async def answer(self, owner: Owner, run_id: RunId) -> HostedResult | None:
        """The run with its result; None if it is not kept any more."""
        ...

    async def restored(self, owner: Owner, messages: tuple[Message, ...]) -> tuple[Message, ...]:
        """Messages with the bytes of their files."""
        ...


class DeliveryObserver(Protocol):
    """Is told of every delivery of this process, on the loop; it returns at once and raises
    nothing.
    """

    def delivered(self, event: DeliveryLifecycle) -> None:
        """A delivery came to a station."""
        ...


class Deliverer(Protocol):
    """Sends what nobody has asked for just now."""

    async def deliver(
        self,
        message: Message | str,
        *,
        to: IsolationKey | Owner | ChannelIdentity | Destination,
        target: ResponseTarget | None = None,
        at: datetime | timedelta | None = None,
        idempotency_key: str | None = None,
    ) -> tuple[Delivery, ...]:
        """Accept a message to a person, an identity or a conversation: durable when it returns.

        `target` says where a person is reached, `active` by default. `at` is aware, or how long
        from now; what is past is sent now. With an `idempotency_key` that is known the earlier
        deliveries are returned.

        Raises:
            NotFoundError: nobody is known by it, or nothing of theirs can be reached.
            RequestError: the destination cannot be pushed to, or the target is none for this.
            IdempotencyConflictError: the key was used for another message.
        """
        ...


class DeliveryOperator(Protocol):
    """Deliveries of all owners, without content. `NotFoundError` where there is none such."""

    async def list(
        self,
        *,
        status: DeliveryStatus | None = None,
        run_id: str | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> Page[Delivery]:
        """Newest first; those of one run, oldest first. With a `status` a page may have fewer than
        `limit`, even none, and still a cursor: a bounded number is looked at for each.

        Raises:
            RequestError: the limit or the cursor is none.
        """
        ...

    async def show(self, delivery_id: str) -> Delivery:
        """One, with its attempts."""
        ...

    async def cancel(self, delivery_id: str) -> Delivery:
        """Let it never be attempted.

        Raises:
            DeliveryStateError: it was attempted already, or is over.
        """
        ...

    async def replay(self, delivery_id: str) -> Delivery:
        """Have it begin anew, under its own id.

        Raises:
            DeliveryStateError: it is neither dead nor unknown.
        """
        ...

    async def replay_all(
        self, *, status: DeliveryStatus | None = None, channel: str | None = None
    ) -> int:
        """Replay those that are dead or unknown now; how many."""
        ...

    async def purge(self, delivery_id: str) -> None:
        """Forget one that is dead or unknown.

        Raises:
            DeliveryStateError: it is neither.
        """
        ...

    async def purge_all(
        self, *, status: DeliveryStatus | None = None, channel: str | None = None
    ) -> int:
        """Forget those that are dead or unknown now; how many."""
        ...


__all__ = [
    "Deliverer",
    "DeliveryLog",
    "DeliveryObserver",
    "DeliveryOperator",
    "DeliveryPlanner",
    "PlannedDeliveries",
    "ResponseHook",
    "RunAnswers",
    "RunStation",
]
