"""A host with two channels that can push, and one person who has been on both."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from agent_host import AgentHost
from agent_host.delivery.option import DeliveryOptions
from agent_host.identity.derived_resolver import DerivedIdentityResolver
from agent_host.protocols.host_context import HostContext
from agent_host.protocols.link_policy import LinkPolicy
from agent_host.system import SystemClock
from agent_host.testing.identity_registry import MemoryIdentityRegistry
from agent_host.testing.push_channel import PlatformDouble, PushChannelDouble
from agent_host.types import (
    Caller,
    ChannelIdentity,
    ChannelRequest,
    Conversation,
    Delivery,
    DeliveryPolicy,
    DeliveryStatus,
    HostedResult,
    Message,
    Owner,
    Principal,
    ResponseTarget,
)
from tests.host.harness import acting_as

CHAT = ChannelIdentity(channel="chat", account="default", native_id="alice-chat")
MAIL = ChannelIdentity(channel="mail", account="default", native_id="alice-mail")
ROOM = Conversation(id="room-1")
QUICK = DeliveryPolicy(
    first_delay=timedelta(milliseconds=10),
    last_delay=timedelta(milliseconds=40),
    attempt_time_limit=timedelta(seconds=5),
)
ACTIVE = ResponseTarget(kind="active")
ALL = ResponseTarget(kind="all_linked")
FINAL = frozenset(
    {
        DeliveryStatus.ACCEPTED,
        DeliveryStatus.UNKNOWN,
        DeliveryStatus.DEAD,
        DeliveryStatus.CANCELLED,
    }
)


async def shout(text: str) -> str:
    return text.upper()


@dataclass(slots=True, kw_only=True)
class Stage:
    """What a test acts with."""

    host: AgentHost
    chat: PlatformDouble
    mail: PlatformDouble
    registry: MemoryIdentityRegistry
    alice: Owner

    @property
    def context(self) -> HostContext:
        return self.host.context

    async def ask(
        self, text: str = "hello", target: ResponseTarget = ACTIVE, **fields: Any
    ) -> HostedResult:
        """Alice asks by a channel without a way back."""
        request = ChannelRequest(
            caller=fields.pop("caller", Caller(channel="test")),
            input=(Message.user(text),),
            response_target=target,
            **fields,
        )
        return await self.context.run(request)

    async def ended(self, asked: HostedResult) -> HostedResult:
        """Her run, once it is over."""
        view = await self.context.runs(Caller(channel="test"))
        async for _ in view.events(asked.run.id):
            pass
        return await view.get(asked.run.id)

    async def deliveries(self, asked: HostedResult) -> list[Delivery]:
        """What the run led to, once all of it is over."""
        await self.ended(asked)
        page = await self.host.deliveries.list(run_id=asked.run.id, limit=200)
        return [await self.over(delivery.id) for delivery in page.items]

    async def over(
        self, delivery_id: str, *statuses: DeliveryStatus, also: frozenset[DeliveryStatus] = FINAL
    ) -> Delivery:
        """The delivery, once it stands so."""
        wanted = frozenset(statuses) or also
        clock = SystemClock()
        while True:
            delivery = await self.host.deliveries.show(delivery_id)
            if delivery.status in wanted:
                return delivery
            await clock.sleep(0.002)


async def owner_of(name: str) -> Owner:
    """Who acts under this name."""
    principal = Principal(id=name, kind="token")
    key = await DerivedIdentityResolver().resolve_principal(principal)
    return Owner(tenant=principal.tenant, isolation_key=key)


@asynccontextmanager
async def stage(
    target: object = shout,
    *,
    chat: PlatformDouble | None = None,
    mail: PlatformDouble | None = None,
    link_policy: LinkPolicy | None = None,
    tiers: dict[str, str] | None = None,
    policy: DeliveryPolicy = QUICK,
    registry: MemoryIdentityRegistry | None = None,
    seen: bool = True,
    **options: Any,
) -> AsyncGenerator[Stage]:
    """A started host; Alice was on chat a minute ago, and on mail an hour ago."""
    alice = await owner_of("alice")
    registry = registry or MemoryIdentityRegistry()
    clock = options.get("clock") or SystemClock()
    chat, mail = chat or PlatformDouble(), mail or PlatformDouble()
    if seen:
        now = clock.now()
        registry.link(alice, CHAT, seen_at=now - timedelta(minutes=1), conversation=ROOM)
        registry.link(alice, MAIL, seen_at=now - timedelta(hours=1))
    host = AgentHost(
        target,
        channels=[PushChannelDouble("chat", chat), PushChannelDouble("mail", mail)],
        delivery=DeliveryOptions(
            registry=registry, link_policy=link_policy, tiers=tiers or {}, policy=policy
        ),
        **options,
    )
    async with host:
        with acting_as("alice"):
            yield Stage(host=host, chat=chat, mail=mail, registry=registry, alice=alice)
