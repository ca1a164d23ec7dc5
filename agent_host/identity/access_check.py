"""Refuses rules that would silently deny everybody, or let everybody in, before a host starts."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from agent_host.errors import ConfigurationError
from agent_host.identity.access_policy import AuthPolicy, HostAccessPolicy, walk
from agent_host.identity.allowlist.combined import AllOf, AnyOf
from agent_host.identity.allowlist.everybody import AllowAll
from agent_host.identity.allowlist.linked_claim import LinkedClaimAllowlist
from agent_host.identity.allowlist.native_id import NativeIdAllowlist
from agent_host.protocols.access_policy import Allowlist
from agent_host.types.identity import HOST_MARK


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a host has that rules can be about. On `caller_channels` an authenticator says who is
    calling, on `signed_channels` the channel does. `claim_sources` are those by which claims are
    verified: linkers, and an authenticator that checks tokens. A host without channels is called by
    a program, under names of the program's own.
    """

    channels: Collection[str]
    caller_channels: Collection[str] = ()
    signed_channels: Collection[str] = ()
    has_linker: bool = False
    claim_sources: Collection[str] = ()


def check_access(access: HostAccessPolicy, around: Surroundings) -> None:
    """Look at every rule, nested lists included.

    Raises:
        ConfigurationError: one can only deny or only allow; the text says which, and what to do.
    """
    check_channels("access", access.channels, around.channels)
    for where, policy, seen_on in _policies(access, around.channels):
        if policy.require_link and not around.has_linker:
            raise ConfigurationError(
                f"{where} requires a link, and no linker is set: nobody could ever come in. Add a "
                "linker, or do not require it."
            )
        if policy.allowlist is None:
            continue
        for one in walk(policy.allowlist):
            _check_list(one, where, around)
        for channel in seen_on:
            if not _can_allow(policy.allowlist, channel, around):
                raise ConfigurationError(
                    f"The allowlist lets nobody in on the channel {channel!r}: it lists no id "
                    "there. List some, give the channel an allowlist of its own, or do not mount "
                    "it."
                )


def check_channels(what: str, named: Iterable[str], channels: Collection[str]) -> None:
    """Refuse what is set for a channel that is not there.

    Raises:
        ConfigurationError: it is.
    """
    for name in named:
        if channels and name not in channels:
            raise ConfigurationError(
                f"`{what}` is set for a channel {name!r} that this host does not have; it has "
                f"{_named(channels)}."
            )


def _policies(
    access: HostAccessPolicy, channels: Collection[str]
) -> Iterator[tuple[str, AuthPolicy, Collection[str]]]:
    inheriting = [name for name in channels if name not in access.channels]
    yield "The host", access.policy, inheriting
    for name in access.channels:
        yield f"The channel {name!r}", access.policy_of(name), (name,)


def _check_list(one: Allowlist, where: str, around: Surroundings) -> None:
    match one:
        case NativeIdAllowlist(channels=listed):
            _check_ids(listed, where, around)
        case LinkedClaimAllowlist(source=source, claim=claim):
            sources = around.claim_sources
            if not sources or (source is not None and source not in sources):
                raise ConfigurationError(
                    f"{where} asks for the claim {claim!r}, and nothing verifies it: nobody could "
                    f"ever come in by it. Sources of claims are {_named(sources)}."
                )
        case AnyOf(parts=parts):
            if not parts:
                raise ConfigurationError(f"{where} has an AnyOf of no lists: it allows nobody.")
            if any(isinstance(part, AllowAll) for part in parts):
                raise ConfigurationError(
                    f"{where} has AllowAll among AnyOf: everybody is let in, whatever the others "
                    "say. Remove it, or the others."
                )
        case AllOf(parts=parts):
            if not parts:
                raise ConfigurationError(f"{where} has an AllOf of no lists: it allows nobody.")
        case _:
            pass


def _check_ids(listed: Collection[str], where: str, around: Surroundings) -> None:
    unknown = {
        name for name in listed if name not in around.channels and not name.startswith(HOST_MARK)
    }
    if unknown and around.channels:
        raise ConfigurationError(
            f"{where} lists native ids of {_named(unknown)}, where nobody is seen by it; channels "
            f"are {_named(around.channels)}."
        )
    for channel in listed:
        if channel in around.caller_channels and channel not in around.signed_channels:
            raise ConfigurationError(
                f"{where} lists native ids of {channel!r}, where callers are known by a key or a "
                "token: list them under `@api_key` by the key's subject, or under `@token`."
            )


def _can_allow(one: Allowlist, channel: str, around: Surroundings) -> bool:
    match one:
        case NativeIdAllowlist(channels=listed):
            if not listed or channel in listed:
                return True
            by_host = any(name.startswith(HOST_MARK) for name in listed)
            return by_host and channel in around.caller_channels
        case AnyOf(parts=parts):
            return any(_can_allow(part, channel, around) for part in parts)
        case AllOf(parts=parts):
            return all(_can_allow(part, channel, around) for part in parts)
        case _:
            return True


def _named(names: Collection[str]) -> str:
    return ", ".join(sorted(names)) or "none"


__all__ = ["Surroundings", "check_access", "check_channels"]
