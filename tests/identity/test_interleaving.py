"""Whatever people do in whatever order, nobody sees what is not theirs.

A model keeps who is one person. After each step every identity's runs must be those that the model
says, no more and no less, and every other run must read as missing.
"""

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, TypeAlias

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent_host import AgentHost
from agent_host.errors import LinkRefusedError, NotFoundError, NotLinkedError
from agent_host.identity.option import PeopleOptions
from agent_host.stores.memory import MemoryStateStore
from agent_host.testing.store_double import SeverableStore
from agent_host.types import Caller, HostedResult, IsolationKey, Owner, RunId, Turn
from tests.host.linked import host_of, person, said
from tests.identity.people import key, party

LIMIT = 3


class Who(NamedTuple):
    """An identity. The same native id is seen on two channels and in two tenants."""

    name: str
    channel: str
    tenant: str

    @property
    def key(self) -> IsolationKey:
        return key(self.name, self.channel, self.tenant)


PEOPLE = [
    Who("1", "chat", "one"),
    Who("1", "phone", "one"),
    Who("2", "chat", "one"),
    Who("2", "phone", "one"),
    Who("1", "chat", "two"),
    Who("2", "chat", "two"),
]
Groups: TypeAlias = frozenset[tuple[Who, ...]]
"""Who is one person; the first is who the others came to."""


class Step(NamedTuple):
    """What happens. `other` counts for links only."""

    kind: Literal["turn", "begin", "finish", "link", "unlink"]
    who: Who
    other: Who


steps = st.builds(
    Step,
    st.sampled_from(["turn", "begin", "finish", "link", "link", "unlink"]),
    st.sampled_from(PEOPLE),
    st.sampled_from(PEOPLE),
)
moments = st.lists(st.lists(steps, min_size=1, max_size=3), max_size=12)
"""What happens at each moment, all of it at once."""


def _of(groups: Groups, who: Who) -> tuple[Who, ...]:
    return next(group for group in groups if who in group)


def after(groups: Groups, step: Step) -> Groups:
    """Who is one behind the step."""
    mine = _of(groups, step.who)
    if step.kind == "link":
        to = _of(groups, step.other)
        too_many = len(mine) + len(to) > LIMIT
        if mine == to or step.who.tenant != step.other.tenant or too_many:
            return groups
        return groups - {mine, to} | {to + mine}
    if step.kind == "unlink" and len(mine) > 1:
        others = tuple(each for each in mine if each != step.who)
        return groups - {mine} | {(step.who,), others}
    return groups


def _possible(groups: Groups, at_once: Sequence[Step]) -> set[Groups]:
    """All that can be after steps at the same moment: each order, where a refused one counts as
    not done.
    """
    if not at_once:
        return {groups}
    found: set[Groups] = set()
    for index, step in enumerate(at_once):
        rest = [*at_once[:index], *at_once[index + 1 :]]
        found |= _possible(after(groups, step), rest)
    return found


@dataclass
class World:
    """A host, and what was said there."""

    host: AgentHost
    groups: Groups
    runs: dict[RunId, Owner] = field(default_factory=dict[RunId, Owner])
    begun: list["asyncio.Task[HostedResult]"] = field(
        default_factory=list["asyncio.Task[HostedResult]"]
    )
    finishing: int = 0
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    async def take(self, step: Step) -> None:
        registry = self.host.people.registry
        match step.kind:
            case "turn":
                request = said(caller_of(step.who))
                self._note(await self.host.context.run(request))
            case "begin":
                request = said(caller_of(step.who), "wait", session="s")
                self.begun.append(asyncio.ensure_future(self.host.context.run(request)))
                await asyncio.sleep(0)
            case "finish":
                begun, self.begun = self.begun, []
                self.finishing += 1
                self.gate.set()
                for hosted in await asyncio.gather(*begun):
                    self._note(hosted)
                self.finishing -= 1
                if not self.finishing:
                    self.gate.clear()
            case "link":
                with suppress(LinkRefusedError):
                    await registry.link(party(*step.who), party(*step.other))
            case "unlink":
                with suppress(NotLinkedError):
                    await registry.unlink(party(*step.who))

    def _note(self, hosted: HostedResult) -> None:
        self.runs[hosted.run.id] = hosted.run.owner

    async def look(self) -> Groups:
        """Who is one, as the registry has it."""
        registry = self.host.people.registry
        found: set[tuple[Who, ...]] = set()
        for who in PEOPLE:
            bound = await registry.bind(who.tenant, who.key)
            owner = Owner(tenant=who.tenant, isolation_key=bound.isolation_key)
            known = [
                Who(each.identity.native_id, each.identity.channel, each.identity.tenant)
                for each in await registry.identities(owner)
            ] or [who]
            assert who in known
            (holder,) = (each for each in known if each.key == bound.isolation_key)
            rest = sorted(each for each in known if each != holder)
            assert bound.is_linked is (len(known) > 1)
            found.add((holder, *rest))
        assert sorted(who for group in found for who in group) == sorted(PEOPLE)
        return frozenset(found)

    async def check(self) -> None:
        """Everybody sees what is theirs and nothing else."""
        for who in PEOPLE:
            theirs = {each.key for each in _of(self.groups, who)}
            expected = {
                run_id
                for run_id, owner in self.runs.items()
                if owner.tenant == who.tenant and owner.isolation_key in theirs
            }
            view = await self.host.context.runs(caller_of(who))
            listed = {run.id for run in (await view.list(limit=200)).items}
            assert listed & self.runs.keys() == expected
            for run_id in self.runs:
                if run_id in expected:
                    await view.get(run_id)
                else:
                    with pytest.raises(NotFoundError):
                        await view.get(run_id)


def caller_of(who: Who) -> Caller:
    """As a channel saw them."""
    return person(who.name, who.channel, tenant=who.tenant)


def _unordered(groups: Iterable[tuple[Who, ...]]) -> set[tuple[Who, frozenset[Who]]]:
    return {(group[0], frozenset(group)) for group in groups}


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(moments)
async def test_nobody_ever_sees_what_is_not_theirs(at_moments: list[list[Step]]) -> None:
    gate = asyncio.Event()

    async def target(turn: Turn) -> str:
        if turn.text == "wait":
            await gate.wait()
        return turn.text

    async with (
        MemoryStateStore() as memory,
        host_of(
            target,
            store=SeverableStore(memory, suspends=True),
            people=PeopleOptions(identity_limit=LIMIT),
        ) as host,
    ):
        world = World(host, frozenset((who,) for who in PEOPLE), gate=gate)
        for at_once in [*at_moments, [Step("finish", PEOPLE[0], PEOPLE[0])]]:
            possible = _possible(world.groups, at_once)
            await asyncio.gather(*(world.take(step) for step in at_once))
            found = await world.look()
            assert _unordered(found) in [_unordered(groups) for groups in possible]
            world.groups = next(
                groups for groups in possible if _unordered(groups) == _unordered(found)
            )
            await world.check()
