"""The ways to link identities: are they kept, can people get at them, is the key to one safe?"""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from agent_host.asgi.bind import is_loopback
from agent_host.doctor.exposure import exposures
from agent_host.doctor.finding import Finding, ok, problem, setting, skipped, warning
from agent_host.doctor.situation import Situation
from agent_host.doctor.store_kind import configured_store
from agent_host.errors import ConfigurationError
from agent_host.linking.code import CodeForm
from agent_host.protocols.state_store import StateStore
from agent_host.settings.link import EntraSettings
from agent_host.settings.unit import format_duration

_SHORT_CODE: Final = timedelta(minutes=30)
_LONG_CODE: Final = timedelta(days=1)


def check_links(situation: Situation) -> Iterator[Finding]:
    """Is what is set about links of use, and safe?"""
    yield from _private_keys(situation)
    link = situation.settings.link
    ways = _ways(situation)
    if link.public_url is not None and ways <= {"code"}:
        yield warning(
            "`link.public_url` is set, and no sign-in is that needs it.",
            f"Set {setting('link.oidc')} or {setting('link.entra.tenant_id')}, or remove it.",
        )
    if not ways:
        yield skipped("There is no way to link.")
        return
    found = [*_policy(situation), *_code(situation), *_pages(situation, ways), *_kept(situation)]
    yield from found
    if not found:
        yield ok(f"People link by {', '.join(sorted(ways))}.")


def store_of(situation: Situation) -> StateStore | None:
    """The store; None for one that is none, which the store's own check says."""
    try:
        return configured_store(situation)
    except ConfigurationError:
        return None


def _ways(situation: Situation) -> set[str]:
    link = situation.settings.link
    ways = {*link.oidc}
    if link.code.enabled:
        ways.add("code")
    if link.entra.tenant_id is not None:
        ways.add("entra")
    return ways


def _policy(situation: Situation) -> Iterator[Finding]:
    if situation.settings.identity.link_policy == "deny_all":
        yield warning(
            "There are ways to link, and the link policy lets nobody be linked.",
            f"Set {setting('identity.link_policy')} to another policy, or remove [link].",
        )


def _code(situation: Situation) -> Iterator[Finding]:
    code = situation.settings.link.code
    if not code.enabled:
        return
    longest = _SHORT_CODE if code.form is CodeForm.SHORT else _LONG_CODE
    if code.lifetime > longest:
        yield warning(
            f"A {code.form.value} code can be guessed, or found, for "
            f"{format_duration(code.lifetime)}.",
            f"Set {setting('link.code.lifetime')} to {format_duration(longest)} or less.",
        )


def _pages(situation: Situation, ways: set[str]) -> Iterator[Finding]:
    """Whether browsers elsewhere reach the pages of sign-ins."""
    url = situation.settings.link.public_url
    if url is None or ways <= {"code"} or not situation.is_production:
        return
    if is_loopback(urlsplit(url).hostname or ""):
        yield warning(
            "Others are served, and `link.public_url` names this machine: their browsers come to "
            "their own machine after a sign-in.",
            f"Set {setting('link.public_url')} to the https address that they know.",
        )


def _kept(situation: Situation) -> Iterator[Finding]:
    store = store_of(situation)
    if store is None:
        return
    if not store.durable and situation.is_production:
        yield warning(
            "Links are forgotten when the process ends: everybody is a stranger to themselves "
            "again.",
            f"Set {setting('store')} to disk:///path/to/a/folder.",
        )
    code = situation.settings.link.code
    if store.shared and code.enabled and code.form is CodeForm.SHORT:
        yield warning(
            "How often a code may be tried is counted by each process; several on this store allow "
            "several times as much.",
            f'Set {setting("link.code.form")} to "long", which more tries do not weaken.',
        )


def _private_keys(situation: Situation) -> Iterator[Finding]:
    settings = situation.settings
    tables: dict[str, EntraSettings] = {
        "link.entra": settings.link.entra,
        "on_behalf_of": settings.on_behalf_of,
    }
    for name, table in tables.items():
        if table.private_key_file is None:
            continue
        path = Path(table.private_key_file).expanduser()
        try:
            wrong = exposures(path)
        except OSError as error:
            yield problem(
                f"The private key {path} cannot be looked at: {type(error).__name__}.",
                f"See {setting(f'{name}.private_key_file')}.",
            )
            continue
        if wrong:
            yield problem(
                f"The private key {path} {', and '.join(wrong)}: whoever has it signs in as this "
                "host.",
                f"Run: chmod 600 {path}. Give it to the server's user.",
            )


__all__ = ["check_links", "store_of"]
