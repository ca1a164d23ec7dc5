"""Our own host as the agent elsewhere, in every dialect: what it says is what the run says."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any, cast

import httpx
import pytest
from pydantic import SecretStr

from agent_host import AgentHost
from agent_host.agents.remote_a2a import RemoteA2AAgent, RemoteA2AOptions
from agent_host.agents.remote_a2a.dialect import Dialect
from agent_host.errors import ConfigurationError, TargetError, TargetRejectedError
from agent_host.testing.live_server import live_server
from agent_host.testing.person import PersonAuthenticator, as_person
from agent_host.types import (
    ArtifactChunk,
    CancelSignal,
    DataPart,
    FilePart,
    InputRequired,
    Message,
    ProgressReported,
    RunCancelled,
    RunEvent,
    TextDelta,
    TextPart,
    Turn,
)
from agent_host_a2a import A2AChannel
from agent_host_rest import RestChannel
from tests.adapters.driving import drive
from tests.agents.remote_a2a.serving import ALL, WITH_TASKS, OneDialect, new_turn, remote
from tests.channels.a2a.agent import BYTES, WAITING, converse


@pytest.mark.parametrize("dialect", ALL)
async def test_its_card_describes_it(dialect: Dialect) -> None:
    async with remote(dialect) as agent:
        described = agent.description
    assert described.name == "converse"
    assert described.description.startswith("Do what the last message says")
    assert [skill.id for skill in described.skills] == ["converse"]


@pytest.mark.parametrize("dialect", ALL)
async def test_words_come_back(dialect: Dialect) -> None:
    async with remote(dialect) as agent:
        driven = await drive(agent, new_turn("hello"))
    assert driven.text == driven.result.text == "hello"


@pytest.mark.parametrize("dialect", WITH_TASKS)
async def test_words_are_streamed_as_they_come(dialect: Dialect) -> None:
    async with remote(dialect) as agent:
        driven = await drive(agent, new_turn("stream"))
    assert len(driven.of(TextDelta)) == 20
    assert driven.text == driven.result.text == "".join(f"{number} " for number in range(20))


@pytest.mark.parametrize("dialect", ALL)
async def test_who_does_not_stream_is_asked_how_it_stands(dialect: Dialect) -> None:
    async with remote(dialect, streams=False) as agent:
        driven = await drive(agent, new_turn("stream"))
    assert driven.text == driven.result.text == "".join(f"{number} " for number in range(20))


@pytest.mark.parametrize("dialect", ALL)
@pytest.mark.parametrize("streams", [True, False])
async def test_artifacts_stay_artifacts(dialect: Dialect, *, streams: bool) -> None:
    async with remote(dialect, streams=streams) as agent:
        driven = await drive(agent, new_turn("artifacts"))
    report, numbers = driven.result.artifacts
    assert (report.id, report.name, report.description) == ("report", "Report", "What was found")
    assert report.parts == (TextPart(text="onetwo"),)
    assert report.metadata == {"pages": 2}
    assert numbers.parts == (DataPart(data={"answer": 42}),)
    assert {chunk.artifact_id for chunk in driven.of(ArtifactChunk)} == {"report", "numbers"}
    assert driven.result.text == "onetwo"


@pytest.mark.parametrize("dialect", ALL)
async def test_files_and_data_come_back(dialect: Dialect) -> None:
    async with remote(dialect) as agent:
        files = (await drive(agent, new_turn("files"))).result
        data = (await drive(agent, new_turn("data"))).result
    (said,) = files.messages
    assert said.parts == (
        FilePart(media_type="image/png", data=BYTES, name="one.png"),
        FilePart(media_type="text/html", uri="https://example.org/x"),
    )
    assert data.messages[0].parts == (DataPart(data={"list": [1, None, "x"]}),)


@pytest.mark.parametrize("dialect", ALL)
async def test_files_and_data_are_sent(dialect: Dialect) -> None:
    async def names(turn: Turn) -> str:
        return " ".join(type(part).__name__ for one in turn.messages for part in one.parts)

    parts = (
        TextPart(text="see"),
        FilePart(media_type="image/png", data=BYTES, name="one.png"),
        FilePart(media_type="text/html", uri="https://example.org/x"),
        DataPart(data={"a": 1}),
    )
    async with remote(dialect, target=names) as agent:
        turn = new_turn(messages=(Message(role="user", parts=parts),))
        driven = await drive(agent, turn)
    assert driven.result.text == "TextPart FilePart FilePart DataPart"


async def test_progress_is_shown_and_is_no_answer() -> None:
    async with remote() as agent:
        driven = await drive(agent, new_turn("progress"))
    assert [event.text for event in driven.of(ProgressReported)] == ["half way"]
    assert driven.result.text == "done"


async def test_a_message_is_an_answer_too() -> None:
    async with remote() as agent:
        driven = await drive(agent, new_turn("message"))
    assert driven.text == driven.result.text == "just words"


@pytest.mark.parametrize("dialect", WITH_TASKS)
async def test_what_fails_fails_with_the_agents_own_words(dialect: Dialect) -> None:
    async with remote(dialect) as agent:
        with pytest.raises(TargetRejectedError, match="I will not do that"):
            await drive(agent, new_turn("reject"))
        with pytest.raises(TargetError, match="failed to answer") as failed:
            await drive(agent, new_turn("fail"))
    assert failed.value.code == "target_error"


@pytest.mark.parametrize("dialect", WITH_TASKS)
@pytest.mark.parametrize("streams", [True, False])
async def test_questions_are_asked_and_answered(dialect: Dialect, *, streams: bool) -> None:
    async with remote(dialect, streams=streams) as agent:
        driven = await drive(agent, new_turn("ask twice"), 3, True)
        both = await drive(agent, new_turn("ask both"), {"qst_days": 2, "qst_sure": False})
        signed = await drive(agent, new_turn("sign in"), "my code")
    asked = [event.questions[0] for event in driven.of(InputRequired)]
    assert [(one.prompt, one.kind) for one in asked] == [
        ("How many days?", "input"),
        ("Sure?", "approval"),
    ]
    assert asked[0].schema == {"type": "integer"}
    assert driven.result.text == "first 3 True"
    assert "'qst_days': 2" in both.result.text
    assert signed.of(InputRequired)[0].questions[0].kind == "auth"
    assert signed.result.text == "signed in with my code"


@pytest.mark.parametrize("dialect", WITH_TASKS)
@pytest.mark.parametrize("streams", [True, False])
async def test_who_stops_the_run_stops_the_task(dialect: Dialect, *, streams: bool) -> None:
    ended = asyncio.Event()

    async def waits(turn: Turn) -> AsyncGenerator[str]:
        try:
            yield WAITING
            await turn.cancelled.wait()
        finally:
            ended.set()

    cancelled = CancelSignal()
    events: list[RunEvent] = []
    async with remote(dialect, target=waits, streams=streams) as agent:
        async for event in agent.run(new_turn("wait", cancelled=cancelled)):
            events.append(event)
            if isinstance(event, TextDelta):
                cancelled.set("caller")
        await asyncio.wait_for(ended.wait(), 10)
    assert events[-1] == RunCancelled(reason="caller")


async def test_turns_of_a_session_are_one_conversation() -> None:
    async def counts(turn: Turn) -> str:
        before = 0 if turn.history is None else len(turn.history.messages)
        return f"{turn.text} after {before}"

    async with remote(target=counts) as agent:
        first = await drive(agent, new_turn("one", session_id="ses_1"))
        second = await drive(agent, new_turn("two", session_id="ses_1"))
        other = await drive(agent, new_turn("one", session_id="ses_2"))
        alone = await drive(agent, new_turn("one"))
    assert [one.result.text for one in (first, second, other, alone)] == [
        "one after 0",
        "two after 2",
        "one after 0",
        "one after 0",
    ]


async def test_a_caller_that_keeps_the_conversation_is_understood() -> None:
    messages = (Message.user("My name is Ada."), Message.assistant("Hello."), Message.user("Who?"))
    async with remote() as agent:
        driven = await drive(agent, new_turn(messages=messages))
    assert driven.result.text == (
        "The conversation so far:\nuser: My name is Ada.\nassistant: Hello.Who?"
    )


async def test_ids_and_the_callers_metadata_go_along() -> None:
    async with remote() as agent:
        turn = new_turn("attributes", session_id="ses_1", metadata={"team": "red", "a2a": {}})
        driven = await drive(agent, turn)
    (part,) = driven.result.messages[0].parts
    assert isinstance(part, DataPart)
    seen = cast("dict[str, Any]", part.data)
    assert seen["metadata"]["team"] == "red"
    assert seen["metadata"]["agent_host"] == {"run": turn.run_id, "session": "ses_1"}


async def test_what_proves_who_we_are_goes_along() -> None:
    async def whoever(turn: Turn) -> str:
        return turn.principal.id

    options = RemoteA2AOptions(
        headers={"authorization": SecretStr(as_person("ada")["authorization"])}
    )
    async with remote(
        target=whoever, options=options, authenticator=PersonAuthenticator()
    ) as agent:
        driven = await drive(agent, new_turn("who am I?"))
    assert driven.result.text == "ada"


async def test_without_a_proof_the_host_is_not_let_in() -> None:
    async with remote(authenticator=PersonAuthenticator()) as agent:
        with pytest.raises(TargetError, match="does not let this host in") as refused:
            await drive(agent, new_turn("hello"))
    assert (refused.value.code, refused.value.retryable) == ("dependency", False)


async def test_a_host_fronts_an_agent_through_rest() -> None:
    behind = AgentHost(converse, channels=[A2AChannel()])
    async with live_server(behind.app) as url:
        front = AgentHost(await RemoteA2AAgent.discover(f"a2a+{url}"), channels=[RestChannel()])
        async with live_server(front.app) as place, httpx.AsyncClient(base_url=place) as client:
            said = await client.post("/invocations", json={"input": "hello"})
            asked = (await client.post("/invocations", json={"input": "ask"})).json()
            (question,) = asked["questions"]
            answer = {"answers": {question["id"]: True}}
            done = await client.post(f"/invocations/{asked['id']}/answer", json=answer)
    assert said.json()["output_text"] == "hello"
    assert done.status_code < 300, done.text


async def test_the_card_is_kept_and_asked_for_with_its_tag() -> None:
    host = AgentHost(converse, channels=[A2AChannel()])
    app = OneDialect(host.app, Dialect.JSON_RPC_1_0)
    async with live_server(app) as url, RemoteA2AAgent(url) as agent:
        for _ in range(3):
            await drive(agent, new_turn("hello"))
    assert [place for place, _ in app.seen].count("GET /.well-known/agent-card.json") == 1
    assert agent.description.name == "127.0.0.1"


@pytest.mark.parametrize(
    "url",
    ["ftp://host", "a2a+ftp://host", "https://ada:secret@host", "https://", "host", "a2a+x:y"],
)
def test_what_is_no_url_of_an_agent_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match="a2a\\+https"):
        RemoteA2AAgent(url)
