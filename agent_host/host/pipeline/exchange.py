"""What the steps fill in, one after the other, for one call of a channel."""

from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol, TypeVar

from agent_host.host.person.holding import Holding
from agent_host.host.record.idempotency_record import Claim
from agent_host.host.run.execution import Execution
from agent_host.host.session.gate import Place
from agent_host.types.identifier import IsolationKey, RunId
from agent_host.types.identity import IdentityBinding
from agent_host.types.isolation import IsolationKeys
from agent_host.types.principal import Owner, Principal
from agent_host.types.request import Caller, ChannelRequest
from agent_host.types.run import HostedResult
from agent_host.types.session import Session
from agent_host.types.store import Write

T = TypeVar("T")


class Wish(Enum):
    """What the channel wants of the run: its end, its events, or only that it is accepted."""

    RESULT = "result"
    EVENTS = "events"
    ACCEPTANCE = "acceptance"


@dataclass(slots=True, kw_only=True)
class Exchange:
    """Mutable on purpose and never shared: it lives as long as one call.

    `replay_of` is the run that an idempotency key led to, `claim` what a new key is for. `claims`
    says that `writes` take what another call may want too. `outcome` is set by the last step.

    `natural_key` is the identity's own, `person` whose it is, `owner` what a room, a platform or
    the authorizer make of that; `is_made_of_person` says that it is another partition of this very
    person. `binding` and `holding` are None where nobody can be linked.
    """

    caller: Caller
    wish: Wish = Wish.RESULT
    run_id: RunId | None = None
    replay_of: RunId | None = None
    claim: Claim | None = None
    principal: Principal | None = None
    natural_key: IsolationKey | None = None
    person: Owner | None = None
    binding: IdentityBinding | None = None
    isolation_key: IsolationKey | None = None
    isolation: IsolationKeys | None = None
    owner: Owner | None = None
    is_made_of_person: bool = False
    holding: Holding | None = None
    session: Session | None = None
    session_is_new: bool = False
    place: Place | None = None
    writes: list[Write] = field(default_factory=list[Write])
    claims: bool = False
    execution: Execution | None = None
    outcome: HostedResult | None = None


class CallStep(Protocol):
    """A step that needs no more than what earlier steps set."""

    async def __call__(self, exchange: Exchange) -> None:
        """Read what earlier steps set, set one's own, or raise a `HostError`."""
        ...


class TurnStep(Protocol):
    """A step that looks at the turn."""

    async def __call__(self, exchange: Exchange, request: ChannelRequest) -> None:
        """Read what earlier steps set, set one's own, or raise a `HostError`."""
        ...


def given(value: T | None) -> T:
    """What an earlier step has set.

    Raises:
        RuntimeError: it has not: the steps are in the wrong order.
    """
    if value is None:
        message = "a pipeline step ran before the step it needs"
        raise RuntimeError(message)
    return value


__all__ = ["CallStep", "Exchange", "TurnStep", "Wish", "given"]
