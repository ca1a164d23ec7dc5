"""Whatever a target yields: a client that follows has in the end what a client that asks gets."""

from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from agent_host.types import (
    Artifact,
    ArtifactChunk,
    DataPart,
    InputReceived,
    JournalEntry,
    JsonValue,
    Message,
    PartAdded,
    QuestionId,
    ReasoningDelta,
    RunCompleted,
    RunEvent,
    RunId,
    RunResult,
    RunStarted,
    TextDelta,
    TextPart,
    ToolCallPart,
)
from agent_host_a2a.outbound import result_artifacts
from agent_host_a2a.progress import TaskProgress, joined

NOW = datetime(2026, 11, 21, tzinfo=UTC)
TEXTS = st.sampled_from(["a", "b c", "", "ü"])


def delta(text: str) -> RunEvent:
    return TextDelta(text=text)


def added(value: int) -> RunEvent:
    return PartAdded(part=DataPart(data={"value": value}))


def chunk(name: str, text: str, *, append: bool, last: bool) -> RunEvent:
    parts = (TextPart(text=text),) if text else ()
    return ArtifactChunk(artifact_id=name, parts=parts, append=append, last=last)


EVENTS = st.lists(
    st.builds(delta, TEXTS)
    | st.builds(added, st.integers(0, 3))
    | st.builds(
        chunk, st.sampled_from(["one", "two"]), TEXTS, append=st.booleans(), last=st.booleans()
    )
    | st.just(ReasoningDelta(text="hm"))
    | st.just(RunStarted(run_id=RunId("run_1"), attempt=2))
    | st.just(InputReceived(question_ids=(QuestionId("qst_1"),))),
    max_size=12,
)


def result_of(texts: list[str], value: JsonValue, artifacts: list[Artifact]) -> RunResult:
    messages = tuple(Message.assistant(text) for text in texts)
    return RunResult(messages=messages, value=value, artifacts=tuple(artifacts))


RESULTS = st.builds(
    result_of,
    st.lists(TEXTS, max_size=2),
    st.none() | st.just({"answer": 42}),
    st.lists(
        st.just(Artifact(id="one", parts=(TextPart(text="whole"),)))
        | st.just(Artifact(id="three", parts=(ToolCallPart(call_id="c", name="n"),))),
        max_size=1,
    ),
)


def entries(events: list[RunEvent]) -> list[JournalEntry]:
    return [JournalEntry(sequence=at, at=NOW, event=event) for at, event in enumerate(events)]


def progress(*, resumes: bool = False) -> TaskProgress:
    return TaskProgress("run_1", "ses_1", resumes=resumes)


def put_together(updates: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """The artifacts, by a client that knows `append` and nothing else."""
    found: dict[str, list[dict[str, Any]]] = {}
    for update in updates:
        if "artifactUpdate" not in update:
            continue
        said = update["artifactUpdate"]
        name, parts = said["artifact"]["artifactId"], said["artifact"]["parts"]
        assert parts
        found[name] = [*found.get(name, []), *parts] if said.get("append") else parts
    return found


def plain(parts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Neighbouring texts as one, and no empty one."""
    return [part for part in joined(parts) if part != {"text": ""}]


@given(EVENTS, RESULTS)
def test_what_was_followed_is_what_the_result_has(
    events: list[RunEvent], result: RunResult
) -> None:
    follower = progress(resumes=True)
    updates: list[dict[str, Any]] = []
    for entry in entries([*events, RunCompleted(result=result)]):
        updates += follower.take(entry)
    followed = put_together(updates)
    for artifact in result_artifacts(result):
        assert plain(followed[artifact["artifactId"]]) == plain(artifact["parts"])
    assert updates[-1]["statusUpdate"]["status"]["state"] == "TASK_STATE_COMPLETED"


@given(EVENTS, st.integers(0, 12))
def test_who_joins_later_has_the_same(events: list[RunEvent], place: int) -> None:
    from_the_start, later = progress(resumes=True), progress(resumes=True)
    whole: list[dict[str, Any]] = []
    rest: list[dict[str, Any]] = []
    for entry in entries(events):
        if entry.sequence == place:
            rest = [{"artifactUpdate": {"artifact": one}} for one in later.artifacts()]
        whole += from_the_start.take(entry)
        update = later.take(entry)
        if entry.sequence >= place:
            rest += update
    if place < len(events):
        assert {name: plain(parts) for name, parts in put_together(rest).items()} == {
            name: plain(parts) for name, parts in put_together(whole).items()
        }


@given(st.lists(TEXTS, max_size=4), st.lists(TEXTS, min_size=1, max_size=4))
def test_an_attempt_that_begins_again_replaces_what_there_was(
    first: list[str], second: list[str]
) -> None:
    follower = progress()
    updates: list[dict[str, Any]] = []
    again = RunStarted(run_id=RunId("run_1"), attempt=2)
    for entry in entries([*map(delta, first), again, *map(delta, second)]):
        updates += follower.take(entry)
    said = "".join(second)
    if said:
        assert plain(put_together(updates)["answer"]) == [{"text": said}]
        (answer,) = follower.artifacts()
        assert plain(answer["parts"]) == [{"text": said}]
