"""Whom the host's own rules let in: every channel, against hosts that let in nobody, whoever has
linked, and one person.
"""

import asyncio

from agent_host.identity.access_policy import AuthPolicy, HostAccessPolicy
from agent_host.identity.allowlist.native_id import NativeIdAllowlist
from agent_host.identity.option import PeopleOptions
from agent_host.protocols.access_policy import Allowlist
from agent_host.protocols.channel import RouteAccess
from agent_host.testing.channel_access_suite import access_for, perform
from agent_host.testing.channel_driver import ChannelDriver
from agent_host.testing.channel_fixture import ChannelFixture, RecordingTarget, recall
from agent_host.testing.channel_place import places_of
from agent_host.testing.person import NotingAllowlist
from agent_host.types.visitor import Verdict, Visitor


class ChannelPeopleSuite(ChannelFixture):
    """Each of these fails where the pipeline does not ask."""

    asked_within_seconds = 5.0
    """How long a channel that acknowledges first may take to do what it was asked."""

    async def test_nothing_is_done_for_whom_the_list_denies(
        self, driver: ChannelDriver, name: str
    ) -> None:
        target, nobody = RecordingTarget(), NotingAllowlist(Verdict.DENY)
        places = places_of(self.make_host(recall, driver).app.routes)
        async with self.serving(target, driver, people=listed(nobody)) as served:
            for sample in driver.samples:
                if access_for(sample, places) is RouteAccess.ADMIN:
                    continue  # not a matter of the pipeline
                nobody.forget()
                await perform(served, driver, sample)
                assert (await self._asked(nobody)).channel == name, sample
            answer = await driver.ask(served.client, "hello", person="alice", session="one")
        assert answer.failed
        assert target.heard == []

    async def test_who_has_not_linked_is_not_let_in_where_a_link_is_required(
        self, driver: ChannelDriver
    ) -> None:
        target = RecordingTarget()
        people = PeopleOptions(access=HostAccessPolicy(policy=AuthPolicy.linked()), has_linker=True)
        async with self.serving(target, driver, people=people) as served:
            answer = await driver.ask(served.client, "hello", person="alice", session="one")
        assert answer.failed
        assert target.heard == []

    async def test_one_who_is_listed_is_let_in_and_no_other(self, driver: ChannelDriver) -> None:
        noting = NotingAllowlist(Verdict.ALLOW)
        async with self.serving(recall, driver, people=listed(noting)) as served:
            await driver.ask(served.client, "hello", person="alice", session="one")
            alice = (await self._asked(noting)).identity
        target = RecordingTarget()
        only_alice = NativeIdAllowlist({alice.channel: [alice.native_id]})
        async with self.serving(target, driver, people=listed(only_alice)) as served:
            said = await driver.ask(served.client, "from alice", person="alice", session="one")
            refused = await driver.ask(served.client, "from bob", person="bob", session="one")
        assert (said.failed, refused.failed) == (False, True)
        assert target.heard == ["from alice"]

    async def _asked(self, noting: NotingAllowlist) -> Visitor:
        try:
            async with asyncio.timeout(self.asked_within_seconds):
                return await noting.next_asked()
        except TimeoutError:
            raise AssertionError("it was done without asking") from None


def listed(allowlist: Allowlist) -> PeopleOptions:
    """A host with this list."""
    return PeopleOptions(access=HostAccessPolicy(policy=AuthPolicy(allowlist=allowlist)))


__all__ = ["ChannelPeopleSuite", "listed"]
