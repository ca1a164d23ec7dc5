"""The official client, in every binding and version: what it asks for, it gets."""

import pytest
from a2a.client import Client
from a2a.types.a2a_pb2 import (
    CancelTaskRequest,
    GetExtendedAgentCardRequest,
    GetTaskRequest,
    ListTasksRequest,
    Part,
    SendMessageConfiguration,
    StreamResponse,
    SubscribeToTaskRequest,
    Task,
    TaskState,
)
from a2a.utils.errors import (
    InvalidParamsError,
    TaskNotCancelableError,
    TaskNotFoundError,
    UnsupportedOperationError,
)

from agent_host_a2a import A2AConfig, SkillConfig
from tests.channels.a2a.agent import BYTES, SECRET, WAITING, converse
from tests.channels.a2a.hosting import hosted
from tests.channels.a2a.sdk import (
    ALL,
    BINDINGS,
    WHOLE,
    connected,
    folded,
    request,
    sdk_client,
    task_of,
    text_of,
    told,
)

WAITS = SendMessageConfiguration(return_immediately=True)


async def until(client: Client, task_id: str, state: TaskState) -> Task:
    while True:
        task = await client.get_task(GetTaskRequest(id=task_id))
        if task.status.state == state:
            return task


async def followed(client: Client, task_id: str) -> list[StreamResponse]:
    asked = SubscribeToTaskRequest(id=task_id)
    return [response async for response in client.subscribe(asked)]


@pytest.mark.parametrize("binding", ALL)
async def test_a_message_is_answered_by_a_task_that_is_completed(binding: str) -> None:
    async with sdk_client(converse, binding, streaming=False) as client:
        task = await task_of(client, request("Hello!"))
        again = await client.get_task(GetTaskRequest(id=task.id))
    assert task.status.state == TaskState.TASK_STATE_COMPLETED
    assert [text_of(artifact) for artifact in task.artifacts] == ["Hello!"]
    assert [text_of(said) for said in task.history] == ["Hello!"]
    assert task.context_id
    assert again == task


@pytest.mark.parametrize("binding", ALL)
async def test_a_stream_is_a_task_and_then_what_changes(binding: str) -> None:
    async with sdk_client(converse, binding) as client:
        responses = await told(client, request("stream"))
        task_id = responses[0].task.id
        task = await client.get_task(GetTaskRequest(id=task_id))
    whole = " ".join(str(number) for number in range(20)) + " "
    assert responses[0].HasField("task")
    assert folded(responses) == {"answer": whole}
    assert sum(response.HasField("artifact_update") for response in responses) == 21
    assert responses[-1].status_update.status.state == TaskState.TASK_STATE_COMPLETED
    assert responses[-2].artifact_update.last_chunk
    assert text_of(task.artifacts[0]) == whole


@pytest.mark.parametrize("binding", ALL)
async def test_artifacts_come_in_pieces_and_are_whole_in_the_end(binding: str) -> None:
    async with sdk_client(converse, binding) as client:
        responses = await told(client, request("artifacts"))
        task = await client.get_task(GetTaskRequest(id=responses[0].task.id))
    updates = [one.artifact_update for one in responses if one.HasField("artifact_update")]
    assert [(one.artifact.artifact_id, one.append, one.last_chunk) for one in updates] == [
        ("report", False, False),
        ("report", True, True),
        ("numbers", False, True),
    ]
    report, numbers = task.artifacts
    assert (report.name, report.description, text_of(report)) == (
        "Report",
        "What was found",
        "onetwo",
    )
    assert report.metadata["pages"] == 2
    assert numbers.parts[0].data.struct_value["answer"] == 42


@pytest.mark.parametrize("binding", WHOLE)
async def test_files_come_and_go(binding: str) -> None:
    sent = (
        Part(text="files"),
        Part(raw=b"\xff\x00", filename="in.bin", media_type="application/x-thing"),
        Part(url="https://example.org/in.png", media_type="image/png"),
        Part(data={"struct_value": {"a": 1}}),
    )
    async with sdk_client(converse, binding, streaming=False) as client:
        task = await task_of(client, request(parts=sent))
    inline, linked = task.artifacts[0].parts
    assert (inline.raw, inline.filename, inline.media_type) == (BYTES, "one.png", "image/png")
    assert (linked.url, linked.media_type) == ("https://example.org/x", "text/html")
    history = task.history[0].parts
    assert history[1].raw == b"\xff\x00"
    assert history[2].url == "https://example.org/in.png"
    assert history[3].data.struct_value["a"] == 1


@pytest.mark.parametrize("binding", ALL)
async def test_a_question_is_answered_and_the_task_goes_on(binding: str) -> None:
    async with sdk_client(converse, binding, streaming=False) as client:
        asked = await task_of(client, request("ask"))
        done = await task_of(client, request("Yes!", task_id=asked.id, context_id=asked.context_id))
    assert asked.status.state == TaskState.TASK_STATE_INPUT_REQUIRED
    assert "Sure?" in text_of(asked.status.message)
    assert done.id == asked.id
    assert done.status.state == TaskState.TASK_STATE_COMPLETED
    assert text_of(done.artifacts[0]) == "you said True"


@pytest.mark.parametrize("binding", ALL)
async def test_a_stream_ends_at_a_question_and_another_goes_on_from_there(binding: str) -> None:
    async with sdk_client(converse, binding) as client:
        first = await told(client, request("ask twice"))
        task_id = first[0].task.id
        second = await told(client, request("7", task_id=task_id))
        third = await told(client, request("yes", task_id=task_id))
        task = await client.get_task(GetTaskRequest(id=task_id))
    asks = TaskState.TASK_STATE_INPUT_REQUIRED
    assert first[-1].status_update.status.state == asks
    assert second[-1].status_update.status.state == asks
    assert text_of(second[0].task.artifacts[0]) == "first "
    assert third[-1].status_update.status.state == TaskState.TASK_STATE_COMPLETED
    assert text_of(task.artifacts[0]) == "first 7 True"


@pytest.mark.parametrize("binding", ALL)
async def test_signing_in_is_a_state_of_its_own(binding: str) -> None:
    async with sdk_client(converse, binding, streaming=False) as client:
        asked = await task_of(client, request("sign in"))
        done = await task_of(client, request("token-1", task_id=asked.id))
    assert asked.status.state == TaskState.TASK_STATE_AUTH_REQUIRED
    assert text_of(done.artifacts[0]) == "signed in with token-1"


@pytest.mark.parametrize("binding", ALL)
async def test_a_failure_and_a_refusal_are_states_and_say_nothing_of_their_cause(
    binding: str,
) -> None:
    async with sdk_client(converse, binding, streaming=False) as client:
        failed = await task_of(client, request("fail"))
        rejected = await task_of(client, request("reject"))
    assert failed.status.state == TaskState.TASK_STATE_FAILED
    assert text_of(failed.status.message)
    assert SECRET not in str(failed)
    assert rejected.status.state == TaskState.TASK_STATE_REJECTED
    assert text_of(rejected.status.message) == "I will not do that."


@pytest.mark.parametrize("binding", ALL)
async def test_who_does_not_wait_polls_cancels_and_cannot_cancel_twice(binding: str) -> None:
    async with sdk_client(converse, binding, streaming=False) as client:
        task = await task_of(client, request("wait", configuration=WAITS))
        assert task.status.state in {
            TaskState.TASK_STATE_SUBMITTED,
            TaskState.TASK_STATE_WORKING,
        }
        await until(client, task.id, TaskState.TASK_STATE_WORKING)
        cancelled = await client.cancel_task(CancelTaskRequest(id=task.id))
        with pytest.raises(TaskNotCancelableError):
            await client.cancel_task(CancelTaskRequest(id=task.id))
    assert cancelled.status.state == TaskState.TASK_STATE_CANCELED


@pytest.mark.parametrize("binding", ALL)
async def test_a_task_is_followed_from_where_it_is(binding: str) -> None:
    async with hosted(converse) as http:
        client = await connected(http, binding, streaming=False)
        follower = await connected(http, binding)
        task = await task_of(client, request("wait", configuration=WAITS))
        while not (await client.get_task(GetTaskRequest(id=task.id))).artifacts:
            pass
        responses: list[StreamResponse] = []
        async for response in follower.subscribe(SubscribeToTaskRequest(id=task.id)):
            responses.append(response)
            if len(responses) == 1:
                await client.cancel_task(CancelTaskRequest(id=task.id))
        with pytest.raises(UnsupportedOperationError):
            await followed(follower, task.id)
        with pytest.raises(TaskNotFoundError):
            await followed(follower, "run_nothing")
    assert text_of(responses[0].task.artifacts[0]) == WAITING
    assert responses[-1].status_update.status.state == TaskState.TASK_STATE_CANCELED


@pytest.mark.parametrize("binding", ALL)
async def test_what_is_not_there_is_not_found(binding: str) -> None:
    async with sdk_client(converse, binding, streaming=False) as client:
        with pytest.raises(TaskNotFoundError):
            await client.get_task(GetTaskRequest(id="run_nothing"))
        with pytest.raises(TaskNotFoundError):
            await client.cancel_task(CancelTaskRequest(id="run_nothing"))
        with pytest.raises(TaskNotFoundError):
            await told(client, request("x", task_id="run_nothing"))


@pytest.mark.parametrize("binding", ALL)
async def test_a_task_that_is_over_or_asks_nothing_takes_no_message(binding: str) -> None:
    async with sdk_client(converse, binding, streaming=False) as client:
        done = await task_of(client, request("Hello!"))
        with pytest.raises(UnsupportedOperationError):
            await told(client, request("More!", task_id=done.id))
        asked = await task_of(client, request("ask"))
        with pytest.raises(InvalidParamsError):
            await told(client, request("yes", task_id=asked.id, context_id="another"))


@pytest.mark.parametrize("binding", WHOLE)
async def test_history_is_as_long_as_it_is_wanted(binding: str) -> None:
    without = SendMessageConfiguration(history_length=0)
    async with sdk_client(converse, binding, streaming=False) as client:
        task = await task_of(client, request("Hello!", configuration=without))
        none = await client.get_task(GetTaskRequest(id=task.id, history_length=0))
        one = await client.get_task(GetTaskRequest(id=task.id, history_length=1))
    assert (len(task.history), len(none.history), len(one.history)) == (0, 0, 1)


@pytest.mark.parametrize("binding", BINDINGS)
async def test_tasks_are_listed_by_when_they_changed(binding: str) -> None:
    async with sdk_client(converse, binding, streaming=False) as client:
        asked = await task_of(client, request("ask", context_id="a"))
        other = await task_of(client, request("Hello!", context_id="b"))
        await told(client, request("no", task_id=asked.id))
        whole = await client.list_tasks(ListTasksRequest())
        page = await client.list_tasks(ListTasksRequest(page_size=1))
        rest = await client.list_tasks(
            ListTasksRequest(page_size=1, page_token=page.next_page_token)
        )
        of_b = await client.list_tasks(ListTasksRequest(context_id="b", include_artifacts=True))
        failed = await client.list_tasks(ListTasksRequest(status=TaskState.TASK_STATE_FAILED))
        after = await client.list_tasks(
            ListTasksRequest(status_timestamp_after=whole.tasks[0].status.timestamp)
        )
    assert [task.id for task in whole.tasks] == [asked.id, other.id]
    assert not any(task.artifacts for task in whole.tasks)
    assert (whole.total_size, whole.page_size, whole.next_page_token) == (2, 50, "")
    assert [task.id for task in (*page.tasks, *rest.tasks)] == [asked.id, other.id]
    assert page.next_page_token
    assert rest.next_page_token == ""
    assert [text_of(task.artifacts[0]) for task in of_b.tasks] == ["Hello!"]
    assert failed.total_size == 0
    assert [task.id for task in after.tasks] == [asked.id]


@pytest.mark.parametrize("binding", ALL)
async def test_the_extended_card_has_more_skills(binding: str) -> None:
    further = SkillConfig(id="more", name="More", description="More of it", tags=("more",))
    config = A2AConfig(extended_skills=(further,))
    async with sdk_client(converse, binding, config=config) as client:
        card = await client.get_extended_agent_card(GetExtendedAgentCardRequest())
    assert [skill.id for skill in card.skills] == ["converse", "more"]


@pytest.mark.parametrize("binding", ALL)
async def test_a_reply_may_be_a_message_and_no_task(binding: str) -> None:
    config = A2AConfig(reply="message")
    async with sdk_client(converse, binding, config=config, streaming=False) as client:
        (response,) = await told(client, request("Hello!"))
        asked = await task_of(client, request("ask"))
    async with sdk_client(converse, binding, config=config) as client:
        (streamed,) = await told(client, request("stream"))
        (failed,) = await told(client, request("fail"))
    assert text_of(response.message) == "Hello!"
    assert response.message.context_id
    assert asked.status.state == TaskState.TASK_STATE_INPUT_REQUIRED
    assert text_of(streamed.message).startswith("0 1 2")
    assert failed.task.status.state == TaskState.TASK_STATE_FAILED


@pytest.mark.parametrize("binding", ALL)
async def test_a_target_may_choose_to_reply_with_a_message(binding: str) -> None:
    async with sdk_client(converse, binding, streaming=False) as client:
        (response,) = await told(client, request("message"))
    assert text_of(response.message) == "just words"
