"""Strangers who may ask to be let in: can they, can anybody answer them, and does it last?"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from agent_host.authentication.api_key_file import ApiKeyFile
from agent_host.doctor.channel import mounted_host
from agent_host.doctor.finding import Finding, ok, setting, skipped, warning
from agent_host.doctor.link import store_of
from agent_host.doctor.situation import Situation, takes_keys
from agent_host.errors import ConfigurationError
from agent_host.protocols.channel import RouteAccess
from agent_host.registry import load_channel
from agent_host.settings.place import keys_file
from agent_host.settings.unit import format_duration
from agent_host.stores.disk_folder import SCHEME
from agent_host.types.principal import ADMIN_SCOPE

_CODE: Final = timedelta(days=1)
_REQUESTS: Final = 600
_WAITING: Final = 10_000


def check_pairing(situation: Situation) -> Iterator[Finding]:
    """Is what is set about it of use, and safe?"""
    if not situation.settings.pairing.channels:
        yield skipped("No channel is locked; strangers cannot ask to be let in.")
        return
    found = [*_unasked(situation), *_unanswered(situation), *_kept(situation), *_limits(situation)]
    yield from found
    if not found:
        names = ", ".join(sorted(situation.settings.pairing.channels))
        yield ok(f"Strangers may ask to be let in on {names}.")


def _unasked(situation: Situation) -> Iterator[Finding]:
    """Channels that are locked, and show nobody a code."""
    named = set(situation.settings.pairing.channels)
    silent = sorted(named & _keyed_channels(situation))
    if silent:
        yield warning(
            f"Nobody is shown a code on {', '.join(silent)}: callers there are known by a key or a "
            "token. Without an entry in a list they stay out.",
            f"Name channels of chats in {setting('pairing.channels')}; list those callers in "
            f"{setting('identity.allowed_ids')}.",
        )


def _keyed_channels(situation: Situation) -> set[str]:
    """Those on which an authenticator says who is calling, and the channel never does."""
    try:
        context = mounted_host(situation).context
    except ConfigurationError:
        return set()  # said by the check of channels
    found: set[str] = set()
    for name, config in situation.loaded.channels.items():
        kinds = {route.access for route in load_channel(name)(config).routes(context)}
        if RouteAccess.CALLER in kinds and RouteAccess.SIGNED not in kinds:
            found.add(name)
    return found


def _unanswered(situation: Situation) -> Iterator[Finding]:
    if not _has_operator(situation):
        yield warning(
            "Nobody can let anybody in: no live key administers, and the host has no door for its "
            "operator.",
            f"Make a key: `agent-host keys create NAME --scope admin`. Or set "
            f"{setting('access.operator_door')} and a store on disk.",
        )


def _has_operator(situation: Situation) -> bool:
    access = situation.settings.access
    if access.operator_door and situation.settings.store.startswith(SCHEME):
        return True
    if access.anonymous_admin or access.jwt.admin_scopes:
        return True
    if not takes_keys(situation.settings):
        return False
    try:
        keys = ApiKeyFile(keys_file(situation.settings)).read()
    except (OSError, ConfigurationError):
        return False
    now = situation.clock.now()
    return any(ADMIN_SCOPE in key.scopes and key.is_live(now) for key in keys)


def _kept(situation: Situation) -> Iterator[Finding]:
    store = store_of(situation)
    if store is None:
        return
    if not store.durable:
        yield warning(
            "Who was let in, and who was not, is forgotten when the process ends.",
            f"Set {setting('store')} to disk:///path/to/a/folder.",
        )
    if store.shared:
        yield warning(
            "New requests are counted by each process, and each shows codes of its own: of two the "
            "later one holds.",
            f"Divide {setting('pairing.requests_per_minute')} by how many there are.",
        )


def _limits(situation: Situation) -> Iterator[Finding]:
    pairing = situation.settings.pairing
    if pairing.time_to_live > _CODE:
        yield warning(
            f"A code holds for {format_duration(pairing.time_to_live)}: it may be said to an "
            "operator by another than who was shown it.",
            f"Set {setting('pairing.time_to_live')} to {format_duration(_CODE)} or less.",
        )
    if len(pairing.channels) > 1 and pairing.pending_limit_per_channel >= pairing.pending_limit:
        yield warning(
            "Strangers of one channel can keep those of all others from asking.",
            f"Set {setting('pairing.pending_limit_per_channel')} below "
            f"{setting('pairing.pending_limit')}.",
        )
    counts = {
        "pairing.requests_per_minute": (pairing.requests_per_minute, _REQUESTS),
        "pairing.pending_limit": (pairing.pending_limit, _WAITING),
    }
    for key, (count, highest) in counts.items():
        if count > highest:
            yield warning(
                f"`{key}` is {count}, which is hardly a limit.",
                f"Set {setting(key)} to {highest} or less.",
            )


__all__ = ["check_pairing"]
