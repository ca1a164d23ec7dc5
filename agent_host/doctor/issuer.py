"""The issuer of tokens: are the rules for its tokens tight, does it answer, do the clocks agree?"""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final

from agent_host.doctor.finding import Finding, ok, problem, setting, skipped, warning
from agent_host.doctor.situation import Situation
from agent_host.errors import AuthenticationUnavailableError
from agent_host.settings.access import JwtSettings

if TYPE_CHECKING:
    pass

_LONG_LEEWAY: Final = timedelta(minutes=5)
_SECONDS: Final = 5.0


def check_tokens(situation: Situation) -> Iterator[Finding]:
    """Are the rules tight? What contradicts itself is refused by the check of access."""
    jwt = situation.settings.access.jwt
    if jwt.issuer is None:
        yield skipped("No tokens are taken.")
        return
    fine = True
    if jwt.leeway > _LONG_LEEWAY:
        fine = False
        yield warning(
            f"Tokens are taken up to {jwt.leeway} after their end.",
            f"Set {setting('access.jwt.leeway')} to a minute, and the clocks right.",
        )
    if not jwt.call_scopes:
        fine = False
        yield warning(
            "Every valid token for this audience may call, whatever its scopes.",
            f"Set {setting('access.jwt.call_scopes')} unless that is meant.",
        )
    if set(jwt.call_scopes) & set(jwt.admin_scopes):
        fine = False
        yield warning(
            "One scope of the issuer both calls and administers.",
            f"Set {setting('access.jwt.admin_scopes')} to scopes of administrators alone.",
        )
    if fine:
        yield ok(f"Tokens need an audience, a scope and one of: {', '.join(jwt.algorithms)}.")


def check_issuer(situation: Situation) -> Iterator[Finding]:
    """Does it give its keys, and does it live in the same time?"""
    jwt = situation.settings.access.jwt
    if jwt.issuer is None:
        yield skipped("No tokens are taken.")
        return
    if situation.wishes.offline:
        yield skipped("--offline: the issuer was not asked.")
        return
    try:
        found = asyncio.run(_fetch(jwt, jwt.issuer))
    except ImportError:
        yield skipped("The extra jwt is not installed.")
    except AuthenticationUnavailableError as error:
        yield problem(
            f"The token issuer gives no keys, so no token is taken: {error}.",
            f"Check {setting('access.jwt.issuer')}, the network, and certificates.",
        )
    else:
        count, date = found
        yield ok(f"The token issuer answers and has {count} keys for signatures.")
        yield from judge_skew(date, now=situation.clock.now(), leeway=jwt.leeway)


def judge_skew(date: str | None, *, now: datetime, leeway: timedelta) -> Iterator[Finding]:
    """How far the issuer's clock, by the `Date` header of its answer, is from this one."""
    try:
        there = parsedate_to_datetime(date or "")
    except ValueError:
        return  # it does not say
    skew = abs(there.replace(tzinfo=there.tzinfo or UTC) - now)
    if skew > leeway:
        yield problem(
            f"The issuer's clock and this one are {skew} apart, and {leeway} are tolerated.",
            f"Set this machine's clock; {setting('access.jwt.leeway')} is for less than that.",
        )


async def _fetch(jwt: JwtSettings, issuer: str) -> tuple[int, str | None]:
    """The number of the issuer's keys, and the time it says."""
    # Loads the cryptography, which is an extra.
    import httpx  # noqa: PLC0415

    from agent_host.authentication.jwt_issuer import JwtIssuer  # noqa: PLC0415
    from agent_host.authentication.jwt_policy import JwtPolicy  # noqa: PLC0415

    policy = JwtPolicy(
        issuer=issuer,
        audiences=tuple(jwt.audience),
        jwks_url=jwt.jwks_url,
        algorithms=tuple(jwt.algorithms),
    )
    dates: list[str | None] = []

    async def note(response: httpx.Response) -> None:
        dates.append(response.headers.get("date"))

    async with httpx.AsyncClient(timeout=_SECONDS, event_hooks={"response": [note]}) as client:
        keys = await JwtIssuer(policy, client).fetch_keys()
    return len(keys), dates[-1]


__all__ = ["check_issuer", "check_tokens", "judge_skew"]
