"""Answers that go to all of a person, while identities are linked and unlinked: none ever goes to
somebody who was not that person at that moment.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent_host import AgentHost
from agent_host.errors import LinkRefusedError, NotLinkedError
from agent_host.host.record.run_record import RunRecords
from agent_host.identity.option import PeopleOptions
from agent_host.stores.memory import MemoryStateStore
from agent_host.testing.push_channel import PlatformDouble, PushChannelDouble
from agent_host.testing.store_double import SeverableStore
from agent_host.types import DeliveryStatus, ResponseTarget, Run, RunId, RunPolicy
from tests.host.linked import host_of, said
from tests.identity.people import party
from tests.identity.test_interleaving import LIMIT, PEOPLE, Groups, Step, Who, after, caller_of

ALL: Final = ResponseTarget(kind="all_linked")
OVER: Final = frozenset({DeliveryStatus.ACCEPTED, DeliveryStatus.DEAD})

steps = st.builds(
    Step,
    st.sampled_from(["turn", "turn", "link", "link", "unlink"]),
    st.sampled_from(PEOPLE),
    st.sampled_from(PEOPLE),
)
moments = st.lists(st.lists(steps, min_size=1, max_size=3), max_size=10)


def _reachable(groups: Groups, at_once: Sequence[Step]) -> set[Groups]:
    """All that can be at any time while these steps are taken."""
    found = {groups}
    for index, step in enumerate(at_once):
        rest = [*at_once[:index], *at_once[index + 1 :]]
        found |= _reachable(after(groups, step), rest)
    return found


@dataclass
class World:
    """A host whose two channels push, and who asked what."""

    host: AgentHost
    platforms: Sequence[PlatformDouble]
    runs: RunRecords
    asked: dict[RunId, Who] = field(default_factory=dict[RunId, Who])
    going: list[Run] = field(default_factory=list[Run])

    async def take(self, step: Step) -> None:
        registry = self.host.people.registry
        match step.kind:
            case "link":
                with suppress(LinkRefusedError):
                    await registry.link(party(*step.who), party(*step.other))
            case "unlink":
                with suppress(NotLinkedError):
                    await registry.unlink(party(*step.who))
            case _:
                request = said(caller_of(step.who), response_target=ALL)
                hosted = await self.host.context.run(request)
                self.asked[hosted.run.id] = step.who
                self.going.append(hosted.run)

    async def settle(self) -> None:
        """Return once every answer has gone wherever it goes."""
        for run in self.going:
            while (kept := await self.runs.get(run.owner, run.id)) is None or (
                not kept[0].status.is_terminal
            ):
                await asyncio.sleep(0)
        self.going.clear()
        while any(one.status not in OVER for one in (await self.host.deliveries.list()).items):
            await asyncio.sleep(0)

    def pushed(self) -> list[tuple[Who, Who]]:
        """Who asked, and who was told, of what has gone out since this was asked last."""
        found: list[tuple[Who, Who]] = []
        for platform in self.platforms:
            for push in platform.taken:
                identity = push.destination.identity
                assert identity is not None
                told = Who(identity.native_id, identity.channel, identity.tenant)
                found.append((self.asked[push.result.run.id], told))
            platform.taken.clear()
        return found


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(moments)
async def test_no_answer_ever_goes_to_somebody_else(at_moments: list[list[Step]]) -> None:
    platforms = [PlatformDouble(), PlatformDouble()]
    channels = [
        PushChannelDouble(name, platform)
        for name, platform in zip(("chat", "phone"), platforms, strict=True)
    ]
    async with (
        MemoryStateStore() as memory,
        host_of(
            channels=channels,
            store=SeverableStore(memory, suspends=True),
            people=PeopleOptions(identity_limit=LIMIT),
        ) as host,
    ):
        world = World(host, platforms, RunRecords(memory, RunPolicy()))
        groups: Groups = frozenset((who,) for who in PEOPLE)
        told = 0
        for at_once in at_moments:
            reachable = _reachable(groups, at_once)
            await asyncio.gather(*(world.take(step) for step in at_once))
            await world.settle()
            for asker, one in world.pushed():
                told += 1
                assert any({asker, one} <= set(group) for each in reachable for group in each)
            groups = await _found(host)
        # Whoever asks has spoken in private, and so is a destination of their own at least; only
        # who is linked or unlinked at the very moment may miss it.
        is_sure = any({step.kind for step in at_once} == {"turn"} for at_once in at_moments)
        assert told or not is_sure


async def _found(host: AgentHost) -> Groups:
    """Who is one, as the registry has it."""
    registry = host.people.registry
    by_key: dict[tuple[str, str], list[Who]] = {}
    for who in PEOPLE:
        bound = await registry.bind(who.tenant, who.key)
        by_key.setdefault((who.tenant, bound.isolation_key), []).append(who)
    return frozenset(
        tuple(sorted(members, key=lambda who: who.key != key))
        for (_, key), members in by_key.items()
    )
