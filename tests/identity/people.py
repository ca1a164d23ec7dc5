"""People to link, and a registry over a store of its own."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from agent_host.identity.derived_resolver import DerivedIdentityResolver
from agent_host.identity.key import identity_key
from agent_host.identity.link_book import LinkBook
from agent_host.identity.link_policy import AllowAllLinks
from agent_host.identity.link_rule import LinkRule
from agent_host.identity.registry import StoreIdentityRegistry
from agent_host.protocols.clock import Clock
from agent_host.protocols.link_policy import LinkPolicy
from agent_host.protocols.state_store import StateStore
from agent_host.stores.memory import MemoryStateStore
from agent_host.testing.manual_clock import ManualClock
from agent_host.types import ChannelIdentity, IsolationKey, Owner
from agent_host.types.identity import LinkParty

LIMIT = 5


def identity(name: str, channel: str = "chat", tenant: str = "default") -> ChannelIdentity:
    return ChannelIdentity(channel=channel, account="bot", native_id=name, tenant=tenant)


def party(name: str, channel: str = "chat", tenant: str = "default") -> LinkParty:
    who = identity(name, channel, tenant)
    return LinkParty(identity=who, natural_key=identity_key(who))


def key(name: str, channel: str = "chat", tenant: str = "default") -> IsolationKey:
    return party(name, channel, tenant).natural_key


def owner(name: str, channel: str = "chat", tenant: str = "default") -> Owner:
    return Owner(tenant=tenant, isolation_key=key(name, channel, tenant))


def make_registry(
    store: StateStore,
    *,
    clock: Clock | None = None,
    policy: LinkPolicy | None = None,
    limit: int = LIMIT,
    **rule: object,
) -> StoreIdentityRegistry:
    clock = clock or ManualClock()
    rules = LinkRule(policy or AllowAllLinks(), **rule)  # type: ignore[arg-type]
    return StoreIdentityRegistry(
        store,
        resolver=DerivedIdentityResolver(),
        links=LinkBook(store, rule=rules, clock=clock, identity_limit=limit),
        clock=clock,
        identity_limit=limit,
    )


@asynccontextmanager
async def registry(**options: object) -> AsyncGenerator[StoreIdentityRegistry]:
    async with MemoryStateStore() as store, make_registry(store, **options) as made:  # type: ignore[arg-type]
        yield made


async def key_of(registry: StoreIdentityRegistry, name: str, **where: str) -> IsolationKey:
    """Whose it is now."""
    who = party(name, **where)
    return (await registry.bind(who.identity.tenant, who.natural_key)).isolation_key


async def held_by(registry: StoreIdentityRegistry, name: str, **where: str) -> set[IsolationKey]:
    """All partitions that they may see."""
    tenant = party(name, **where).identity.tenant
    own = Owner(tenant=tenant, isolation_key=await key_of(registry, name, **where))
    return {own.isolation_key, *(held.isolation_key for held in await registry.holdings(own))}


__all__ = [
    "held_by",
    "identity",
    "key",
    "key_of",
    "make_registry",
    "owner",
    "party",
    "registry",
]
