"""Channels that break the contract, each in one way, and the suite over them.

Not collected: `test_channel_suite.py` runs it and looks at what failed.
"""

import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from typing import Final

import httpx
import pytest
from agent_host_text_line import TextLineChannel, TextLineConfig
from agent_host_text_line.inbound import to_line, to_request
from agent_host_text_line.outbound import from_result
from agent_host_text_line.testing import SECRET, TextLineDriver
from pydantic import SecretStr
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from agent_host import AgentHost
from agent_host.identity.option import PeopleOptions
from agent_host.protocols.authenticator import Authenticator
from agent_host.protocols.authorizer import Authorizer
from agent_host.protocols.channel import Channel, ChannelRoute, RouteAccess
from agent_host.protocols.host_context import HostContext
from agent_host.testing.channel_access_suite import ChannelAccessSuite
from agent_host.testing.channel_body_suite import ChannelBodySuite
from agent_host.testing.channel_driver import ChannelAnswer, ChannelDriver, SampleRequest
from agent_host.testing.channel_people_suite import ChannelPeopleSuite
from agent_host.testing.channel_talk_suite import ChannelTalkSuite
from agent_host.testing.person import as_person
from agent_host.types import Caller, ChannelRequest, Message
from tests.contract.rest_driver import RestDriver


class TestAuthorizerIsNotAsked(ChannelAccessSuite, ChannelPeopleSuite):
    """As if the pipeline had no such step."""

    asked_within_seconds = 0.5

    @pytest.fixture
    def name(self) -> str:
        return "rest"

    @pytest.fixture
    def driver(self) -> ChannelDriver:
        return RestDriver()

    def make_host(
        self,
        target: object,
        driver: ChannelDriver,
        *,
        authenticator: Authenticator | None = None,
        authorizer: Authorizer | None = None,
        people: PeopleOptions | None = None,
    ) -> AgentHost:
        return super().make_host(target, driver, authenticator=authenticator)


class Reopened:
    """A channel whose every route is public."""

    def __init__(self, inner: Channel) -> None:
        self._inner = inner

    @property
    def name(self) -> str:
        return self._inner.name

    def routes(self, context: HostContext) -> Sequence[ChannelRoute]:
        public = RouteAccess.PUBLIC
        return [replace(route, access=public) for route in self._inner.routes(context)]

    def lifespan(self, context: HostContext) -> AbstractAsyncContextManager[None]:
        return self._inner.lifespan(context)


class ReopenedDriver(TextLineDriver):
    def make_channel(self) -> Channel:
        return Reopened(super().make_channel())


class TestEverythingIsPublic(ChannelAccessSuite):
    asked_within_seconds = 0.5

    @pytest.fixture
    def name(self) -> str:
        return "text_line"

    @pytest.fixture
    def driver(self) -> ChannelDriver:
        return ReopenedDriver()


class Unverified(TextLineChannel):
    """Believes any message."""

    async def _receive(self, request: Request, context: HostContext) -> Response:
        line = to_line(await request.body())
        hosted = await context.run(to_request(line, channel=self.name, account="main"))
        text, status = from_result(hosted)
        return PlainTextResponse(text, status_code=status)


class UnverifiedDriver(TextLineDriver):
    def make_channel(self) -> Channel:
        return Unverified(TextLineConfig(secret=SecretStr(SECRET)))


class TestSignatureIsNotVerified(ChannelAccessSuite):
    @pytest.fixture
    def name(self) -> str:
        return "text_line"

    @pytest.fixture
    def driver(self) -> ChannelDriver:
        return UnverifiedDriver()


PATH: Final = "/careless"


class Careless:
    """One account for everybody, no care for bad input, and failures told in full."""

    name = "careless"

    def routes(self, context: HostContext) -> Sequence[ChannelRoute]:
        async def receive(request: Request) -> Response:
            body = json.loads(await request.body())
            hosted = await context.run(
                ChannelRequest(
                    caller=Caller(channel="careless"),
                    input=(Message.user(body["text"]),),
                    session="the-only-one",
                )
            )
            if hosted.result is None:
                return PlainTextResponse("correct-horse-battery", status_code=400)
            return PlainTextResponse(hosted.result.text)

        return [ChannelRoute(route=Route(PATH, receive, methods=["POST"]), access=self.access)]

    access = RouteAccess.CALLER

    @asynccontextmanager
    async def lifespan(self, context: HostContext) -> AsyncGenerator[None]:
        yield


class CarelessDriver:
    has_sessions = True
    samples = (SampleRequest(method="POST", path=PATH, body=b'{"text": "hello"}'),)

    def make_channel(self) -> Channel:
        return Careless()

    def headers(self, body: bytes, *, person: str) -> Mapping[str, str]:
        return as_person("everybody")

    async def ask(
        self, client: httpx.AsyncClient, text: str, *, person: str, session: str
    ) -> ChannelAnswer:
        headers = self.headers(b"", person=person)
        response = await client.post(PATH, json={"text": text}, headers=headers)
        failed = not response.is_success
        return ChannelAnswer(text=response.text, wire=response.text, failed=failed)


class TestCareless(ChannelBodySuite, ChannelTalkSuite):
    @pytest.fixture
    def driver(self) -> ChannelDriver:
        return CarelessDriver()
