"""Says whose an API key is, from a file that other processes change while the host serves.

The file is looked at once a second, beside the requests: a request costs a hash and two look-ups. A
file that cannot be read any more stops everybody, those with open streams too, until it can be read
again: whether a key was revoked in it cannot be known.
"""

import asyncio
import hmac
import logging
import secrets
from datetime import date, timedelta
from typing import Final, Self

from agent_host.authentication.api_key import PREFIX, ApiKey, digest_of, id_of
from agent_host.authentication.api_key_file import ApiKeyFile, Stamp
from agent_host.authentication.api_key_use import ApiKeyUse
from agent_host.authentication.credential import bad_credential
from agent_host.errors import AuthenticationUnavailableError, ConfigurationError
from agent_host.protocols.clock import Clock
from agent_host.system import SystemClock
from agent_host.types.principal import Principal
from agent_host.types.proof import Proof

LOOK_EVERY: Final = timedelta(seconds=1)

_logger = logging.getLogger(__name__)


class _Known:
    """A live key and the proof that all its requests share."""

    __slots__ = ("digest", "key", "proof")

    def __init__(self, key: ApiKey) -> None:
        self.key = key
        self.digest = bytes.fromhex(key.digest)
        self.proof = Proof(
            Principal(id=key.subject, kind="api_key", tenant=key.tenant, scopes=key.scopes),
            expires_at=key.expires_at.timestamp() if key.expires_at else None,
        )


class ApiKeyVerifier:
    """Knows nobody before it is entered and after it is left."""

    verifies_claims = False

    def __init__(self, file: ApiKeyFile, *, clock: Clock | None = None) -> None:
        self._file = file
        self._clock = clock or SystemClock()
        self._known: dict[str, _Known] = {}
        self._stamp: Stamp | None = None
        self._readable = False
        self._use: ApiKeyUse | None = ApiKeyUse(file.path)
        self._used: set[str] = set()
        self._noted: dict[str, date] = {}
        self._no_digest = secrets.token_bytes(32)
        self._tasks: asyncio.TaskGroup
        self._following: asyncio.Task[None]

    @property
    def live_keys(self) -> int | None:
        """How many keys let somebody in; None while the file cannot be read."""
        return len(self._known) if self._readable else None

    def takes(self, credential: str) -> bool:
        """Whether it begins as keys do."""
        return credential.startswith(PREFIX)

    async def verify(self, credential: str) -> Proof:
        """Whose it is; the digests are compared in constant time."""
        if not self._readable:
            raise AuthenticationUnavailableError(
                f"the key file {self._file.path} (`access.keys_file`) cannot be read"
            )
        known = self._known.get(id_of(credential) or "")
        digest = self._no_digest if known is None else known.digest
        # Also where nobody has this id, so that it takes as long.
        same = hmac.compare_digest(digest_of(credential), digest)
        if known is None or not same or not known.proof.holds_at(self._clock.now().timestamp()):
            raise bad_credential()
        self._used.add(known.key.id)
        return known.proof

    async def __aenter__(self) -> Self:
        """Read the file, and follow it from now on.

        Raises:
            ConfigurationError: it cannot be read or trusted.
        """
        self._stamp, keys = await asyncio.to_thread(self._read)
        self._take(keys)
        if not self._known:
            _logger.warning(
                "no live key is in %s: nobody can get in with one until there is; see "
                "`agent-host keys create`",
                self._file.path,
            )
        self._tasks = asyncio.TaskGroup()
        await self._tasks.__aenter__()
        self._following = self._tasks.create_task(self._follow())
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        """Follow it no more."""
        self._following.cancel()
        await self._tasks.__aexit__(None, None, None)
        self._readable = False

    def _read(self) -> tuple[Stamp | None, tuple[ApiKey, ...]]:
        # The stamp first: if the file is replaced between the two, it is read once more.
        return self._file.stamp(), self._file.read()

    async def _follow(self) -> None:
        while True:
            await self._clock.sleep(LOOK_EVERY.total_seconds())
            try:
                await self._look()
            except Exception:
                _logger.exception("the key file %s could not be looked at", self._file.path)
                self._stop_everybody()
            self._end_expired()
            await self._note_use()

    async def _look(self) -> None:
        stamp = await asyncio.to_thread(self._file.stamp)
        if self._readable and stamp is not None and stamp == self._stamp:
            return
        try:
            self._stamp, keys = await asyncio.to_thread(self._read)
        except ConfigurationError as error:
            if self._readable:
                _logger.error("nobody gets in with an API key from now on: %s", error)  # noqa: TRY400 - the text is for the operator
            self._stop_everybody()
            return
        if not self._readable:
            _logger.info("the key file %s can be read again", self._file.path)
        self._take(keys)

    async def _note_use(self) -> None:
        """Once a day for each key, so next to never."""
        used, self._used = self._used, set()
        today = self._clock.now().date()
        new = {key_id for key_id in used if self._noted.get(key_id) != today}
        if self._use is None or not new:
            return
        known = frozenset(self._known)
        try:
            await asyncio.to_thread(self._use.note, new, today, known=known)
        except (OSError, ValueError):
            _logger.info("%s cannot be written: the use of keys is not noted", self._use.path)
            self._use = None
            return
        self._noted = {key_id: day for key_id, day in self._noted.items() if key_id in known}
        self._noted.update(dict.fromkeys(new, today))

    def _take(self, keys: tuple[ApiKey, ...]) -> None:
        """Know these keys and no others. A key that did not change keeps its proof."""
        now = self._clock.now()
        before, self._known = self._known, {}
        for key in keys:
            if key.is_live(now):
                known = before.pop(key.id, None)
                if known is not None and known.key != key:
                    known.proof.end()
                    known = None
                self._known[key.id] = known or _Known(key)
        for gone in before.values():
            gone.proof.end()
        self._readable = True

    def _stop_everybody(self) -> None:
        self._readable = False
        before, self._known = self._known, {}
        for known in before.values():
            known.proof.end()

    def _end_expired(self) -> None:
        now = self._clock.now().timestamp()
        for known in [*self._known.values()]:
            if not known.proof.holds_at(now):
                del self._known[known.key.id]
                known.proof.end()


__all__ = ["LOOK_EVERY", "ApiKeyVerifier"]
