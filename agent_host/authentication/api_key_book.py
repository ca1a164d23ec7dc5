"""Makes, lists and revokes API keys: what `agent-host keys` does, for programs too."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from difflib import get_close_matches
from typing import Final

from agent_host.authentication.api_key import PREFIX, ApiKey, NewKey, digest_of, id_of, make_key
from agent_host.authentication.api_key_file import ApiKeyFile
from agent_host.errors import ConfigurationError
from agent_host.protocols.clock import Clock
from agent_host.system import SystemClock
from agent_host.types.principal import CALL_SCOPE

_TEXT_LIMIT: Final = 255
_SCOPE: Final = re.compile(r"[a-z][a-z0-9_.:-]{0,63}")


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyWish:
    """What a new key should be. Without a `subject` it is a person of its own."""

    name: str
    scopes: frozenset[str] = frozenset({CALL_SCOPE})
    subject: str | None = None
    tenant: str = "default"
    expires_after: timedelta | None = None


class ApiKeyBook:
    """The keys of one file. Every call does blocking I/O."""

    def __init__(self, file: ApiKeyFile, *, clock: Clock | None = None) -> None:
        self._file = file
        self._clock = clock or SystemClock()

    def create(self, wish: KeyWish) -> tuple[NewKey, ApiKey]:
        """A new key, the only time that the whole of it is seen, and what is kept of it.

        Raises:
            ConfigurationError: the wish makes no sense, a live key has the name, or the file cannot
                be read or written.
        """
        new, now = make_key(), self._clock.now()
        _check(wish)
        try:
            expires_at = None if wish.expires_after is None else now + wish.expires_after
        except OverflowError as error:
            raise ConfigurationError("--expires is too far away; leave it out instead.") from error
        key = ApiKey(
            id=new.id,
            digest=digest_of(new.text).hex(),
            name=wish.name,
            subject=new.id if wish.subject is None else wish.subject,
            tenant=wish.tenant,
            scopes=wish.scopes,
            created_at=now,
            expires_at=expires_at,
        )

        def add(keys: tuple[ApiKey, ...]) -> Iterable[ApiKey]:
            if any(known.name == wish.name and known.is_live(now) for known in keys):
                raise ConfigurationError(
                    f"There is a live key called {wish.name!r}. Choose another name, so that each "
                    "can be revoked by its own, or revoke it first."
                )
            return (*keys, key)

        self._file.update(add)
        return new, key

    def keys(self) -> tuple[ApiKey, ...]:
        """All, in the order they were made; also those that are revoked or expired.

        Raises:
            ConfigurationError: the file is not there, or cannot be trusted.
        """
        return self._file.read()

    def revoke(self, which: str) -> ApiKey:
        """Revoke a live key by its id, its name, or the whole of it.

        Raises:
            ConfigurationError: there is no such live key, or the file cannot be read or written.
        """
        self._file.read()  # revoking must not make a file
        now = self._clock.now()
        revoked: list[ApiKey] = []

        def mark(keys: tuple[ApiKey, ...]) -> Iterable[ApiKey]:
            found = _find(which, [key for key in keys if key.revoked_at is None])
            revoked.append(replace(found, revoked_at=now))
            return (revoked[0] if key.id == found.id else key for key in keys)

        self._file.update(mark)
        return revoked[0]


def _find(which: str, keys: list[ApiKey]) -> ApiKey:
    wanted = (id_of(which) or "") if which.startswith(PREFIX) else which
    by_id = [key for key in keys if key.id == wanted]
    by_name = [key for key in keys if key.name == wanted]
    found = by_id or by_name
    if len(found) == 1:
        return found[0]
    if found:
        ids = ", ".join(key.id for key in found)
        raise ConfigurationError(f"More than one key has this name; revoke by id: {ids}.")
    near = get_close_matches(wanted, [*(k.name for k in keys), *(k.id for k in keys)], n=1)
    hint = f" Did you mean {near[0]!r}?" if near else " `agent-host keys list` shows all keys."
    raise ConfigurationError(f"No key with this id or name can be revoked.{hint}")


def _check(wish: KeyWish) -> None:
    for flag, text in (("NAME", wish.name), ("--subject", wish.subject), ("--tenant", wish.tenant)):
        if text is not None and not (0 < len(text) <= _TEXT_LIMIT and text.isprintable()):
            raise ConfigurationError(
                f"{flag} must be a text of 1 to {_TEXT_LIMIT} characters on one line."
            )
    if not wish.scopes:
        raise ConfigurationError("A key without a scope could do nothing: --scope call.")
    for scope in wish.scopes:
        if not _SCOPE.fullmatch(scope):
            raise ConfigurationError("--scope must be lower case: [a-z][a-z0-9_.:-]*.")
    if wish.expires_after is not None and wish.expires_after <= timedelta():
        raise ConfigurationError("--expires must be a duration above zero, such as 90d.")


__all__ = ["ApiKeyBook", "KeyWish"]
