"""The agent as a target: it streams, cites, keeps the conversation and sees changed files."""

import asyncio
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import jsonschema
import pytest

from agent_host.agents.markdown import FOLDER_VARIABLE, MarkdownAgent, create_agent
from agent_host.agents.markdown_folder import MarkdownFolder
from agent_host.errors import ConfigurationError
from agent_host.types import (
    IsolationKey,
    Message,
    Owner,
    Principal,
    ProgressReported,
    RunCancelled,
    RunCompleted,
    RunEvent,
    RunId,
    Session,
    SessionHistory,
    SessionId,
    TextDelta,
    Turn,
)

OWNER = Owner(tenant="default", isolation_key=IsolationKey("iso_1"))
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
GUIDE = """\
# Guide
## Sessions
A session keeps a conversation, for thirty days.
## Leases
A lease keeps one writer per session.
## Resets
A session can be reset.
## Moves
A session can move to another channel.
## Redis
Redis is shared by replicas.
"""


class HandClock:
    """A monotonic clock that a test moves."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "guide.md").write_text(GUIDE)
    return folder


@asynccontextmanager
async def opened(folder: Path, clock: HandClock | None = None) -> AsyncGenerator[MarkdownAgent]:
    root = MarkdownFolder(root=folder)
    agent = MarkdownAgent(root, monotonic=clock) if clock else MarkdownAgent(root)
    async with agent:
        yield agent


def turn_of(*new: Message, history: tuple[Message, ...] = (), value: object = None) -> Turn:
    session = Session(id=SessionId("ses_1"), owner=OWNER, created_at=NOON, last_active_at=NOON)
    return Turn(
        run_id=RunId("run_1"),
        messages=new,
        input=new if value is None else value,
        principal=Principal(id="someone", kind="anonymous"),
        owner=OWNER,
        history=SessionHistory(session=session, messages=history),
    )


async def events_of(agent: MarkdownAgent, turn: Turn) -> list[RunEvent]:
    return [event async for event in agent.run(turn)]


async def ask(agent: MarkdownAgent, *said: str) -> str:
    """The answer to the last of a person's messages, the others being answered before it."""
    history: tuple[Message, ...] = ()
    text = ""
    for question in said:
        events = await events_of(agent, turn_of(Message.user(question), history=history))
        text = "".join(event.text for event in events if isinstance(event, TextDelta))
        history = (*history, Message.user(question), Message.assistant(text))
    return text


async def test_an_answer_is_streamed_and_cited(docs: Path) -> None:
    async with opened(docs) as agent:
        events = await events_of(agent, turn_of(Message.user("How long is a session kept?")))
    assert isinstance(events[0], ProgressReported)
    deltas = [event.text for event in events if isinstance(event, TextDelta)]
    assert len(deltas) > 5
    assert "thirty days" in "".join(deltas)
    assert "[1] guide.md \u203a Guide \u203a Sessions (line 3)" in "".join(deltas)
    last = events[-1]
    assert isinstance(last, RunCompleted)
    assert agent.description.output_schema is not None
    jsonschema.validate(last.result.value, agent.description.output_schema)
    assert "'line': 3" in str(last.result.value)


async def test_it_says_what_it_is(docs: Path) -> None:
    async with opened(docs) as agent:
        assert agent.description.name == "markdown"
        assert agent.capabilities.streams
        assert not agent.capabilities.keeps_history


async def test_a_conversation(docs: Path) -> None:
    question = "What about the session?"
    async with opened(docs) as agent:
        first = await ask(agent, question)
        assert "[3]" in first
        second = await ask(agent, question, "and the second one?")
        assert "— [2]" in second
        assert "— [1]" not in second
        more = await ask(agent, question, "more")
        assert "— [4]" in more
        assert "That was all: I found 4 passages" in await ask(agent, question, "more", "more")
        last = await ask(agent, question, "more", "the last one")
        assert "— [4]" in last
        places = await ask(agent, question, "where does it say that?")
        assert places.count("- [") == 3
        place = await ask(agent, question, "the second", "where does it say that?")
        assert "- [2]" in place
        assert "- [1]" not in place
        assert "Redis is shared" in await ask(agent, question, "what about redis?")
        assert "- [4]" in await ask(agent, question, "more", "source?")
        assert "only 4 passages" in await ask(agent, question, "number 9")


async def test_small_talk_is_answered_usefully(docs: Path) -> None:
    async with opened(docs) as agent:
        assert "Guide (guide.md)" in await ask(agent, "hello")
        assert "Guide (guide.md)" in await ask(agent, "help")
        assert "welcome" in await ask(agent, "thanks")
        assert "What would you like to know?" in await ask(agent, "more")
        assert "I need a word to look for" in await ask(agent, "sessions", "why?")


async def test_what_is_not_there_is_said_honestly(docs: Path) -> None:
    async with opened(docs) as agent:
        assert "do not mention “capital” or “france”" in await ask(agent, "capital of France?")
        assert "Did you mean “session”?" in await ask(agent, "sesion")
        partly = await ask(agent, "a lease in Bordeaux")
        assert partly.startswith("The documents do not mention “bordeaux”. The closest I found:")
        assert "one writer" in partly


async def test_a_client_that_sends_the_conversation_itself_is_understood(docs: Path) -> None:
    sent = (
        Message.user("session"),
        Message.assistant("..."),
        Message.user("and the"),
        Message.user("second one?"),
    )
    async with opened(docs) as agent:
        events = await events_of(agent, turn_of(*sent))
    text = "".join(event.text for event in events if isinstance(event, TextDelta))
    assert "— [2]" in text


async def test_a_question_made_by_a_run_hook_is_answered(docs: Path) -> None:
    async with opened(docs) as agent:
        events = await events_of(agent, turn_of(Message.user("x"), value="redis"))
    text = "".join(event.text for event in events if isinstance(event, TextDelta))
    assert "Redis is shared" in text


async def test_changed_files_are_noticed_within_a_second(docs: Path) -> None:
    clock = HandClock()
    async with opened(docs, clock) as agent:
        assert "do not mention “kangaroo”" in await ask(agent, "kangaroo")
        (docs / "new.md").write_text("# Zoo\nThe kangaroo jumps.\n")
        assert "do not mention “kangaroo”" in await ask(agent, "kangaroo")
        clock.seconds += 1.0
        assert "The kangaroo jumps." in await ask(agent, "kangaroo")
        (docs / "new.md").unlink()
        clock.seconds += 1.0
        assert "do not mention “kangaroo”" in await ask(agent, "kangaroo")


async def test_files_that_did_not_change_are_not_read_again(docs: Path) -> None:
    clock = HandClock()
    async with opened(docs, clock) as agent:
        status = (docs / "guide.md").stat()
        (docs / "guide.md").write_text(GUIDE.replace("thirty", "twenty"))
        os.utime(docs / "guide.md", ns=(status.st_atime_ns, status.st_mtime_ns))
        clock.seconds += 5.0
        assert "thirty days" in await ask(agent, "sessions")


async def test_many_at_once_get_their_own_answers(docs: Path) -> None:
    agent = create_agent(docs)
    assert isinstance(agent, MarkdownAgent)
    async with asyncio.TaskGroup() as group:
        redis = [group.create_task(ask(agent, "redis")) for _ in range(8)]
        lease = [group.create_task(ask(agent, "lease writer")) for _ in range(8)]
    assert len({task.result() for task in redis}) == 1
    assert len({task.result() for task in lease}) == 1
    assert "one writer" in lease[0].result()


async def test_it_stops_when_it_is_told_to(docs: Path) -> None:
    turn = turn_of(Message.user("session"))
    events: list[RunEvent] = []
    async with opened(docs) as agent:
        async for event in agent.run(turn):
            events.append(event)
            if isinstance(event, TextDelta):
                turn.cancelled.set("caller")
    assert events[-1] == RunCancelled(reason="caller")
    assert sum(isinstance(event, TextDelta) for event in events) == 1


async def test_the_folder_comes_from_the_environment(
    docs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(FOLDER_VARIABLE, str(docs))
    agent = create_agent()
    assert isinstance(agent, MarkdownAgent)
    assert "Redis is shared" in await ask(agent, "redis")


async def test_the_project_in_the_current_directory_is_the_default(
    docs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(FOLDER_VARIABLE, raising=False)
    monkeypatch.chdir(docs.parent)
    (docs.parent / "README.md").write_text("# Read me\nThe kangaroo jumps.\n")
    (docs.parent / "other.md").write_text("The wombat digs.\n")
    agent = create_agent()
    assert isinstance(agent, MarkdownAgent)
    assert "README.md \u203a Read me" in await ask(agent, "kangaroo")
    assert "docs/guide.md" in await ask(agent, "redis")
    assert "do not mention “wombat”" in await ask(agent, "wombat")


async def test_anywhere_else_our_own_documents_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(FOLDER_VARIABLE, raising=False)
    monkeypatch.chdir(tmp_path)
    agent = create_agent()
    assert isinstance(agent, MarkdownAgent)
    assert "README.md" in await ask(agent, "help")


def test_a_folder_that_is_not_there_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ConfigurationError, match="folder names"):
        create_agent(tmp_path / "nowhere")
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "nowhere"))
    with pytest.raises(ConfigurationError, match=FOLDER_VARIABLE):
        create_agent()
