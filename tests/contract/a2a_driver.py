"""Speaks A2A 1.0 as a client of it does, over both bindings."""

import json
from collections.abc import Mapping
from typing import Final

import httpx

from agent_host.protocols.channel import Channel
from agent_host.testing.channel_driver import ChannelAnswer, SampleRequest
from agent_host.testing.person import as_person
from agent_host_a2a import A2AChannel, A2AConfig

MESSAGE: Final = {
    "messageId": "m-1",
    "role": "ROLE_USER",
    "contextId": "one",
    "parts": [{"text": "hello"}],
}
BODY_LIMIT_BYTES: Final = 16_384
OLD_MESSAGE: Final = {
    "messageId": "m-1",
    "role": "ROLE_USER",
    "contextId": "one",
    "content": [{"text": "hello"}],
}
_TASK: Final = "/a2a/tasks/run_1"
_OLD_TASK: Final = "/a2a/v1/tasks/run_1"


def rpc(method: str, params: object) -> bytes:
    """A JSON-RPC request."""
    return json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()


class A2ADriver:
    """The blocking form of a message."""

    has_sessions = True
    samples = (
        SampleRequest(method="POST", path="/a2a", body=rpc("SendMessage", {"message": MESSAGE})),
        SampleRequest(method="POST", path="/a2a", body=rpc("GetTask", {"id": "run_1"})),
        SampleRequest(method="POST", path="/a2a", body=rpc("CancelTask", {"id": "run_1"})),
        SampleRequest(method="POST", path="/a2a", body=rpc("SubscribeToTask", {"id": "run_1"})),
        SampleRequest(method="POST", path="/a2a", body=rpc("ListTasks", {})),
        SampleRequest(method="POST", path="/a2a", body=rpc("GetExtendedAgentCard", {})),
        SampleRequest(
            method="POST", path="/a2a/", body=rpc("SendStreamingMessage", {"message": MESSAGE})
        ),
        SampleRequest(
            method="POST",
            path="/a2a/message:send",
            body=json.dumps({"message": MESSAGE}).encode(),
        ),
        SampleRequest(
            method="POST",
            path="/a2a/message:stream",
            body=json.dumps({"message": MESSAGE}).encode(),
        ),
        SampleRequest(method="GET", path="/a2a/tasks"),
        SampleRequest(method="GET", path=_TASK),
        SampleRequest(method="POST", path=f"{_TASK}:cancel"),
        SampleRequest(method="POST", path=f"{_TASK}:subscribe"),
        SampleRequest(method="GET", path=f"{_TASK}:subscribe"),
        SampleRequest(method="GET", path=f"{_TASK}/pushNotificationConfigs"),
        SampleRequest(
            method="POST",
            path=f"{_TASK}/pushNotificationConfigs",
            body=b'{"url": "https://example.org"}',
        ),
        SampleRequest(method="GET", path=f"{_TASK}/pushNotificationConfigs/one"),
        SampleRequest(method="DELETE", path=f"{_TASK}/pushNotificationConfigs/one"),
        SampleRequest(method="GET", path="/a2a/extendedAgentCard"),
        *(
            SampleRequest(
                method="POST",
                path=f"/a2a/v1/message:{verb}",
                body=json.dumps({"message": OLD_MESSAGE}).encode(),
            )
            for verb in ("send", "stream")
        ),
        SampleRequest(method="GET", path=_OLD_TASK),
        SampleRequest(method="POST", path=f"{_OLD_TASK}:cancel"),
        SampleRequest(method="POST", path=f"{_OLD_TASK}:subscribe"),
        SampleRequest(method="GET", path=f"{_OLD_TASK}:subscribe"),
        SampleRequest(method="GET", path=f"{_OLD_TASK}/pushNotificationConfigs"),
        SampleRequest(method="POST", path=f"{_OLD_TASK}/pushNotificationConfigs", body=b"{}"),
        SampleRequest(method="GET", path=f"{_OLD_TASK}/pushNotificationConfigs/one"),
        SampleRequest(method="DELETE", path=f"{_OLD_TASK}/pushNotificationConfigs/one"),
        SampleRequest(method="GET", path="/a2a/v1/card"),
    )

    def make_channel(self) -> Channel:
        return A2AChannel(A2AConfig(body_limit_bytes=BODY_LIMIT_BYTES))

    def headers(self, body: bytes, *, person: str) -> Mapping[str, str]:
        return {**as_person(person), "content-type": "application/json", "a2a-version": "1.0"}

    async def ask(
        self, client: httpx.AsyncClient, text: str, *, person: str, session: str
    ) -> ChannelAnswer:
        message = {**MESSAGE, "contextId": session, "parts": [{"text": text}]}
        body = rpc("SendMessage", {"message": message})
        response = await client.post("/a2a", content=body, headers=self.headers(b"", person=person))
        answer = response.json()
        if "error" in answer:
            text = answer["error"]["message"]
            return ChannelAnswer(text=text, wire=response.text, failed=True)
        task = answer["result"]["task"]
        failed = task["status"]["state"] != "TASK_STATE_COMPLETED"
        said = task["status"]["message"] if failed else task["artifacts"][0]
        text = "".join(part.get("text", "") for part in said["parts"])
        return ChannelAnswer(text=text, wire=response.text, failed=failed)


__all__ = ["A2ADriver"]
