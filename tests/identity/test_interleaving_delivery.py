"""Answers that go to all of a person, while identities are linked and unlinked: none ever goes to
somebody who was not that person at that moment, and none is lost without a word.
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
from agent_host.host.run.ending import DELIVERY_NOTE
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

    async def settle(self) -> Sequence[Run]:
        """The runs of this moment, once every answer has gone wherever it goes."""
        going, self.going = self.going, []
        for run in going:
            while (kept := await self.runs.get(run.owner, run.id)) is None or (
                not kept[0].status.is_terminal
            ):
                await asyncio.sleep(0)
        while any(one.status not in OVER for one in (await self.host.deliveries.list()).items):
            await asyncio.sleep(0)
        return going

    async def tells_why(self, run: Run) -> bool:
        """Whether whoever reads the run sees why it reached nobody: a destination was left out, or
        a dead letter stands.
        """
        reader = next(who for who in PEOPLE if who.key == run.owner.isolation_key)
        hosted = await (await self.host.context.runs(caller_of(reader))).get(run.id)
        assert hosted.result is not None
        note = hosted.result.messages[-1].metadata[DELIVERY_NOTE]
        assert isinstance(note, dict)
        if note["skipped"]:
            return True
        letters = await self.host.deliveries.list(run_id=run.id, status=DeliveryStatus.DEAD)
        return bool(letters.items)

    def pushed(self) -> list[tuple[RunId, Who]]:
        """Of which run who was told, since this was asked last."""
        found: list[tuple[RunId, Who]] = []
        for platform in self.platforms:
            for push in platform.taken:
                identity = push.destination.identity
                assert identity is not None
                told = Who(identity.native_id, identity.channel, identity.tenant)
                found.append((push.result.run.id, told))
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
        for at_once in at_moments:
            reachable = _reachable(groups, at_once)
            is_parting = any(step.kind == "unlink" for step in at_once)
            await asyncio.gather(*(world.take(step) for step in at_once))
            runs = await world.settle()
            told = world.pushed()
            for run_id, one in told:
                asker = world.asked[run_id]
                assert any({asker, one} <= set(group) for each in reachable for group in each)
            for run in runs:
                # Whoever asks has spoken in private, and so is a destination of their own at least,
                # and stays one however they are linked.
                if not is_parting:
                    assert (run.id, world.asked[run.id]) in told
                elif all(run_id != run.id for run_id, _ in told):
                    assert await world.tells_why(run)
            groups = await _found(host)


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
