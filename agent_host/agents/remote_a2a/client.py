"""The operations of A2A on an agent elsewhere, in the dialects of `Dialect`; what comes back is in
the form of 1.0.
"""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

import orjson

from agent_host.agents.remote_a2a.dialect import Dialect, Interface
from agent_host.agents.remote_a2a.exchange import EVENT_STREAM, Call, Exchange, Reply
from agent_host.agents.remote_a2a.failure import (
    RemoteError,
    of_reason,
    of_rpc,
    of_status,
    unreadable,
)
from agent_host.agents.remote_a2a.message_form import Fields, to_0_1, to_0_3
from agent_host.agents.remote_a2a.reply_form import as_object, as_objects, to_response, to_task

_SEND: Final = "SendMessage"
_STREAM: Final = "SendStreamingMessage"
_GET: Final = "GetTask"
_CANCEL: Final = "CancelTask"
_SUBSCRIBE: Final = "SubscribeToTask"
_OLD_METHODS: Final = {
    _SEND: "message/send",
    _STREAM: "message/stream",
    _GET: "tasks/get",
    _CANCEL: "tasks/cancel",
    _SUBSCRIBE: "tasks/resubscribe",
}
_OLDEST_SEND: Final = "tasks/send"
_OF_THE_EDGE: Final = frozenset({401, 403, 413, 429, 502, 503, 504})
"""Statuses that come from in front of the protocol, whatever the body says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """A message on its way. `key` is the same for each attempt at it."""

    message: Fields
    metadata: Fields
    key: str


class RemoteClient:
    """One agent's operations."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    async def send(self, at: Interface, sending: Sending) -> Fields:
        """Send without waiting for the end: a `StreamResponse`.

        Raises:
            RemoteError: it was not taken, or nobody knows.
        """
        call = self._sending(at, sending, _SEND)
        return to_response(self._read(at, await self._exchange.ask(call)), is_old=at.dialect.is_old)

    @asynccontextmanager
    async def stream(
        self, at: Interface, sending: Sending
    ) -> AsyncGenerator[AsyncIterator[Fields]]:
        """Send and follow: the `StreamResponse`s.

        Raises:
            RemoteError: it was not taken, or nobody knows; or from the stream, which broke off.
        """
        async with self._followed(at, self._sending(at, sending, _STREAM)) as responses:
            yield responses

    async def get(self, at: Interface, task_id: str) -> Fields:
        """A task as it stands, as a `StreamResponse`."""
        call = self._on_task(at, task_id, _GET)
        return to_task(self._read(at, await self._exchange.ask(call)), is_old=at.dialect.is_old)

    async def cancel(self, at: Interface, task_id: str) -> None:
        """Ask a task to stop."""
        call = self._on_task(at, task_id, _CANCEL)
        self._read(at, await self._exchange.ask(call))

    @asynccontextmanager
    async def subscribe(self, at: Interface, task_id: str) -> AsyncGenerator[AsyncIterator[Fields]]:
        """Follow a task that was sent before."""
        async with self._followed(at, self._on_task(at, task_id, _SUBSCRIBE)) as responses:
            yield responses

    @asynccontextmanager
    async def _followed(self, at: Interface, call: Call) -> AsyncGenerator[AsyncIterator[Fields]]:
        async with self._exchange.follow(call) as answered:
            if isinstance(answered, Reply):  # an agent may answer at once and whole
                yield _alone(to_response(self._read(at, answered), is_old=at.dialect.is_old))
            else:
                yield self._responses(at, answered)

    async def _responses(
        self, at: Interface, events: AsyncIterator[bytes]
    ) -> AsyncGenerator[Fields]:
        async for data in events:
            try:
                value: object = orjson.loads(data)
            except orjson.JSONDecodeError:
                raise unreadable("an event that is no JSON") from None
            yield to_response(self._result(at, value), is_old=at.dialect.is_old)

    def _sending(self, at: Interface, sending: Sending, method: str) -> Call:
        message = sending.message
        if at.dialect is Dialect.TASKS_SEND:
            params: Fields = {
                "id": message.get("taskId") or sending.key,
                "sessionId": message.get("contextId") or sending.key,
                "message": to_0_1(message),
                "metadata": sending.metadata,
            }
            return self._rpc(at, _OLDEST_SEND, params, key=sending.key)
        is_old = at.dialect.is_old
        params = {"message": to_0_3(message) if is_old else message, "metadata": sending.metadata}
        if method == _SEND:
            params["configuration"] = {"blocking": False} if is_old else {"returnImmediately": True}
        if at.dialect is Dialect.HTTP_JSON_1_0:
            verb = "message:stream" if method == _STREAM else "message:send"
            return self._http(at, "POST", verb, params, key=sending.key)
        return self._rpc(at, method, params, key=sending.key)

    def _on_task(self, at: Interface, task_id: str, method: str) -> Call:
        if at.dialect is not Dialect.HTTP_JSON_1_0:
            return self._rpc(at, method, {"id": task_id})
        place = f"tasks/{quote(task_id, safe='')}"
        if method == _GET:
            return self._http(at, "GET", place)
        return self._http(at, "POST", f"{place}:{'cancel' if method == _CANCEL else 'subscribe'}")

    def _rpc(self, at: Interface, method: str, params: Fields, *, key: str | None = None) -> Call:
        name = _OLD_METHODS.get(method, method) if at.dialect.is_old else method
        body = {"jsonrpc": "2.0", "id": 1, "method": name, "params": params}
        return Call(method="POST", url=at.url, body=body, headers=_headers(at, key))

    def _http(
        self, at: Interface, verb: str, place: str, body: object = None, *, key: str | None = None
    ) -> Call:
        url = f"{at.url.rstrip('/')}/{place}"
        return Call(method=verb, url=url, body=body, headers=_headers(at, key))

    def _read(self, at: Interface, reply: Reply) -> object:
        if reply.status in _OF_THE_EDGE:
            raise of_status(reply.status, reply.retry_after)
        if not reply.is_ok:
            try:
                self._result(at, reply.json())
            except RemoteError as error:
                if type(error) is not RemoteError:
                    raise
            raise of_status(reply.status, reply.retry_after)
        return self._result(at, reply.json())

    def _result(self, at: Interface, value: object) -> object:
        fields = as_object(value)
        failed = fields.get("error")
        is_failed = isinstance(failed, dict)
        if at.dialect is Dialect.HTTP_JSON_1_0:
            if is_failed:
                raise _http_error(as_object(fields["error"]))
            return fields
        if is_failed:
            raise of_rpc(as_object(fields["error"]).get("code"))
        if "result" not in fields:
            raise unreadable("what is no JSON-RPC response")
        result: object = fields["result"]
        return result


def _headers(at: Interface, key: str | None) -> dict[str, str]:
    headers = {"Content-Type": "application/json", "Accept": f"application/json, {EVENT_STREAM}"}
    if at.dialect.version is not None:
        headers["A2A-Version"] = at.dialect.version
    if key is not None:
        headers["Idempotency-Key"] = key
    return headers


def _http_error(error: Fields) -> RemoteError:
    details: list[Any] = as_objects(error.get("details"))
    reason = next((one["reason"] for one in details if "reason" in one), None)
    status = error.get("code")
    return of_reason(reason, status if isinstance(status, int) else 0)


async def _alone(response: Fields) -> AsyncGenerator[Fields]:
    yield response


__all__ = ["RemoteClient", "Sending"]
