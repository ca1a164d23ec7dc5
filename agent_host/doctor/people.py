"""Who may come in and who may be one person: would the host start with these rules, and is one of
them useless, or opener than it looks?
"""

from collections.abc import Iterator

from agent_host.app import AgentHost
from agent_host.configured_access import create_authenticator
from agent_host.configured_linking import create_linking, create_on_behalf_of
from agent_host.doctor.channel import mounted_host
from agent_host.doctor.finding import Finding, ok, problem, setting, skipped, warning
from agent_host.doctor.situation import Situation
from agent_host.errors import ConfigurationError
from agent_host.registry import load_channel
from agent_host.settings.identity import IdentitySettings
from agent_host.settings.place import keys_file
from agent_host.types.conversation_scope import ConversationScope

_IDENTITIES = 1000


def check_people(situation: Situation) -> Iterator[Finding]:
    """Do the rules of identities, links and pairing go together, and with the channels?"""
    try:
        mounted_host(situation)
        access = situation.settings.access
        create_authenticator(
            access, keys_file(situation.settings), insecure=situation.settings.server.insecure
        )
    except ConfigurationError:
        yield skipped("The channels, or the settings of access, are wrong already.")
        return
    try:
        _peopled_host(situation)
    except ConfigurationError as error:
        yield problem(str(error), "Change one of the tables [identity], [link] and [pairing].")
        return
    identity = situation.settings.identity
    found = [*_open(identity), *_pairs(situation), *_tiers(identity), *_rooms(identity)]
    if identity.identity_limit > _IDENTITIES:
        found.append(
            warning(
                f"`identity.identity_limit` is {identity.identity_limit}, which is hardly a limit: "
                "a person is one record, and an answer may go to all of them.",
                f"Set {setting('identity.identity_limit')} to {_IDENTITIES} or less.",
            )
        )
    yield from found
    if not found:
        yield ok("The rules of identities, links and pairing go together.")


def _peopled_host(situation: Situation) -> AgentHost:
    """A host with all that is set about people; it is never started.

    Raises:
        ConfigurationError: it could not be.
    """
    settings = situation.settings

    async def unasked(text: str) -> str:
        return text

    return AgentHost(
        unasked,
        channels=[load_channel(name)(config) for name, config in situation.loaded.channels.items()],
        authenticator=create_authenticator(
            settings.access, keys_file(settings), insecure=settings.server.insecure
        ),
        people=settings.identity.to_options(),
        linking=create_linking(settings.link),
        pairing=settings.pairing.to_policy(),
        on_behalf_of=create_on_behalf_of(
            settings.on_behalf_of, caller_issuer=settings.access.jwt.issuer
        ),
    )


def _open(identity: IdentitySettings) -> Iterator[Finding]:
    """Channels that leave out what holds for the host."""
    for name, own in identity.channels.items():
        if own.allowlist == "none" and (identity.allowed_ids or identity.allowed_claims):
            yield warning(
                f"Everybody comes in on the channel {name!r}: its `allowlist` is `none`, and the "
                "host's list does not count there.",
                f"Set it to `inherit` or `own` in {setting('identity.channels')}.",
            )
        if own.require_link is False and identity.require_link:
            yield warning(
                f"The host requires a link, and the channel {name!r} does not.",
                f"Remove its `require_link` in {setting('identity.channels')} unless people begin "
                "their links there.",
            )


def _pairs(situation: Situation) -> Iterator[Finding]:
    identity, channels = situation.settings.identity, situation.loaded.channels
    pairs = set(identity.link_pairs)
    if identity.link_policy != "pairs":
        if pairs:
            yield warning(
                f"`identity.link_pairs` does not count: the policy is `{identity.link_policy}`.",
                f'Set {setting("identity.link_policy")} to "pairs", or remove the pairs.',
            )
        return
    if not pairs:
        yield warning(
            "The link policy is `pairs` and there are none: no two channels share a person.",
            f'List them in {setting("identity.link_pairs")}, or set the policy to "deny_all".',
        )
    unknown = sorted({name for pair in pairs for name in pair} - {*channels})
    if unknown:
        yield warning(
            f"`identity.link_pairs` names channels that are not mounted: {', '.join(unknown)}.",
            f"Correct {setting('identity.link_pairs')}, or mount them.",
        )
    one_way = sorted(f"{a} to {b}" for a, b in pairs if (b, a) not in pairs)
    if one_way:
        yield warning(
            f"In one direction only: {', '.join(one_way)}. No link can be made by such a pair.",
            f"Add the other direction to {setting('identity.link_pairs')}.",
        )


def _tiers(identity: IdentitySettings) -> Iterator[Finding]:
    tiers = [name for name, own in identity.channels.items() if own.tier is not None]
    if identity.link_policy == "same_tier" and not tiers:
        yield warning(
            "The link policy is `same_tier` and no channel has a tier: all are of one, and "
            "everything may be linked.",
            f"Give channels a `tier` in {setting('identity.channels')}.",
        )
    if identity.link_policy != "same_tier" and tiers:
        yield warning(
            f"Tiers do not count, those of {', '.join(sorted(tiers))}: the link policy is "
            f"`{identity.link_policy}`.",
            f'Set {setting("identity.link_policy")} to "same_tier".',
        )


def _rooms(identity: IdentitySettings) -> Iterator[Finding]:
    open_ones = [
        name
        for name, own in identity.channels.items()
        if own.room_scope is ConversationScope.PER_USER
    ]
    if identity.room_scope is ConversationScope.PER_USER:
        open_ones.insert(0, "the host")
    if open_ones:
        yield warning(
            f"What people say in private is used before everybody in a room: `room_scope` of "
            f"{', '.join(open_ones)} is `per_user`.",
            f"Leave out {setting('identity.room_scope')}, unless everybody may hear it.",
        )


__all__ = ["check_people"]
