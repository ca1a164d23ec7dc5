"""The part of a host that knows people: who may come in, whose an identity is, links.

Puts the parts of this package together; what each does stands with it.
"""

from collections.abc import Collection
from dataclasses import replace

from agent_host.errors import DeniedError
from agent_host.identity.access_check import Surroundings, check_access, check_channels
from agent_host.identity.access_policy import INHERIT, ChannelAuth, Inherit
from agent_host.identity.directory import StorePersonDirectory
from agent_host.identity.link_book import LinkBook
from agent_host.identity.link_rule import LinkRule
from agent_host.identity.option import PeopleOptions
from agent_host.identity.registry import StoreIdentityRegistry
from agent_host.protocols.access_policy import AccessPolicy, Allowlist
from agent_host.protocols.authenticator import Authenticator
from agent_host.protocols.clock import Clock
from agent_host.protocols.identity_resolver import IdentityResolver
from agent_host.protocols.state_store import StateStore
from agent_host.types.decision import Allowed, Decision, Denied
from agent_host.types.identity import APP_SOURCE, VERIFIER_SOURCE, IdentityBinding
from agent_host.types.json import JsonObject
from agent_host.types.principal import ChannelIdentity, Conversation
from agent_host.types.visitor import Visitor


class People:
    """`registry` is what the pipeline, linkers and deliveries ask; `link_rule` is for deliveries
    too. `directory` is for operators. `check` must be called before anybody is let in.
    """

    def __init__(
        self,
        options: PeopleOptions,
        *,
        store: StateStore,
        resolver: IdentityResolver,
        clock: Clock,
        channels: Collection[str],
        claim_sources: Collection[str] = (),
    ) -> None:
        self.link_rule = LinkRule(
            options.link_policy, tiers=options.tiers, caller_channels=lambda: self._caller_channels
        )
        self.registry = StoreIdentityRegistry(
            store,
            resolver=resolver,
            links=LinkBook(
                store, rule=self.link_rule, clock=clock, identity_limit=options.identity_limit
            ),
            clock=clock,
            identity_limit=options.identity_limit,
        )
        self.directory = StorePersonDirectory(store)
        self._options = options
        self._channels = channels
        self._caller_channels: Collection[str] = ()
        self._claim_sources = {*options.claim_sources, *claim_sources}
        self._resolver = resolver

    def check(self, *, caller_channels: Collection[str], signed_channels: Collection[str]) -> None:
        """Refuse rules that could only deny or only allow, now that it is known who comes where:
        on `caller_channels` those whom an authenticator names, on `signed_channels` those whom the
        channel itself sees.

        Raises:
            ConfigurationError: there is one.
        """
        self._caller_channels = caller_channels
        options = self._options
        around = Surroundings(
            channels=self._channels,
            caller_channels=caller_channels,
            signed_channels=signed_channels,
            has_linker=options.has_linker,
            claim_sources=self._claim_sources,
        )
        check_access(options.access, around)
        check_channels("tiers", options.tiers, self._channels)
        check_channels("rooms", options.rooms.channels, self._channels)

    @property
    def policy(self) -> AccessPolicy | None:
        """Who may come in; None if everybody may."""
        return None if self._options.access.is_open else self._options.access

    async def authorize(
        self,
        identity: ChannelIdentity,
        *,
        require_link: bool | Inherit = INHERIT,
        allowlist: Allowlist | Inherit | None = INHERIT,
        verified_claims: JsonObject | None = None,
        conversation: Conversation | None = None,
    ) -> Decision:
        """Decide on somebody, by the rules of their channel or by those that are given. It writes
        nothing. `verified_claims` are what the one who asks has verified; without them those count
        that a link of the identity proved. What is said to the person is for a private
        conversation only.
        """
        try:
            natural_key = await self._resolver.resolve_identity(identity)
        except DeniedError as error:
            return Denied(reason_code=error.reason_code, user_message=error.private_text)
        binding = IdentityBinding(isolation_key=natural_key)
        if self.registry.has_links:
            binding = await self.registry.bind(identity.tenant, natural_key)
        access = self._options.access
        rules = ChannelAuth(allowlist=allowlist, require_link=require_link)
        by_app = verified_claims is not None
        decision = await access.decide_by(
            rules.over(access.policy_of(identity.channel)),
            Visitor(
                channel=identity.channel,
                identity=identity,
                binding=binding,
                verified_claims=binding.verified_claims
                if verified_claims is None
                else verified_claims,
                claim_source=APP_SOURCE if by_app else binding.claim_source,
                conversation=conversation,
            ),
        )
        if not isinstance(decision, Allowed):
            return decision
        key = self._options.rooms.narrow(
            decision.isolation_key,
            conversation,
            channel=identity.channel,
            account=identity.account,
        )
        return replace(decision, isolation_key=key)


def claim_sources_of(authenticator: Authenticator) -> Collection[str]:
    """By what name an authenticator verifies claims; none where it says that it does not."""
    if authenticator.admits_anyone or not getattr(authenticator, "verifies_claims", True):
        return ()
    return (VERIFIER_SOURCE,)


__all__ = ["People", "claim_sources_of"]
