"""The four operations on push notification configs, and configs that come with a message. A config
is a follow of its task's run: the host keeps it, and tells its owner nothing of anybody else's.
"""

from typing import Final

from agent_host.protocols.host_context import HostContext
from agent_host.types import Caller, JsonObject, JsonValue
from agent_host_a2a.config import A2AConfig
from agent_host_a2a.fault import Fault, FaultError, invalid
from agent_host_a2a.inbound import no_push, opened
from agent_host_a2a.member import Members
from agent_host_a2a.part import Fields
from agent_host_a2a.push_config import PushConfig, from_config, from_value, to_config, to_value
from agent_host_a2a.schema import VERSION_0_3, Operation

CONFIG_PREFIX: Final = "pnc_"
OPERATIONS: Final = frozenset(
    {
        Operation.CREATE_PUSH,
        Operation.GET_PUSH,
        Operation.LIST_PUSH,
        Operation.DELETE_PUSH,
    }
)


class PushOperations:
    """Parameters and results are JSON of the version that is spoken."""

    def __init__(self, context: HostContext, config: A2AConfig) -> None:
        self._context = context
        self._is_on = config.push_notifications
        self._caller = Caller(channel=config.name, operation="push_notification_config")

    async def call(self, operation: Operation, params: JsonObject, version: str) -> JsonValue:
        """One of the four.

        Raises:
            FaultError: a parameter is not as documented, or nothing is pushed here.
            NotFoundError: there is no such task, or config.
            UnsafeUrlError: the URL is none that the host sends to.
        """
        await self._context.runs(self._caller)  # for whoever may ask at all
        if not self._is_on:
            raise no_push()
        request = opened(params)
        if operation is Operation.CREATE_PUSH:
            return await self._create(request, version)
        task_id = request.required_identifier("id" if version == VERSION_0_3 else "taskId")
        if operation is Operation.LIST_PUSH:
            return await self._list(task_id, version)
        config_id = request.identifier(_ID_0_3 if version == VERSION_0_3 else "id")
        if operation is Operation.GET_PUSH:
            return await self._get(task_id, config_id, version)
        if config_id is None:
            raise invalid(_ID_0_3 if version == VERSION_0_3 else "id", "is required")
        follows = await self._context.follows(self._caller)
        await follows.delete(task_id, config_id)
        return None if version == VERSION_0_3 else {}

    async def check(self, config: PushConfig | None) -> None:
        """Whether what comes with a message can be sent to, before anything is done for it.

        Raises:
            FaultError, UnsafeUrlError: see `call`.
        """
        if config is None:
            return
        await self._context.runs(self._caller)
        if not self._is_on:
            raise no_push()
        await self._context.outbound.check(config.url)

    async def follow(self, task_id: str, config: PushConfig | None, *, from_start: bool) -> None:
        """Push what happens in a task, as a message asked for that was checked."""
        if config is not None:
            await self._put(task_id, config, from_start=from_start)

    async def _create(self, request: Members, version: str) -> JsonValue:
        task_id = request.required_identifier("taskId")
        given = request if version != VERSION_0_3 else request.members("pushNotificationConfig")
        if given is None:
            raise invalid("pushNotificationConfig", "is required")
        config = to_config(given, version=version)
        follows = await self._context.follows(self._caller)
        await follows.list(task_id)  # a stranger to the task learns nothing of the URL
        await self._context.outbound.check(config.url)
        name = await self._put(task_id, config, from_start=False)
        kept = from_value(name, to_value(config))
        return from_config(kept, task_id, version)

    async def _get(self, task_id: str, config_id: str | None, version: str) -> JsonValue:
        if config_id is None and version != VERSION_0_3:
            raise invalid("id", "is required")
        follows = await self._context.follows(self._caller)
        for one in await follows.list(task_id):
            if config_id in {None, one.name}:  # 0.3 may ask for the only one without its name
                return from_config(from_value(one.name, one.value), task_id, version)
        raise FaultError(Fault.TASK_NOT_FOUND, "There is no such config.")

    async def _list(self, task_id: str, version: str) -> JsonValue:
        follows = await self._context.follows(self._caller)
        configs: list[Fields] = [
            from_config(from_value(one.name, one.value), task_id, version)
            for one in await follows.list(task_id)
        ]
        return configs if version == VERSION_0_3 else {"configs": configs, "nextPageToken": ""}

    async def _put(self, task_id: str, config: PushConfig, *, from_start: bool) -> str:
        # 0.3 knows one config that needs no name; 1.0 says that the server gives one.
        minted = task_id if config.version == VERSION_0_3 else self._context.ids.new(CONFIG_PREFIX)
        name = config.id or minted
        follows = await self._context.follows(self._caller)
        await follows.put(task_id, name, to_value(config), from_start=from_start)
        return name


_ID_0_3: Final = "pushNotificationConfigId"

__all__ = ["CONFIG_PREFIX", "OPERATIONS", "PushOperations"]
