"""An app's own word on who people are."""

from collections.abc import Awaitable, Callable

import pytest

from agent_host.errors import DeniedError
from agent_host.identity.callable_resolver import CallableIdentityResolver, as_resolver
from agent_host.identity.derived_resolver import DerivedIdentityResolver
from agent_host.types import ChannelIdentity, Principal

ANN = ChannelIdentity(channel="chat", account="bot", native_id="7")
ANN_BY_KEY = Principal(id="ann", kind="api_key")


def name(who: ChannelIdentity | Principal) -> str | None:
    known = {"7": "ann", "ann": "ann", "8": "bob"}
    return known.get(who.native_id if isinstance(who, ChannelIdentity) else who.id)


async def name_later(who: ChannelIdentity | Principal) -> str | None:
    return name(who)


@pytest.mark.parametrize("function", [name, name_later])
async def test_whom_the_app_gives_one_id_is_one_person_from_the_start(
    function: object,
) -> None:
    resolver = CallableIdentityResolver(function)  # type: ignore[arg-type]
    bob = ChannelIdentity(channel="chat", account="bot", native_id="8")
    elsewhere = ChannelIdentity(channel="chat", account="bot", native_id="7", tenant="other")

    key = await resolver.resolve_identity(ANN)

    assert await resolver.resolve_principal(ANN_BY_KEY) == key
    assert await resolver.resolve_identity(bob) != key
    assert await resolver.resolve_identity(elsewhere) != key
    assert await DerivedIdentityResolver().resolve_identity(ANN) != key


def _returning(value: object) -> Callable[[object], object]:
    def give(_: object) -> object:
        return value

    return give


def _raise(_: object) -> str:
    raise OSError("the directory is away")


def _deny(_: object) -> str:
    raise DeniedError("Not you.", "suspended")


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (_returning(None), "unknown_person"),
        (_returning(""), "unknown_person"),
        (_returning(7), "unknown_person"),
        (_raise, "resolver_failed"),
        (_deny, "suspended"),
    ],
)
async def test_whom_the_app_does_not_know_is_refused(function: object, reason: str) -> None:
    resolver = CallableIdentityResolver(function)  # type: ignore[arg-type]
    asked: list[Awaitable[str]] = [
        resolver.resolve_identity(ANN),
        resolver.resolve_principal(ANN_BY_KEY),
    ]
    for asking in asked:
        with pytest.raises(DeniedError) as caught:
            await asking
        assert caught.value.reason_code == reason
        assert "away" not in str(caught.value)


def test_a_resolver_is_taken_as_it_is() -> None:
    derived = DerivedIdentityResolver()
    assert as_resolver(derived) is derived
    assert isinstance(as_resolver(name), CallableIdentityResolver)
