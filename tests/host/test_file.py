"""Files in messages: records refer to them, readers get them back, and what is gone is said."""

from base64 import b64encode
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import replace
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_host.adapters.declaration import target
from agent_host.errors import NotFoundError, StoreUnavailableError, TooLargeError
from agent_host.host.file.keeper import INLINE_LIMIT_BYTES
from agent_host.host.file.part import GONE, change_event, files_in, without_bytes
from agent_host.protocols.host_context import HostContext
from agent_host.stores.memory import MemoryStateStore
from agent_host.stores.memory_file import MemoryFileStore
from agent_host.types import (
    Answer,
    Artifact,
    ArtifactChunk,
    ChannelRequest,
    ErrorPart,
    FileContent,
    FileId,
    FilePart,
    InputRequired,
    Message,
    Owner,
    PartAdded,
    Question,
    RunCompleted,
    RunEvent,
    RunPolicy,
    RunResult,
    RunStatus,
    TextPart,
    Turn,
)
from tests.host.harness import CALLER, acting_as, entries_of, finished, hosted, request, runs_of

BYTES: Final = b"\xff\x00" * INLINE_LIMIT_BYTES
FILE: Final = FilePart(media_type="image/png", data=BYTES, name="a.png")
SMALL: Final = FilePart(media_type="image/png", data=b"small", name="b.png")


class WatchedStore(MemoryStateStore):
    """Remembers what was written."""

    def __init__(self) -> None:
        super().__init__()
        self.written = bytearray()

    async def commit(self, writes: Any, *, fence: Any = None) -> tuple[int, ...]:
        for write in writes:
            for value in (*getattr(write, "entries", ()), getattr(write, "value", b"")):
                self.written += value
        return await super().commit(writes, fence=fence)


class FullFileStore(MemoryFileStore):
    """A folder without room."""

    async def put(self, owner: Owner, content: FileContent) -> FileId:
        message = "no room"
        raise StoreUnavailableError(message)


def with_file(**fields: Any) -> ChannelRequest:
    said = Message(role="user", parts=(TextPart(text="look"), FILE))
    return replace(request(**fields), input=(said,))


async def draw(turn: Turn) -> AsyncIterator[RunEvent]:
    """Answers with files in every place that an answer has."""
    yield PartAdded(part=FILE)
    yield PartAdded(part=SMALL)
    yield ArtifactChunk(artifact_id="chart", parts=(FILE,))
    if turn.text == "look":
        said = Message(role="assistant", parts=(FILE, SMALL))
        artifact = Artifact(id="chart", parts=(FILE,))
        yield RunCompleted(result=RunResult(messages=(said,), artifacts=(artifact,)))


def see(turn: Turn) -> str:
    """What the agent sees of files, of earlier turns and of this one."""
    seen: list[str] = []
    for message in turn.conversation_messages:
        for part in message.parts:
            if isinstance(part, FilePart):
                seen.append(f"{part.name}:{part.data == BYTES}")
            elif isinstance(part, ErrorPart):
                seen.append(part.code)
    return " ".join(seen)


async def files_said(context: HostContext, run_id: str) -> list[Any]:
    return [file for entry in await entries_of(context, run_id) for file in files_in(entry.event)]


@pytest.mark.parametrize("text", ["look", "stream"])
async def test_an_answers_files_are_kept_beside_the_records_and_come_back(text: str) -> None:
    store = WatchedStore()
    async with hosted(draw, store=store, files=MemoryFileStore()) as context:
        answered = await context.run(request(text, session="one"))
        assert answered.result is not None
        (said,) = answered.result.messages
        assert [part.data for part in said.parts if isinstance(part, FilePart)] == [BYTES, b"small"]
        read = await (await runs_of(context)).get(answered.run.id)
        assert read.result == answered.result
        assert [file.data for file in await files_said(context, answered.run.id)] == [
            BYTES,
            b"small",
            BYTES,
            BYTES,
            b"small",
            BYTES,
        ]
        history = await (await context.sessions(CALLER)).get("one")
        assert history.messages[-1].parts == said.parts
    assert len(store.written) < len(BYTES)


@pytest.mark.parametrize("background", [False, True])
async def test_a_requests_files_reach_the_agent_and_the_turns_after(background: bool) -> None:
    store = WatchedStore()
    async with hosted(see, store=store) as context:
        if background:
            accepted = await context.start(with_file(session="one", background=True))
            first = await finished(context, accepted.run.id)
        else:
            first = await context.run(with_file(session="one"))
        second = await context.run(request("and?", session="one"))
    assert first.result is not None
    assert first.result.text == "a.png:True"
    assert second.result is not None
    assert second.result.text == "a.png:True"
    assert len(store.written) < len(BYTES)


async def test_a_file_that_was_evicted_is_named_and_the_conversation_goes_on() -> None:
    async with hosted(see, files=MemoryFileStore(limit_bytes=len(BYTES) + 1024)) as context:
        await context.run(with_file(session="one"))
        other = FilePart(media_type="image/png", data=BYTES[:-1] + b"x", name="other.png")
        await context.run(
            replace(request(session="two"), input=(Message(role="user", parts=(other,)),))
        )
        answered = await context.run(request("and?", session="one"))
        assert answered.result is not None
        assert answered.result.text == GONE
        history = await (await context.sessions(CALLER)).get("one")
    part = history.messages[0].parts[1]
    assert isinstance(part, ErrorPart)
    assert part.message == "The file 'a.png' (image/png, 8192 bytes) is not kept any more."
    assert {name: part.metadata[name] for name in ("name", "media_type", "size_bytes")} == {
        "name": "a.png",
        "media_type": "image/png",
        "size_bytes": len(BYTES),
    }


async def test_an_evicted_answer_is_named_in_the_run_and_its_events() -> None:
    files = MemoryFileStore(limit_bytes=len(BYTES) + 1024)
    async with hosted(draw, files=files) as context:
        answered = await context.run(request("look"))
        await files.put(answered.run.owner, FileContent(media_type="a/b", data=BYTES))
        read = await (await runs_of(context)).get(answered.run.id)
        assert read.result is not None
        codes = [part.code for part in read.result.messages[0].parts if isinstance(part, ErrorPart)]
        assert codes == [GONE]
        events = [entry.event for entry in await entries_of(context, answered.run.id)]
        assert isinstance(events[1], PartAdded)
        assert isinstance(events[1].part, ErrorPart)


async def test_a_file_that_cannot_be_kept_fails_no_answer() -> None:
    for files in (FullFileStore(), MemoryFileStore(file_limit_bytes=5000)):
        async with hosted(draw, files=files) as context:
            answered = await context.run(with_file(session="one"))
            assert answered.run.status is RunStatus.COMPLETED
            history = await (await context.sessions(CALLER)).get("one")
            gone = [p for m in history.messages for p in m.parts if isinstance(p, ErrorPart)]
            assert [part.code for part in gone] == [GONE, GONE]


async def test_a_request_whose_file_cannot_be_kept_is_not_accepted_for_later() -> None:
    async with hosted(see, files=FullFileStore()) as context:
        with pytest.raises(StoreUnavailableError):
            await context.start(with_file(background=True))
    async with hosted(see, files=MemoryFileStore(file_limit_bytes=5000)) as context:
        with pytest.raises(TooLargeError, match=r"files\.file_limit_bytes"):
            await context.start(with_file(background=True))


async def test_a_question_waits_with_its_file() -> None:
    @target(resumes=True)
    class Asking:
        async def run(self, turn: Turn) -> AsyncGenerator[RunEvent, Answer]:
            if turn.answer is None:
                yield InputRequired(questions=(Question(prompt="?"),))
            else:
                yield RunCompleted(result=RunResult.of_text(see(turn)))

    async with hosted(Asking(), store=(store := WatchedStore())) as context:
        asked = await context.run(with_file())
        (question,) = asked.run.questions
        await (await runs_of(context)).answer(asked.run.id, {question.id: "yes"})
        answered = await finished(context, asked.run.id)
    assert answered.result is not None
    assert answered.result.text == "a.png:True"
    assert len(store.written) < len(b64encode(BYTES))  # as a record would hold it


async def test_a_file_is_read_by_its_owner_only() -> None:
    async with hosted(draw) as context:
        answered = await context.run(request("look"))
        assert answered.result is not None
        part = answered.result.messages[0].parts[0]
        assert isinstance(part, FilePart)
        assert part.id is not None
        stream = await (await context.files(CALLER)).open(part.id)
        assert b"".join([chunk async for chunk in stream]) == BYTES
        with acting_as("bob"), pytest.raises(NotFoundError) as foreign:
            await (await context.files(CALLER)).open(part.id)
        with pytest.raises(NotFoundError) as missing:
            await (await context.files(CALLER)).open("fil_1")
        assert str(foreign.value) == str(missing.value)


async def test_files_count_towards_the_size_of_an_answer() -> None:
    async def flood(turn: Turn) -> AsyncIterator[RunEvent]:
        for number in range(100):
            yield PartAdded(part=replace(FILE, name=str(number)))

    async with hosted(flood, run_policy=RunPolicy(event_bytes_limit=5 * len(BYTES))) as context:
        answered = await context.run(request())
    assert answered.run.status is RunStatus.FAILED


async def test_a_marked_file_of_a_target_gives_it_nothing() -> None:
    """A target that makes up an id reaches no other owner's bytes."""

    async def forge(turn: Turn) -> AsyncIterator[RunEvent]:
        owner = Owner(tenant="default", isolation_key=turn.owner.isolation_key)
        assert owner == turn.owner
        yield PartAdded(part=FilePart(media_type="a/b", id=FileId(turn.text), size_bytes=1))

    files = MemoryFileStore()
    async with hosted(draw, files=files) as context:
        answered = await context.run(request("look"))
        assert answered.result is not None
        (part, _) = answered.result.messages[0].parts
        assert isinstance(part, FilePart)
        victim = str(part.id)
        assert await files.get(answered.run.owner, victim) is not None
    async with hosted(forge) as context:
        with acting_as("bob"):
            forged = await context.run(request(victim))
            read = await (await runs_of(context)).get(forged.run.id)
    assert read.result is not None
    (found,) = read.result.messages[0].parts
    assert isinstance(found, ErrorPart)


parts = st.one_of(
    st.just(FILE),
    st.builds(TextPart, text=st.text(max_size=3)),
    st.builds(FilePart, media_type=st.just("a/b"), uri=st.just("https://a")),
    st.builds(
        FilePart,
        media_type=st.just("a/b"),
        data=st.binary(max_size=3),
        id=st.none() | st.just(FileId("fil_1")),
    ),
)
lists = st.lists(parts, max_size=3).map(tuple)
messages = st.builds(Message, role=st.just("assistant"), parts=lists)
events: st.SearchStrategy[RunEvent] = st.one_of(
    st.builds(PartAdded, part=parts),
    st.builds(ArtifactChunk, artifact_id=st.just("a"), parts=lists),
    st.builds(
        RunCompleted,
        result=st.builds(
            RunResult,
            messages=st.lists(messages, max_size=2).map(tuple),
            artifacts=st.lists(st.builds(Artifact, id=st.just("a"), parts=lists), max_size=2).map(
                tuple
            ),
        ),
    ),
)


@given(events)
def test_files_are_found_and_changed_wherever_they_are(event: RunEvent) -> None:
    assert change_event(event, lambda part: part) is event
    found = files_in(event)
    bare = change_event(event, without_bytes)
    assert [file.data for file in files_in(bare)] == [
        None if file.id else file.data for file in found
    ]
    assert (bare == event) == all(file.id is None for file in found)


@pytest.mark.parametrize(
    "result",
    [RunResult(messages=None), RunResult(messages=("a", None)), RunResult(artifacts=[1])],  # type: ignore[arg-type]
)
def test_what_is_not_as_annotated_is_passed_over(result: RunResult) -> None:
    event = RunCompleted(result=result)
    assert change_event(event, without_bytes) is event
