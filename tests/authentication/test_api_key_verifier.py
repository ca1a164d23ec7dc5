"""Keys while a host serves: made, changed, revoked, expired, and a file that goes bad."""

import asyncio
import hmac
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from agent_host.authentication.api_key_book import ApiKeyBook, KeyWish
from agent_host.authentication.api_key_file import ApiKeyFile
from agent_host.authentication.api_key_verifier import LOOK_EVERY, ApiKeyVerifier
from agent_host.errors import (
    AuthenticationUnavailableError,
    ConfigurationError,
    InvalidProofError,
)
from agent_host.testing.manual_clock import ManualClock
from agent_host.types.proof import Proof


class Keys:
    """A key file, a verifier that follows it, and the clock of both."""

    def __init__(self, folder: Path) -> None:
        self.clock = ManualClock()
        self.file = ApiKeyFile(folder / "keys.json")
        self.book = ApiKeyBook(self.file, clock=self.clock)
        self.verifier = ApiKeyVerifier(self.file, clock=self.clock)

    def create(self, name: str, **wish: object) -> str:
        return self.book.create(KeyWish(name=name, **wish))[0].text  # type: ignore[arg-type]

    async def until(self, condition: Callable[[], bool]) -> None:
        """Let the verifier look at its file, as often as it takes."""
        await self.clock.until_sleeping()
        self.clock.advance(LOOK_EVERY)
        while not condition():
            await asyncio.sleep(0)

    async def refuses(self, key: str) -> bool:
        try:
            await self.verifier.verify(key)
        except InvalidProofError:
            return True
        return False


@asynccontextmanager
async def open_keys(folder: Path) -> AsyncGenerator[tuple[Keys, str, Proof]]:
    """With one key, and the proof that it gives."""
    keys = Keys(folder)
    key = keys.create("laptop", subject="alice", tenant="acme")
    async with keys.verifier:
        yield keys, key, await keys.verifier.verify(key)


async def test_a_key_is_its_subject(tmp_path: Path) -> None:
    async with open_keys(tmp_path) as (keys, key, proof):
        principal = proof.principal
        assert (principal.id, principal.kind, principal.tenant) == ("alice", "api_key", "acme")
        assert principal.scopes == {"call"}
        assert keys.verifier.takes(key)
        assert await keys.verifier.verify(key) is proof


FORGERIES: list[Callable[[str], str]] = [
    lambda key: key[:-1],
    lambda key: key + "x",
    lambda key: key[:-1] + ("a" if key[-1] != "a" else "b"),
    lambda key: key.rpartition("_")[0] + "_",
    lambda key: "ah_nobody_" + key.rpartition("_")[2],
    lambda key: "ah_",
    lambda key: "ah__",
    lambda key: key.swapcase(),
    lambda key: "ah_" + key,
]


@pytest.mark.parametrize("forge", FORGERIES)
async def test_what_is_not_quite_a_key_is_refused(
    tmp_path: Path, forge: Callable[[str], str]
) -> None:
    async with open_keys(tmp_path) as (keys, key, _):
        assert await keys.refuses(forge(key))
        assert not await keys.refuses(key)


async def test_digests_are_compared_in_constant_time_known_id_or_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[tuple[int, int]] = []
    real = hmac.compare_digest

    def compare(a: bytes, b: bytes) -> bool:
        compared.append((len(a), len(b)))
        return real(a, b)

    async with open_keys(tmp_path) as (keys, key, _):
        monkeypatch.setattr(hmac, "compare_digest", compare)
        await keys.verifier.verify(key)
        assert await keys.refuses(key[:-1])
        assert await keys.refuses("ah_nobody_knows")
        assert await keys.refuses("ah_")
    assert compared == [(32, 32)] * 4


async def test_a_new_key_is_taken_without_a_restart(tmp_path: Path) -> None:
    async with open_keys(tmp_path) as (keys, _, proof):
        second = keys.create("second")
        assert await keys.refuses(second)
        await keys.until(lambda: keys.verifier.live_keys == 2)
        assert not await keys.refuses(second)
        assert not proof.ended


async def test_a_revoked_key_ends_what_goes_on_with_it_and_nothing_else(tmp_path: Path) -> None:
    async with open_keys(tmp_path) as (keys, key, proof):
        other = keys.create("other", subject="alice", tenant="acme")
        await keys.until(lambda: keys.verifier.live_keys == 2)
        proof_of_other = await keys.verifier.verify(other)
        keys.book.revoke("laptop")
        await keys.until(lambda: proof.ended)
        assert await keys.refuses(key)
        assert await keys.verifier.verify(other) is proof_of_other
        assert not proof_of_other.ended
        assert proof_of_other.principal.id == proof.principal.id


async def test_a_key_expires_to_the_moment_and_its_streams_within_a_second(tmp_path: Path) -> None:
    keys = Keys(tmp_path)
    key = keys.create("short", expires_after=timedelta(seconds=10))
    async with keys.verifier:
        proof = await keys.verifier.verify(key)
        await keys.clock.until_sleeping()
        keys.clock.advance(timedelta(seconds=9.9))
        assert not await keys.refuses(key)
        keys.clock.advance(timedelta(seconds=0.1))
        assert await keys.refuses(key)
        await keys.until(lambda: proof.ended)


async def test_a_key_whose_scopes_change_is_another_proof(tmp_path: Path) -> None:
    async with open_keys(tmp_path) as (keys, key, proof):
        content = keys.file.path.read_text("utf-8")
        keys.file.path.write_text(content.replace('["call"]', '["admin"]'), "utf-8")
        await keys.until(lambda: proof.ended)
        assert (await keys.verifier.verify(key)).principal.scopes == {"admin"}


@pytest.mark.parametrize("damage", ["truncate", "newer", "delete", "open to others", "break"])
async def test_a_file_that_goes_bad_stops_everybody_until_it_is_mended(
    tmp_path: Path,
    damage: str,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with open_keys(tmp_path) as (keys, key, proof):
        path = keys.file.path
        content = path.read_bytes()
        match damage:
            case "truncate":
                path.write_bytes(content[:50])
            case "newer":
                path.write_bytes(content.replace(b'"v":1', b'"v":9'))
            case "delete":
                path.unlink()
            case "open to others":
                path.chmod(0o666)
            case _:
                monkeypatch.setattr(keys.file, "stamp", lambda: 1 / 0)
        await keys.until(lambda: proof.ended)
        with pytest.raises(AuthenticationUnavailableError):
            await keys.verifier.verify(key)
        assert [record for record in caplog.records if record.levelno == logging.ERROR]
        assert key not in caplog.text
        monkeypatch.undo()
        path.write_bytes(content)
        path.chmod(0o600)
        await keys.until(lambda: keys.verifier.live_keys == 1)
        assert not (await keys.verifier.verify(key)).ended


async def test_the_same_damage_is_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_keys(tmp_path) as (keys, _, proof):
        keys.file.path.write_bytes(b"{}")
        await keys.until(lambda: proof.ended)
        for _ in range(3):
            await keys.clock.until_sleeping()
            keys.clock.advance(LOOK_EVERY)
    assert len([record for record in caplog.records if record.levelno == logging.ERROR]) == 1


@pytest.mark.parametrize("content", [None, b"", b"{}"])
async def test_a_host_does_not_start_with_a_file_that_is_no_good(
    tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "keys.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigurationError):
        async with ApiKeyVerifier(ApiKeyFile(path)):
            pass


async def test_a_file_without_live_keys_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    keys = Keys(tmp_path)
    keys.create("laptop")
    keys.book.revoke("laptop")
    async with keys.verifier:
        assert "agent-host keys create" in caplog.text


async def test_nobody_is_known_before_and_after(tmp_path: Path) -> None:
    keys = Keys(tmp_path)
    key = keys.create("laptop")
    with pytest.raises(AuthenticationUnavailableError):
        await keys.verifier.verify(key)
    async with keys.verifier:
        await keys.verifier.verify(key)
    with pytest.raises(AuthenticationUnavailableError):
        await keys.verifier.verify(key)
