"""Links and downstream tokens as an operator sets them."""

import sys
from pathlib import Path
from typing import Any

import pytest

from agent_host.configured_host import create_host
from agent_host.configured_linking import create_linking, create_on_behalf_of
from agent_host.errors import ConfigurationError, MissingExtraError
from agent_host.settings import Settings
from agent_host.settings.link import LinkSettings, OnBehalfOfSettings

PUBLIC = "https://agent.example.org"
GOOGLE = {"preset": "google", "client_id": "id", "client_secret": "shh"}
ENTRA = {"tenant_id": "1-2", "client_id": "id", "client_secret": "shh"}
EXCHANGE = {
    "kind": "token_exchange",
    "token_endpoint": "https://x.okta.com/token",
    "client_id": "id",
    "client_secret": "shh",
}


def link(**tables: Any) -> LinkSettings:
    return LinkSettings.model_validate({"public_url": PUBLIC, **tables})


def on_behalf_of(**values: Any) -> OnBehalfOfSettings:
    return OnBehalfOfSettings.model_validate(values)


def test_without_settings_there_is_no_way_to_link_and_nothing_is_exchanged() -> None:
    assert create_linking(LinkSettings()).linkers == []
    assert create_on_behalf_of(OnBehalfOfSettings(), caller_issuer=None) is None


def test_every_way_that_is_set_is_there_and_those_that_prove_claims_say_so() -> None:
    options = create_linking(
        link(
            code={"enabled": True, "form": "long"},
            oidc={
                "google": GOOGLE,
                "okta": {"preset": "okta", "domain": "x.okta.com", "client_id": "id"},
                "work": {"issuer": "https://id.example.org", "client_id": "id"},
                "directory": {"preset": "microsoft", "tenant_id": "1-2", "client_id": "id"},
                "github": {"preset": "github", "client_id": "id", "client_secret": "shh"},
            },
            entra=ENTRA,
        )
    )
    names = ["code", "google", "okta", "work", "directory", "github", "entra"]
    assert [one.name for one in options.linkers] == names
    assert options.claim_sources == {*names} - {"code"}


@pytest.mark.parametrize(
    ("tables", "said"),
    [
        ({"public_url": None, "oidc": {"google": GOOGLE}}, r"link\.public_url"),
        ({"public_url": "http://x.example", "oidc": {"google": GOOGLE}}, r"link\.public_url"),
        ({"oidc": {"x": {"client_id": "id"}}}, r"link\.oidc\.x"),
        ({"oidc": {"x": {"preset": "okta", "client_id": "id"}}}, "domain"),
        ({"oidc": {"x": {"preset": "microsoft", "client_id": "id"}}}, "one directory"),
        ({"oidc": {"x": {"preset": "github", "client_id": "id"}}}, "client_secret"),
        ({"oidc": {"X y": GOOGLE}}, "cannot be called"),
        ({"entra": {**ENTRA, "tenant_id": "common"}}, "one directory"),
        ({"entra": {**ENTRA, "private_key_file": "/nowhere/key.pem"}}, "private_key_file"),
        ({"code": {"enabled": True}, "oidc": {"code": GOOGLE}}, "Two linkers"),
    ],
)
def test_what_could_not_work_is_refused_by_the_name_of_its_setting(
    tables: dict[str, Any], said: str
) -> None:
    with pytest.raises(ConfigurationError, match=said):
        create_linking(link(**tables))


def test_a_certificates_key_is_read_from_its_file(tmp_path: Path) -> None:
    key = tmp_path / "key.pem"
    key.write_text("-----BEGIN PRIVATE KEY-----", "ascii")
    table = {"tenant_id": "1-2", "client_id": "id", "private_key_file": str(key)}
    with pytest.raises(ConfigurationError, match="thumbprint"):
        create_linking(link(entra=table))
    assert create_linking(link(entra={**table, "thumbprint": "AB"})).linkers


@pytest.mark.parametrize(
    ("values", "issuer", "said"),
    [
        (EXCHANGE, None, r"access\.jwt"),
        ({**EXCHANGE, "token_endpoint": None}, "https://i.example", "token_endpoint"),
        ({**EXCHANGE, "client_secret": None}, "https://i.example", "client_secret"),
        ({**ENTRA, "kind": "entra", "client_secret": None}, "https://i.example", "on_behalf_of"),
    ],
)
def test_an_exchange_that_could_not_work_is_refused(
    values: dict[str, Any], issuer: str | None, said: str
) -> None:
    with pytest.raises(ConfigurationError, match=said):
        create_on_behalf_of(on_behalf_of(**values), caller_issuer=issuer)


def test_tokens_are_exchanged_by_either_way() -> None:
    issuer = "https://i.example"
    assert create_on_behalf_of(on_behalf_of(**EXCHANGE), caller_issuer=issuer)
    assert create_on_behalf_of(on_behalf_of(**ENTRA, kind="entra"), caller_issuer=issuer)


def test_what_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "agent_host.linking.oidc.client",
        "agent_host.linking.entra.provider",
        "agent_host.identity.on_behalf_of.entra",
        "agent_host.identity.on_behalf_of.token_exchange",
    ):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(MissingExtraError, match=r"\[jwt\]"):
        create_linking(link(oidc={"google": GOOGLE}))
    with pytest.raises(MissingExtraError, match=r"\[entra\]"):
        create_linking(link(entra=ENTRA))
    issuer = "https://i.example"
    with pytest.raises(MissingExtraError, match=r"\[entra\]"):
        create_on_behalf_of(on_behalf_of(**ENTRA, kind="entra"), caller_issuer=issuer)
    with pytest.raises(MissingExtraError, match=r"\[jwt\]"):
        create_on_behalf_of(on_behalf_of(**EXCHANGE), caller_issuer=issuer)


def test_secrets_are_in_no_representation() -> None:
    settings = link(oidc={"google": GOOGLE}, entra=ENTRA)
    assert "shh" not in f"{settings!r} {settings.model_dump_json()}"


def test_a_host_has_what_is_set() -> None:
    settings = Settings.model_validate(
        {
            "store": "memory://",
            "link": {"code": {"enabled": True}},
            "identity": {"require_link": True},
        }
    )
    host = create_host(settings)
    assert any(getattr(route, "path", "") == "/links" for route in host.app.routes)
