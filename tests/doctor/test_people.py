"""People: rules that are open or useless, ways to link, strangers who ask to be let in."""

from pathlib import Path
from typing import Any

import pytest

from agent_host.authentication.api_key_book import ApiKeyBook, KeyWish
from agent_host.authentication.api_key_file import ApiKeyFile
from agent_host.doctor import store_kind
from agent_host.doctor.link import check_links
from agent_host.doctor.pairing import check_pairing
from agent_host.doctor.people import check_people
from agent_host.doctor.secret import check_secrets
from agent_host.registry import channel_config
from agent_host.settings import load_settings
from tests.doctor.case import always, said, situation

KEYS = Path(".agent-host/keys.json")
PUBLIC = "https://agent.example.org"
GOOGLE = {"preset": "google", "client_id": "id", "client_secret": "a-long-random-secret"}
ENTRA = {"tenant_id": "1-2", "client_id": "id", "client_secret": "a-long-random-secret"}
BOTH: dict[str, Any] = {
    "rest": channel_config("rest")(),
    "openai": channel_config("openai")(),
}
HOOKS: dict[str, Any] = {
    "rest": channel_config("rest")(),
    "webhook": channel_config("webhook").model_validate(
        {
            "endpoints": [{"name": "a", "scheme": "github", "secrets": ["s" * 32]}],
            "subscriptions": True,
        }
    ),
}


class SharedStore:
    """One that several processes have at once."""

    durable = True
    shared = True

    @classmethod
    def from_url(cls, url: str) -> "SharedStore":
        assert url
        return cls()


def people(**tables: Any) -> str:
    return said(check_people(situation(channels=BOTH, **tables)))


def links(**tables: Any) -> str:
    return said(check_links(situation(**tables)))


def pairing(**tables: Any) -> str:
    return said(check_pairing(situation(channels=HOOKS, **tables)))


def test_without_rules_there_is_nothing_to_say() -> None:
    assert people().startswith("ok: The rules of identities")
    assert links().startswith("skipped")
    assert pairing().startswith("skipped")


@pytest.mark.parametrize(
    ("tables", "found"),
    [
        ({"identity": {"require_link": True}}, "no linker"),
        ({"identity": {"channels": {"fax": {"tier": "low"}}}}, "fax"),
        ({"identity": {"allowed_ids": {"rest": ["ann"]}}}, "@api_key"),
        ({"identity": {"allowed_claims": {"groups": ["staff"]}}}, "nothing verifies it"),
        ({"identity": {"channels": {"rest": {"allowlist": "own"}}}}, "lists nobody"),
        ({"link": {"oidc": {"google": GOOGLE}}}, "link.public_url"),
        ({"link": {"public_url": PUBLIC, "entra": {**ENTRA, "client_secret": None}}}, "link.entra"),
        ({"pairing": {"channels": ["fax"]}}, "fax"),
        ({"on_behalf_of": {"kind": "entra", **ENTRA}}, "access.jwt"),
    ],
)
def test_what_the_host_would_not_start_with_is_a_problem(
    tables: dict[str, Any], found: str
) -> None:
    lines = people(**tables)
    assert lines.startswith("problem")
    assert found in lines


def test_what_is_wrong_elsewhere_is_not_said_twice() -> None:
    assert people(access={"jwt": {"audience": ["me"]}}).startswith("skipped")


@pytest.mark.parametrize(
    ("identity", "found"),
    [
        (
            {
                "allowed_ids": {"@api_key": ["ann"]},
                "channels": {"rest": {"allowlist": "none"}},
            },
            "Everybody comes in on the channel 'rest'",
        ),
        ({"link_policy": "pairs"}, "there are none"),
        ({"link_pairs": [["rest", "openai"], ["openai", "rest"]]}, "does not count"),
        ({"link_policy": "pairs", "link_pairs": [["rest", "openai"]]}, "rest to openai. No link"),
        ({"link_policy": "pairs", "link_pairs": [["rest", "fax"], ["fax", "rest"]]}, "fax"),
        ({"link_policy": "same_tier"}, "no channel has a tier"),
        ({"channels": {"rest": {"tier": "low"}}}, "Tiers do not count, those of rest"),
        ({"room_scope": "per_user"}, "of the host is `per_user`"),
        ({"channels": {"rest": {"room_scope": "per_user"}}}, "of rest is `per_user`"),
        ({"identity_limit": 100000}, "hardly a limit"),
    ],
)
def test_rules_that_are_open_or_useless_are_worth_a_word(
    identity: dict[str, Any], found: str
) -> None:
    lines = people(identity=identity)
    assert lines.startswith("warning")
    assert "\n" not in lines
    assert found in lines
    assert "AGENT_HOST_IDENTITY__" in lines


def test_a_channel_that_asks_for_no_link_is_worth_a_word() -> None:
    lines = people(
        identity={"require_link": True, "channels": {"rest": {"require_link": False}}},
        link={"code": {"enabled": True}},
    )
    assert lines.startswith("warning: The host requires a link, and the channel 'rest' does not.")


@pytest.mark.parametrize(
    "identity",
    [
        {"allowed_ids": {"@api_key": ["ann"]}},
        {"link_policy": "deny_all"},
        {"link_policy": "pairs", "link_pairs": [["rest", "openai"], ["openai", "rest"]]},
        {"link_policy": "same_tier", "channels": {"rest": {"tier": "low"}}},
        {"channels": {"rest": {"allowlist": "none", "require_link": False}}},
    ],
)
def test_good_rules_are_good(identity: dict[str, Any]) -> None:
    assert people(identity=identity).startswith("ok")


def test_good_links_are_good_and_name_the_ways() -> None:
    link = {"public_url": PUBLIC, "code": {"enabled": True}, "oidc": {"google": GOOGLE}}
    assert links(link=link, proof=True) == "ok: People link by code, google."
    entra = {"public_url": PUBLIC, "entra": ENTRA}
    assert links(link=entra, proof=True) == "ok: People link by entra."


@pytest.mark.parametrize(
    ("tables", "found"),
    [
        ({"link": {"code": {"enabled": True, "lifetime": "1h"}}}, "can be guessed"),
        ({"link": {"code": {"enabled": True, "form": "long", "lifetime": "2d"}}}, "for 2d"),
        (
            {"link": {"code": {"enabled": True}}, "identity": {"link_policy": "deny_all"}},
            "lets nobody be linked",
        ),
        (
            {"link": {"public_url": "http://localhost:8080", "oidc": {"google": GOOGLE}}},
            "names this machine",
        ),
        ({"link": {"code": {"enabled": True}}, "store": "memory://"}, "Links are forgotten"),
    ],
)
def test_links_that_are_unsafe_or_useless_are_worth_a_word(
    tables: dict[str, Any], found: str
) -> None:
    lines = links(proof=True, **tables)
    assert lines.startswith("warning")
    assert "\n" not in lines
    assert found in lines


def test_on_ones_own_machine_links_may_be_forgotten_and_stay_here() -> None:
    local = {"public_url": "http://localhost:8080", "oidc": {"google": GOOGLE}}
    assert links(link=local, store="memory://").startswith("ok")


def test_an_address_that_nothing_needs_is_worth_a_word() -> None:
    lines = links(link={"public_url": PUBLIC})
    assert lines.startswith("warning: `link.public_url` is set, and no sign-in is")
    assert "\nskipped" in lines


def test_tries_are_counted_by_each_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_kind, "load_store", always(SharedStore))
    assert "counted by each process" in links(link={"code": {"enabled": True}})
    assert links(link={"code": {"enabled": True, "form": "long"}}).startswith("ok")
    assert "counted by each process" in pairing(pairing={"channels": ["webhook"]}, access=ADMINS)


def test_a_private_key_is_its_owners_alone(folder: Path) -> None:
    key = folder / "key.pem"
    link = {"entra": {"private_key_file": str(key)}}
    assert links(link=link).startswith("problem: The private key")
    key.write_text("PEM")
    key.chmod(0o640)
    for tables in ({"link": link}, {"on_behalf_of": {"private_key_file": str(key)}}):
        lines = links(**tables)
        assert lines.startswith("problem: The private key")
        assert "chmod 600" in lines
    key.chmod(0o600)
    assert links(link=link).startswith("skipped")


def test_secrets_of_sign_ins_are_looked_at_too(folder: Path) -> None:
    short = {"public_url": PUBLIC, "oidc": {"google": {**GOOGLE, "client_secret": "short"}}}
    assert "`link.oidc` is shorter" in said(check_secrets(situation(link=short)))
    file = folder / "agent-host.toml"
    file.write_text(
        f'[link]\npublic_url = "{PUBLIC}"\n'
        '[link.oidc.google]\npreset = "google"\nclient_id = "id"\n'
        'client_secret = "a-long-random-secret"\n'
    )
    file.chmod(0o644)
    loaded = load_settings(channel_config, config_file=file, environ={})
    lines = said(
        check_secrets(
            situation(file=file, origins=loaded.origins, link=loaded.settings.link.model_dump())
        )
    )
    assert lines.startswith("problem")
    assert "link.oidc" in lines
    assert "a-long-random" not in lines


ADMINS: dict[str, Any] = {"anonymous_admin": True}


def test_good_pairing_is_good() -> None:
    wanted = {"channels": ["webhook"]}
    assert pairing(pairing=wanted) == "ok: Strangers may ask to be let in on webhook."


@pytest.mark.parametrize(
    ("table", "found"),
    [
        ({"channels": ["webhook"], "time_to_live": "2d"}, "A code holds for 2d"),
        ({"channels": ["webhook"], "requests_per_minute": 100000}, "hardly a limit"),
        ({"channels": ["webhook"], "pending_limit": 100000}, "hardly a limit"),
        ({"channels": ["rest"]}, "Nobody is shown a code on rest"),
    ],
)
def test_pairing_that_is_unsafe_or_useless_is_worth_a_word(
    table: dict[str, Any], found: str
) -> None:
    lines = pairing(pairing=table)
    assert lines.startswith("warning")
    assert "\n" not in lines
    assert found in lines


def test_one_channels_strangers_do_not_keep_out_those_of_others() -> None:
    wanted = {"channels": ["webhook", "chat"], "pending_limit_per_channel": 500}
    assert "can keep those of all others" in pairing(pairing=wanted)
    assert pairing(pairing={**wanted, "channels": ["webhook"]}).startswith("ok")


def test_what_an_operator_said_must_be_kept() -> None:
    lines = pairing(pairing={"channels": ["webhook"]}, store="memory://", access=ADMINS)
    assert lines.startswith("warning: Who was let in, and who was not, is forgotten")


def test_somebody_must_be_able_to_let_strangers_in() -> None:
    shut: dict[str, Any] = {
        "pairing": {"channels": ["webhook"]},
        "access": {"operator_door": False},
    }
    assert "Nobody can let anybody in" in pairing(**shut)
    book = ApiKeyBook(ApiKeyFile(KEYS))
    book.create(KeyWish(name="caller"))
    assert "Nobody can let anybody in" in pairing(**shut)
    book.create(KeyWish(name="ops", scopes=frozenset({"admin"})))
    assert pairing(**shut).startswith("ok")
    book.revoke("ops")
    assert "Nobody can let anybody in" in pairing(**shut)
    KEYS.write_text("{}")
    assert "Nobody can let anybody in" in pairing(**shut)
    tokens = {**shut, "access": {"operator_door": False, "jwt": {"admin_scopes": ["ops"]}}}
    assert pairing(**tokens).startswith("ok")
