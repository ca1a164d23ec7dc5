"""What people notice: they are answered, remembered, kept apart, and told no secrets."""

import asyncio
from typing import Final

from agent_host.testing.channel_driver import ChannelDriver
from agent_host.testing.channel_fixture import ChannelFixture, recall
from agent_host.types.turn import Turn

TEXT: Final = 'Grüße, 你好, <b>"you"</b> & 🎉 * _all_ `100%`'
SECRET: Final = "correct-horse-battery"  # noqa: S105 - what must not leak
PEOPLE: Final = 20


async def echo(turn: Turn) -> str:
    """Say it again."""
    return turn.text


async def fail(turn: Turn) -> str:
    """Fail with a text that nobody may see."""
    raise RuntimeError(f"{SECRET} for {turn.text}")


class ChannelTalkSuite(ChannelFixture):
    """Speaks the protocol, by the driver."""

    async def test_it_answers(self, driver: ChannelDriver) -> None:
        async with self.serving(echo, driver) as served:
            answer = await driver.ask(served.client, TEXT, person="alice", session="one")
        assert (answer.text, answer.failed) == (TEXT, False)

    async def test_it_remembers_within_a_session_and_not_beyond(
        self, driver: ChannelDriver
    ) -> None:
        async with self.serving(recall, driver) as served:
            client = served.client
            await driver.ask(client, "first", person="alice", session="one")
            second = await driver.ask(client, "second", person="alice", session="one")
            other = await driver.ask(client, "third", person="alice", session="other")
        assert second.text == ("first / second" if driver.has_sessions else "second")
        assert other.text == "third"

    async def test_people_never_meet_in_a_session(self, driver: ChannelDriver) -> None:
        async with self.serving(recall, driver) as served:
            client = served.client
            await driver.ask(client, "mine", person="alice", session="shared")
            of_bob = await driver.ask(client, "and mine", person="bob", session="shared")
        assert of_bob.text == "and mine"
        assert "alice" not in of_bob.wire

    async def test_a_failure_says_nothing_of_its_cause(self, driver: ChannelDriver) -> None:
        async with self.serving(fail, driver) as served:
            answer = await driver.ask(served.client, "hello", person="alice", session="one")
        assert answer.failed
        assert answer.text
        assert SECRET not in answer.wire
        assert "RuntimeError" not in answer.wire

    async def test_many_at_once_each_get_their_own_answer(self, driver: ChannelDriver) -> None:
        everybody = [f"person{number}" for number in range(PEOPLE)]
        async with self.serving(echo, driver) as served, asyncio.TaskGroup() as group:
            asked = {
                person: group.create_task(
                    driver.ask(served.client, f"I am {person}", person=person, session="one")
                )
                for person in everybody
            }
        assert {person: task.result().text for person, task in asked.items()} == {
            person: f"I am {person}" for person in everybody
        }


__all__ = ["ChannelTalkSuite", "echo", "fail"]
