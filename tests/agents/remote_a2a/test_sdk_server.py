"""The official SDK's server as the agent elsewhere: nobody who wrote it knew of us."""

import pytest

from agent_host.agents.remote_a2a import RemoteA2AAgent
from agent_host.errors import TargetError, TargetRejectedError
from agent_host.types import DataPart, FilePart, InputRequired, ProgressReported, TextDelta
from tests.adapters.driving import Driven, drive
from tests.agents.remote_a2a.sdk_server import BYTES, sdk_server
from tests.agents.remote_a2a.serving import new_turn

SPOKEN = [("JSONRPC", "1.0"), ("HTTP+JSON", "1.0"), ("JSONRPC", "0.3")]

pytestmark = [
    pytest.mark.parametrize(("binding", "version"), SPOKEN),
    pytest.mark.parametrize("streams", [True, False]),
]


async def ran(binding: str, version: str, streams: bool, text: str, *answers: object) -> Driven:
    async with (
        sdk_server(binding, version, streams=streams) as url,
        await RemoteA2AAgent.discover(url) as agent,
    ):
        assert agent.description.name == "Worded_agent"
        assert [skill.name for skill in agent.description.skills] == ["Obey"]
        return await drive(agent, new_turn(text, session_id="ses_1"), *answers)


async def test_words_come_back(binding: str, version: str, streams: bool) -> None:
    driven = await ran(binding, version, streams, "stream")
    assert driven.text == driven.result.text == "0 1 2 "
    assert not streams or len(driven.of(TextDelta)) == 3


async def test_what_is_said_at_the_end_is_the_answer(
    binding: str, version: str, streams: bool
) -> None:
    driven = await ran(binding, version, streams, "said")
    assert driven.text == driven.result.text == "said at the end"
    assert driven.of(ProgressReported) == [ProgressReported(text="on it")] or not streams


async def test_a_message_is_an_answer(binding: str, version: str, streams: bool) -> None:
    driven = await ran(binding, version, streams, "message")
    assert driven.text == driven.result.text == "just words"


async def test_artifacts_of_every_kind(binding: str, version: str, streams: bool) -> None:
    result = (await ran(binding, version, streams, "artifacts")).result
    assert [one.name for one in result.artifacts] == ["report", "numbers", "picture"]
    assert result.artifacts[1].parts == (DataPart(data={"answer": 42}),)
    (picture,) = result.artifacts[2].parts
    assert picture == FilePart(media_type="image/png", data=BYTES, name="one.png")
    assert result.text == "three of them"


async def test_a_question_is_answered_in_its_task(
    binding: str, version: str, streams: bool
) -> None:
    driven = await ran(binding, version, streams, "ask", "the red one")
    (asked,) = driven.of(InputRequired)
    assert asked.questions[0].prompt == "Which one?"
    assert driven.result.text == "you said the red one"


async def test_how_it_fails(binding: str, version: str, streams: bool) -> None:
    with pytest.raises(TargetRejectedError, match="I will not"):
        await ran(binding, version, streams, "reject")
    with pytest.raises(TargetError, match="It broke"):
        await ran(binding, version, streams, "fail")
    with pytest.raises(TargetError) as raised:
        await ran(binding, version, streams, "raise")
    assert "correct-horse" not in str(raised.value)
