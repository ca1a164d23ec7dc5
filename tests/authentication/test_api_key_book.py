"""Making and revoking keys: what can be wished for, and what is said to a wrong wish."""

from datetime import timedelta
from pathlib import Path

import pytest

from agent_host.authentication.api_key_book import ApiKeyBook, KeyWish
from agent_host.authentication.api_key_file import ApiKeyFile
from agent_host.errors import ConfigurationError
from agent_host.testing.manual_clock import ManualClock


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def book(tmp_path: Path, clock: ManualClock) -> ApiKeyBook:
    return ApiKeyBook(ApiKeyFile(tmp_path / "keys.json"), clock=clock)


def test_a_key_is_a_callers_and_a_person_of_its_own(book: ApiKeyBook) -> None:
    new, key = book.create(KeyWish(name="laptop"))
    assert key.id == new.id == key.subject
    assert key.scopes == {"call"}
    assert key.tenant == "default"
    assert key.expires_at is None


def test_everything_can_be_wished_for(book: ApiKeyBook, clock: ManualClock) -> None:
    wish = KeyWish(
        name="ops",
        scopes=frozenset({"admin", "reports:read"}),
        subject="alice",
        tenant="acme",
        expires_after=timedelta(days=90),
    )
    _, key = book.create(wish)
    assert (key.subject, key.tenant, key.scopes) == ("alice", "acme", wish.scopes)
    assert key.expires_at == clock.now() + timedelta(days=90)
    clock.advance(timedelta(days=90))
    assert not key.is_live(clock.now())


@pytest.mark.parametrize(
    "wish",
    [
        KeyWish(name=""),
        KeyWish(name="a\nb"),
        KeyWish(name="a" * 256),
        KeyWish(name="a", subject=""),
        KeyWish(name="a", tenant="\x1b[2J"),
        KeyWish(name="a", scopes=frozenset()),
        KeyWish(name="a", scopes=frozenset({"Admin"})),
        KeyWish(name="a", scopes=frozenset({"call admin"})),
        KeyWish(name="a", expires_after=timedelta()),
        KeyWish(name="a", expires_after=timedelta(days=-1)),
        KeyWish(name="a", expires_after=timedelta.max),
    ],
)
def test_a_wish_that_makes_no_sense_is_refused(book: ApiKeyBook, wish: KeyWish) -> None:
    with pytest.raises(ConfigurationError):
        book.create(wish)
    with pytest.raises(ConfigurationError, match="There is no key file"):
        book.keys()


def test_two_live_keys_do_not_share_a_name(book: ApiKeyBook, clock: ManualClock) -> None:
    book.create(KeyWish(name="ci", expires_after=timedelta(days=1)))
    with pytest.raises(ConfigurationError, match="Choose another name"):
        book.create(KeyWish(name="ci"))
    clock.advance(timedelta(days=1))
    book.create(KeyWish(name="ci"))
    assert len(book.keys()) == 2


@pytest.mark.parametrize("by", ["id", "name", "text"])
def test_a_key_is_revoked_by_whatever_names_it(
    book: ApiKeyBook, clock: ManualClock, by: str
) -> None:
    book.create(KeyWish(name="other"))
    new, key = book.create(KeyWish(name="ci"))
    clock.advance(timedelta(hours=1))
    revoked = book.revoke({"id": key.id, "name": "ci", "text": new.text}[by])
    assert revoked.id == key.id
    other, found = book.keys()
    assert found == revoked
    assert found.revoked_at == clock.now()
    assert not found.is_live(clock.now())
    assert other.is_live(clock.now())


def test_a_key_cannot_be_revoked_twice(book: ApiKeyBook) -> None:
    book.create(KeyWish(name="ci"))
    book.revoke("ci")
    with pytest.raises(ConfigurationError, match="agent-host keys list"):
        book.revoke("ci")


def test_a_near_miss_is_named(book: ApiKeyBook) -> None:
    book.create(KeyWish(name="laptop"))
    with pytest.raises(ConfigurationError, match="Did you mean 'laptop'"):
        book.revoke("lapto")


def test_a_name_that_two_have_is_not_guessed(book: ApiKeyBook, clock: ManualClock) -> None:
    _, first = book.create(KeyWish(name="ci", expires_after=timedelta(days=1)))
    clock.advance(timedelta(days=1))
    book.create(KeyWish(name="ci"))
    with pytest.raises(ConfigurationError, match=first.id):
        book.revoke("ci")


def test_revoking_makes_no_file(book: ApiKeyBook, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="There is no key file"):
        book.revoke("ci")
    assert [*tmp_path.iterdir()] == []
