"""The official client keeps configs with us, and can read what they lead to."""

from typing import Any

import pytest
from a2a.compat.v0_3.conversions import to_core_task
from a2a.compat.v0_3.types import Task as OldTask
from a2a.types.a2a_pb2 import (
    AuthenticationInfo,
    DeleteTaskPushNotificationConfigRequest,
    GetTaskPushNotificationConfigRequest,
    ListTaskPushNotificationConfigsRequest,
    SendMessageConfiguration,
    StreamResponse,
    TaskPushNotificationConfig,
    TaskState,
)
from a2a.utils.errors import InvalidParamsError, TaskNotFoundError
from google.protobuf.json_format import ParseDict

from tests.channels.a2a.agent import converse
from tests.channels.a2a.receiver import allowing, receiving
from tests.channels.a2a.sdk import ALL, OLD, OLD_HTTP, request, sdk_client, task_of, told


@pytest.mark.parametrize("binding", ALL)
async def test_configs_of_push_notifications_come_and_go(binding: str) -> None:
    async with (
        receiving() as receiver,
        sdk_client(converse, binding, streaming=False, outbound=allowing(receiver)) as client,
    ):
        task = await task_of(client, request("Hello!"))
        given = TaskPushNotificationConfig(
            task_id=task.id,
            id="one",
            url=receiver.url,
            token="a token",
            authentication=AuthenticationInfo(scheme="Bearer", credentials="secret"),
        )
        asked = GetTaskPushNotificationConfigRequest(task_id=task.id, id="one")
        made = await client.create_task_push_notification_config(given)
        found = await client.get_task_push_notification_config(asked)
        assert made == found == given
        if binding == OLD_HTTP:
            return  # that client cannot ask for more
        listed = await client.list_task_push_notification_configs(
            ListTaskPushNotificationConfigsRequest(task_id=task.id)
        )
        assert list(listed.configs) == [given]
        deleted = DeleteTaskPushNotificationConfigRequest(task_id=task.id, id="one")
        await client.delete_task_push_notification_config(deleted)
        await client.delete_task_push_notification_config(deleted)
        with pytest.raises(TaskNotFoundError):
            await client.get_task_push_notification_config(asked)


@pytest.mark.parametrize("streaming", [True, False])
@pytest.mark.parametrize("binding", ALL)
async def test_what_is_sent_with_a_config_is_pushed(binding: str, streaming: bool) -> None:
    async with (
        receiving() as receiver,
        sdk_client(converse, binding, streaming=streaming, outbound=allowing(receiver)) as client,
    ):
        config = TaskPushNotificationConfig(url=receiver.url, token="correct-horse")
        wishes = SendMessageConfiguration(task_push_notification_config=config)
        await told(client, request("stream", configuration=wishes))
        await receiver.until(lambda receiver: "ompleted" in str(receiver.bodies[-1:]).lower())
    pushed = [
        to_core_task(OldTask.model_validate(body))
        if binding in {OLD, OLD_HTTP}
        else new_to_core(body)
        for body in receiver.bodies
    ]
    assert pushed[-1].status.state == TaskState.TASK_STATE_COMPLETED
    assert {request.headers["x-a2a-notification-token"] for request in receiver.requests} == {
        "correct-horse"
    }


def new_to_core(body: Any) -> Any:
    """The update that a notification of 1.0 is, read without mercy."""
    update = ParseDict(body, StreamResponse())
    return getattr(update, update.WhichOneof("payload"))


@pytest.mark.parametrize("binding", ALL)
async def test_an_address_inside_is_refused(binding: str) -> None:
    async with sdk_client(converse, binding, streaming=False) as client:
        task = await task_of(client, request("Hello!"))
        config = TaskPushNotificationConfig(task_id=task.id, id="one", url="https://127.0.0.1/")
        with pytest.raises(InvalidParamsError):
            await client.create_task_push_notification_config(config)
        wishes = SendMessageConfiguration(task_push_notification_config=config)
        with pytest.raises(InvalidParamsError):
            await told(client, request("Hello!", configuration=wishes))
