"""A channel of a third party: events that its platform posts until it is told 2xx, and pushes.

It knows of the host what every channel may know. `chat` and `mail` are two of it, on two platforms.
"""

import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Final

import httpx
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from agent_host.delivery.result_codec import ResultCodec
from agent_host.errors import OutboundError, UnauthenticatedError
from agent_host.protocols.channel import ChannelRoute, RouteAccess
from agent_host.protocols.host_context import HostContext
from agent_host.system import SystemClock
from agent_host.types import (
    Caller,
    ChannelIdentity,
    ChannelRequest,
    HostedResult,
    Message,
    Push,
    PushReceipt,
    ResponseTarget,
)
from agent_host.wire.push_answer import check_answer
from tests.crash.death import Reaper

CHAT: Final = "chat"
MAIL: Final = "mail"
TOKEN: Final = "the platform's own word"
SESSION: Final = "talk"
EVERYWHERE: Final = ResponseTarget(kind="all_linked", echo_input=True)


def identity_of(channel: str, person: str) -> ChannelIdentity:
    """A person as a platform knows them."""
    return ChannelIdentity(channel=channel, account="bot", native_id=f"{person}-{channel}")


def caller_of(channel: str, person: str) -> Caller:
    """The same, speaking to the bot in private."""
    return Caller(channel=channel, account="bot", identity=identity_of(channel, person))


class PlatformPush:
    """`ChannelPush` over HTTP. The delivery's id goes along; not every platform heeds it."""

    rate = None

    def __init__(self, url: str, *, is_idempotent: bool, reaper: Reaper) -> None:
        self.codec = ResultCodec()
        self.is_idempotent = is_idempotent
        self.client = httpx.AsyncClient(timeout=None)  # noqa: S113 - the host bounds an attempt
        self._url = url
        self._reaper = reaper
        self._clock = SystemClock()

    async def push(self, push: Push) -> PushReceipt:
        """One request."""
        body = {
            "run": push.result.run.id,
            "what": "echo" if push.is_echo else "reply",
            "text": _text_of(push.result),
        }
        self._reaper.come("send", "before")
        try:
            answer = await self.client.post(
                self._url, json=body, headers={"idempotency-key": push.delivery_id}
            )
        except httpx.ConnectError as error:
            raise OutboundError("nobody is there", was_sent=False) from error
        except httpx.HTTPError as error:
            raise OutboundError("no answer", was_sent=True) from error
        self._reaper.come("send", "after")
        check_answer(answer.status_code, answer.headers, now=self._clock.now())
        return PushReceipt(platform_id=answer.headers["x-message-id"])


class PlatformChannel:
    """Answers go to everything that is the person's, with an echo where they did not write."""

    def __init__(self, name: str, url: str, *, is_idempotent: bool, reaper: Reaper) -> None:
        self.name = name
        self.push = PlatformPush(url, is_idempotent=is_idempotent, reaper=reaper)

    def routes(self, context: HostContext) -> Sequence[ChannelRoute]:
        """Where the platform posts its events."""

        async def receive(request: Request) -> Response:
            if request.headers.get("x-platform-token") != TOKEN:
                raise UnauthenticatedError("That is not our platform.")
            event = json.loads(await request.body())
            asked = ChannelRequest(
                caller=caller_of(self.name, event["from"]),
                input=(Message.user(event["text"]),),
                session=SESSION,
                response_target=EVERYWHERE,
            )
            taken = await context.accept(event["id"], asked)
            return JSONResponse({"duplicate": taken.is_duplicate})

        route = Route(f"/{self.name}/events", receive, methods=["POST"])
        return [ChannelRoute(route=route, access=RouteAccess.SIGNED)]

    @asynccontextmanager
    async def lifespan(self, context: HostContext) -> AsyncGenerator[None]:
        """The client is open as long as the host."""
        async with self.push.client:
            yield


def _text_of(hosted: HostedResult) -> str:
    result = hosted.result
    if result is None:
        return ""
    return result.text or "".join(message.text for message in result.messages)


__all__ = ["CHAT", "MAIL", "SESSION", "TOKEN", "PlatformChannel", "caller_of", "identity_of"]
