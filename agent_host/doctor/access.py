"""Who may talk to the host: do the settings go together, and does anybody get in at all?"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from agent_host.authentication.api_key import ApiKey
from agent_host.authentication.api_key_file import ApiKeyFile
from agent_host.configured_access import create_authenticator
from agent_host.doctor.exposure import exposures
from agent_host.doctor.finding import Finding, ok, problem, setting, skipped, warning
from agent_host.doctor.situation import Situation, takes_keys
from agent_host.errors import ConfigurationError
from agent_host.settings.place import keys_file
from agent_host.types.principal import ADMIN_SCOPE, CALL_SCOPE

_OLD: Final = timedelta(days=365)
_SOON: Final = timedelta(days=14)
_TOLERATED: Final = timedelta(minutes=2)


def check_access(situation: Situation) -> Iterator[Finding]:
    """Would the host start with them?"""
    settings = situation.settings
    try:
        create_authenticator(
            settings.access, keys_file(settings), insecure=settings.server.insecure
        )
    except ConfigurationError as error:
        yield problem(str(error))
        return
    if settings.access.anonymous_admin:
        yield warning(
            "Whoever reaches the port administers the host.",
            f"Remove {setting('access.anonymous_admin')} unless this is your own machine.",
        )
    elif _falls_open(situation):
        yield warning(
            "Keys are taken because the key file is there; without it nobody would be asked.",
            f"Set {setting('access.api_keys')} to true.",
        )
    elif situation.asks_proof:
        yield ok("Callers have to prove who they are.")
    else:
        yield ok("Nobody has to prove who they are; the host allows that on loopback only.")


def _falls_open(situation: Situation) -> bool:
    """Whether a file that goes missing would let everybody in, and the host start all the same."""
    access, server = situation.settings.access, situation.settings.server
    only_the_file = access.api_keys is None and access.jwt.issuer is None and situation.asks_proof
    return only_the_file and (server.insecure or bool(server.trusted_proxies))


def check_keys(situation: Situation) -> Iterator[Finding]:
    """Is the key file safe, and are its keys?"""
    access = situation.settings.access
    if not takes_keys(situation.settings):
        yield skipped("No API keys are taken.")
        return
    path = keys_file(situation.settings)
    try:
        wrong = exposures(path)
        keys = ApiKeyFile(path).read()
    except FileNotFoundError:
        yield problem(f"There is no key file {path}.", "Make a key: `agent-host keys create NAME`.")
        return
    except (OSError, ConfigurationError) as error:
        yield problem(str(error), f"See {setting('access.keys_file')}.")
        return
    if wrong:
        yield warning(
            f"The key file {path} {', and '.join(wrong)}. It holds hashes and names, no keys.",
            f"Run: chmod 600 {path}. Give it to the server's user.",
        )
    only_way = access.jwt.issuer is None
    yield from judge(keys, now=situation.clock.now(), only_way=only_way)
    if situation.settings.telemetry.metrics_route and only_way:
        yield from _administrators(keys, now=situation.clock.now())


def judge(keys: tuple[ApiKey, ...], *, now: datetime, only_way: bool) -> Iterator[Finding]:
    """What keys mean. `only_way`: there are no tokens besides."""
    live = [key for key in keys if key.is_live(now)]
    expired = [key for key in keys if key.revoked_at is None and not key.is_live(now)]
    callers = [key for key in live if CALL_SCOPE in key.scopes]
    if not callers and only_way:
        yield problem(
            f"Of {len(keys)} keys none is live and may call: nobody gets in "
            f"({len(expired)} expired).",
            "Make one: `agent-host keys create NAME`.",
        )
    old = [key.id for key in live if key.expires_at is None and now - key.created_at > _OLD]
    if old:
        yield warning(
            f"Made more than a year ago, and never to expire: {', '.join(old)}.",
            "Make another with --expires and the same --subject, then `agent-host keys revoke`.",
        )
    ending = [key.id for key in live if key.expires_at and key.expires_at - now < _SOON]
    if ending:
        yield warning(
            f"Expires within {_SOON.days} days: {', '.join(ending)}.",
            "Make another: `agent-host keys create NAME --expires 90d --subject SUBJECT`.",
        )
    early = [key.id for key in keys if key.created_at > now + _TOLERATED]
    if early:
        yield warning(
            f"Made in the future: {', '.join(early)}.",
            "Check the clock: keys expire by it.",
        )
    if callers:
        admins = sum(1 for key in live if ADMIN_SCOPE in key.scopes)
        yield ok(
            f"{len(live)} of {len(keys)} keys are live: {len(callers)} may call, {admins} "
            f"administer; {len(expired)} have expired."
        )


def _administrators(keys: tuple[ApiKey, ...], *, now: datetime) -> Iterator[Finding]:
    if not any(key.is_live(now) and ADMIN_SCOPE in key.scopes for key in keys):
        yield warning(
            "/metrics is served and no live key administers, so nobody can read it.",
            "Make one: `agent-host keys create NAME --scope admin`.",
        )


__all__ = ["check_access", "check_keys", "judge"]
