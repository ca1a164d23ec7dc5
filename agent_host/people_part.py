"""The parts of a host that know people: who may come in, whose an identity is, how it is linked,
and who is let in by an operator. Those that not every host has are loaded where they are asked for.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from agent_host.delivery.option import DeliveryOptions
from agent_host.identity.option import PeopleOptions
from agent_host.identity.people import People
from agent_host.identity.registry import StoreIdentityRegistry
from agent_host.linking.kept_step import KeptLinkSteps
from agent_host.linking.option import LinkOptions
from agent_host.pairing.kept import KeptPairings
from agent_host.protocols.clock import Clock, IdFactory
from agent_host.protocols.identity_resolver import IdentityResolver
from agent_host.protocols.personal import PersonalPart
from agent_host.protocols.state_store import StateStore
from agent_host.types.pairing import PairingPolicy

if TYPE_CHECKING:
    from agent_host.linking.desk import HostLinkDesk
    from agent_host.pairing.book import PairingBook


class PeopleParts(NamedTuple):
    """`options` are those that hold, `personal` the parts that keep something of people outside of
    their partitions.
    """

    options: PeopleOptions
    people: People
    desk: "HostLinkDesk | None"
    pairing: "PairingBook | None"
    personal: Sequence[PersonalPart]

    def delivered(self, options: DeliveryOptions | None) -> DeliveryOptions:
        """How answers get to people: by the registry, the link policy and the tiers of the host,
        where the app has not named others.
        """
        options = options or DeliveryOptions()
        return replace(
            options,
            registry=options.registry or self.people.registry,
            link_policy=options.link_policy or self.options.link_policy,
            tiers=options.tiers or self.options.tiers,
        )


def make_people(  # noqa: PLR0913 - what these parts are made over, by keyword
    options: PeopleOptions,
    linking: LinkOptions,
    pairing: PairingPolicy | None,
    *,
    store: StateStore,
    resolver: IdentityResolver,
    clock: Clock,
    ids: IdFactory,
    channels: Collection[str],
    claim_sources: Collection[str],
) -> PeopleParts:
    """All of them, nothing of it started.

    Raises:
        ConfigurationError: rules by which nobody could ever be let in.
    """
    options = _with_linkers(options, linking)
    options, book = _make_pairing(pairing, options, store=store, clock=clock)
    people = People(
        options,
        store=store,
        resolver=resolver,
        clock=clock,
        channels=channels,
        claim_sources=claim_sources,
    )
    desk = _make_desk(
        linking, people.registry, resolver=resolver, store=store, clock=clock, ids=ids
    )
    # Who somebody is comes last: it leads to what the others keep of them.
    personal = (
        KeptPairings(store),
        KeptLinkSteps(store, [linker.name for linker in linking.linkers]),
        people.directory,
    )
    return PeopleParts(options, people, desk, book, personal)


def _with_linkers(people: PeopleOptions, linking: LinkOptions) -> PeopleOptions:
    """Rules may ask for what the host's linkers prove."""
    if not linking.linkers:
        return people
    sources = people.claim_sources | linking.claim_sources
    return replace(people, has_linker=True, claim_sources=sources)


def _make_desk(
    linking: LinkOptions,
    registry: StoreIdentityRegistry,
    *,
    resolver: IdentityResolver,
    store: StateStore,
    clock: Clock,
    ids: IdFactory,
) -> "HostLinkDesk | None":
    """Who leads links, where there is a way to link."""
    if not linking.linkers:
        return None
    from agent_host.linking.desk import HostLinkDesk  # noqa: PLC0415 - see the top

    return HostLinkDesk(
        linking.linkers,
        registry=registry,
        resolver=resolver,
        store=store,
        clock=clock,
        ids=ids,
        limits=linking.limits,
    )


def _make_pairing(
    policy: PairingPolicy | None, people: PeopleOptions, *, store: StateStore, clock: Clock
) -> "tuple[PeopleOptions, PairingBook | None]":
    """The rules with channels locked, and who invites strangers there, if that is wanted.

    Raises:
        ConfigurationError: nobody could ever be let in.
    """
    if policy is None:
        return people, None
    from agent_host.pairing.allowlist import PairedAllowlist, locked  # noqa: PLC0415 - see the top
    from agent_host.pairing.book import PairingBook  # noqa: PLC0415

    book = PairingBook(store, policy, clock)
    access = locked(people.access, policy, PairedAllowlist(book))
    return replace(people, access=access), book


__all__ = ["PeopleParts", "make_people"]
