"""Answers that arrive elsewhere: two channels that push, and a receiver that fails on purpose.

Run it with `.venv/bin/python examples/deliveries.py --store FOLDER`. Whoever asks is known to be
on `phone` and on `desk`. The receiver of `phone` is busy the first time; that of `desk` refuses
everything until `POST /receiver/repair`. See docs/operations/delivery.md for the tour.
"""

import argparse
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from agent_host import AgentHost
from agent_host.asgi.server import ServerOptions
from agent_host.authentication.operator_door import OperatorDoor
from agent_host.delivery.option import DeliveryOptions
from agent_host.delivery.result_codec import ResultCodec
from agent_host.errors import OutboundError
from agent_host.protocols.channel import ChannelRoute, RouteAccess
from agent_host.protocols.host_context import HostContext
from agent_host.stores.disk import DiskStateStore
from agent_host.system import SystemClock
from agent_host.types import (
    ChannelIdentity,
    IsolationKey,
    KnownIdentity,
    Owner,
    Push,
    PushReceipt,
)
from agent_host.wire.push_answer import check_answer
from agent_host_rest import RestChannel, RestConfig


class HttpPush:
    """`ChannelPush`: posts the text, with the delivery's id as idempotency key."""

    rate = None

    def __init__(self, url: str, *, is_idempotent: bool = True) -> None:
        self.codec = ResultCodec()
        self.is_idempotent = is_idempotent
        self.client = httpx.AsyncClient(timeout=None)  # noqa: S113 - the host bounds an attempt
        self._url = url
        self._clock = SystemClock()

    async def push(self, push: Push) -> PushReceipt:
        """One request; whatever is no answer may have arrived, unless nobody was there."""
        result = push.result.result
        text = result.text or result.messages[0].text if result else "Something went wrong."
        body = {"text": text, "is_echo": push.is_echo}
        headers = {"idempotency-key": push.delivery_id}
        try:
            answer = await self.client.post(self._url, json=body, headers=headers)
        except httpx.ConnectError as error:
            raise OutboundError("nobody is there", was_sent=False) from error
        except httpx.HTTPError as error:
            raise OutboundError("no answer", was_sent=True) from error
        check_answer(answer.status_code, answer.headers, now=self._clock.now())
        return PushReceipt(platform_id=answer.headers.get("x-message-id"))


class PushChannel:
    """A channel that only pushes."""

    def __init__(self, name: str, url: str) -> None:
        self.name = name
        self.push = HttpPush(url)

    def routes(self, context: HostContext) -> Sequence[ChannelRoute]:  # noqa: ARG002
        """Nobody speaks to us by it."""
        return ()

    @asynccontextmanager
    async def lifespan(self, context: HostContext) -> AsyncGenerator[None]:  # noqa: ARG002
        """The client is open as long as the host."""
        async with self.push.client:
            yield


class Receiver:
    """The other side of both, here as routes of the same host. It honours the idempotency key."""

    name = "receiver"

    def __init__(self) -> None:
        self._tried: set[str] = set()
        self._got: dict[str, dict[str, str]] = {"phone": {}, "desk": {}}
        self._is_repaired = False

    def routes(self, context: HostContext) -> Sequence[ChannelRoute]:  # noqa: ARG002
        """What it got, its repair, and where it gets things."""
        routes = (
            Route("/receiver", self.show, methods=["GET"]),
            Route("/receiver/repair", self.repair, methods=["POST"]),
            Route("/receiver/{name:str}", self.take, methods=["POST"]),
        )
        return [ChannelRoute(route=route, access=RouteAccess.PUBLIC) for route in routes]

    @asynccontextmanager
    async def lifespan(self, context: HostContext) -> AsyncGenerator[None]:  # noqa: ARG002
        """Nothing has to be open."""
        yield

    async def show(self, _: Request) -> Response:
        """What arrived, each message once."""
        return JSONResponse({name: [*got.values()] for name, got in self._got.items()})

    async def repair(self, _: Request) -> Response:
        """From now on `desk` takes what comes."""
        self._is_repaired = True
        return Response(status_code=204)

    async def take(self, request: Request) -> Response:
        """Busy at first, or gone for good, or taken."""
        name, key = request.path_params["name"], request.headers["idempotency-key"]
        if name == "desk" and not self._is_repaired:
            return Response(status_code=410)
        if name == "phone" and key not in self._tried:
            self._tried.add(key)
            return Response(status_code=503, headers={"retry-after": "0"})
        self._got[name][key] = (await request.json())["text"]
        return Response(
            status_code=200, headers={"x-message-id": f"message-{len(self._got[name])}"}
        )


class Everybody:
    """`IdentityRegistry` of a host that knows one person, whoever asks."""

    def __init__(self) -> None:
        now = SystemClock().now()
        self._owner: IsolationKey | None = None
        self._known = [
            KnownIdentity(
                identity=ChannelIdentity(channel=name, account="default", native_id="me"),
                linked_at=now,
                last_seen_at=now,
            )
            for name in ("phone", "desk")
        ]

    async def find(self, identity: ChannelIdentity) -> IsolationKey | None:
        """Theirs."""
        return self._owner if any(identity == one.identity for one in self._known) else None

    async def identities(self, owner: Owner) -> Sequence[KnownIdentity]:
        """On phone and on desk."""
        self._owner = owner.isolation_key
        return self._known

    async def whose(self, owner: Owner) -> Owner:
        """Their own."""
        return owner


async def agent(text: str) -> str:
    """Takes its time elsewhere, too."""
    return f"About {text!r}: yes."


def create_host(folder: Path, *, port: int) -> AgentHost:
    """The host, over a folder that outlives it."""
    here = f"http://127.0.0.1:{port}/receiver"
    return AgentHost(
        agent,
        channels=[
            RestChannel(RestConfig(callers_choose_target=True)),
            PushChannel("phone", f"{here}/phone"),
            PushChannel("desk", f"{here}/desk"),
            Receiver(),
        ],
        store=DiskStateStore(folder),
        operator_door=OperatorDoor(folder),
        delivery=DeliveryOptions(registry=Everybody()),
    )


def main() -> None:
    """Serve until a signal comes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8090)
    parser.add_argument("--store", type=Path, required=True, metavar="FOLDER")
    arguments = parser.parse_args()
    host = create_host(arguments.store, port=arguments.port)
    host.run(ServerOptions(port=arguments.port), on_listening=print)


if __name__ == "__main__":
    main()
