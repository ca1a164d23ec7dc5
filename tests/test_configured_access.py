"""From settings to whoever is asked who is calling; what is refused before anything is served."""

import builtins
from pathlib import Path
from typing import Any

import httpx
import pytest

from agent_host.asgi.bind import check_bind
from agent_host.authentication.anonymous import AnonymousAuthenticator
from agent_host.authentication.api_key_book import ApiKeyBook, KeyWish
from agent_host.authentication.api_key_file import ApiKeyFile
from agent_host.authentication.bearer import BearerAuthenticator
from agent_host.configured_access import create_authenticator
from agent_host.configured_host import create_host
from agent_host.errors import ConfigurationError, MissingExtraError
from agent_host.protocols.authenticator import Authenticator
from agent_host.settings import Settings
from agent_host.settings.access import AccessSettings, JwtSettings

JWT = JwtSettings(issuer="https://id.example", audience=["agent-host"])


@pytest.fixture(autouse=True)
def _working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """State is kept in the working directory unless settings say otherwise."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def keys_file(tmp_path: Path) -> Path:
    return tmp_path / "keys.json"


@pytest.fixture
def key(keys_file: Path) -> str:
    return ApiKeyBook(ApiKeyFile(keys_file)).create(KeyWish(name="laptop"))[0].text


def build(keys_file: Path, *, insecure: bool = False, **settings: Any) -> Authenticator:
    access = AccessSettings(keys_file=str(keys_file), **settings)
    return create_authenticator(access, keys_file, insecure=insecure)


def test_by_default_nobody_has_to_prove_anything_and_nobody_is_an_administrator(
    keys_file: Path,
) -> None:
    found = build(keys_file)
    assert isinstance(found, AnonymousAuthenticator)
    assert found.admits_anyone


@pytest.mark.usefixtures("key")
def test_a_key_file_that_is_there_asks_for_a_proof(keys_file: Path) -> None:
    found = build(keys_file)
    assert isinstance(found, BearerAuthenticator)
    assert not found.admits_anyone
    assert found.challenge == 'Bearer realm="agent-host"'
    check_bind("0.0.0.0", authenticator=found, insecure=False)  # noqa: S104 - the point


@pytest.mark.usefixtures("key")
def test_keys_can_be_turned_off(keys_file: Path) -> None:
    assert build(keys_file, api_keys=False).admits_anyone


def test_keys_that_are_asked_for_must_be_there(keys_file: Path) -> None:
    with pytest.raises(ConfigurationError, match="agent-host keys create"):
        build(keys_file, api_keys=True)


@pytest.mark.parametrize("api_keys", [None, True])
def test_a_damaged_key_file_is_never_no_key_file(keys_file: Path, api_keys: bool | None) -> None:
    keys_file.write_bytes(b"")
    with pytest.raises(ConfigurationError, match="damaged"):
        build(keys_file, api_keys=api_keys)


@pytest.mark.parametrize("leads_to", ["nowhere", "keys.json"])
def test_a_key_file_that_cannot_be_looked_at_is_never_no_key_file(
    keys_file: Path, leads_to: str
) -> None:
    """Such as a mounted secret that went, or a folder that this user may not enter."""
    keys_file.symlink_to(keys_file.with_name(leads_to))
    with pytest.raises(ConfigurationError, match=r"access\.keys_file"):
        build(keys_file)


def test_an_issuer_is_enough_for_tokens(keys_file: Path) -> None:
    assert not build(keys_file, jwt=JWT).admits_anyone


@pytest.mark.parametrize(
    ("jwt", "named"),
    [
        (JwtSettings(audience=["x"]), "access.jwt.issuer"),
        (JwtSettings(jwks_url="https://id.example/keys"), "access.jwt.issuer"),
        (JwtSettings(issuer="https://id.example"), "access.jwt.audience"),
        (JwtSettings(issuer="http://id.example", audience=["x"]), "https"),
        (JWT.model_copy(update={"algorithms": ["HS256"]}), "access.jwt.algorithms"),
    ],
)
def test_tokens_that_are_half_set_up_are_refused(
    keys_file: Path, jwt: JwtSettings, named: str
) -> None:
    with pytest.raises(ConfigurationError, match=named):
        build(keys_file, jwt=jwt)


def test_a_missing_extra_is_named(keys_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without_jwt(name: str, *rest: Any, **named: Any) -> Any:
        if name == "agent_host.authentication.jwt_verifier":
            raise ImportError(name)
        return real(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", without_jwt)
    with pytest.raises(MissingExtraError, match=r"agent-host-server\[jwt\]"):
        build(keys_file, jwt=JWT)


async def test_anonymous_administrators_are_for_loopback_only(keys_file: Path) -> None:
    found = build(keys_file, anonymous_admin=True)
    assert isinstance(found, AnonymousAuthenticator)
    with pytest.raises(ConfigurationError):
        check_bind("0.0.0.0", authenticator=found, insecure=False)  # noqa: S104 - the point
    with pytest.raises(ConfigurationError, match=r"server\.insecure"):
        build(keys_file, anonymous_admin=True, insecure=True)
    with pytest.raises(ConfigurationError, match="--scope admin"):
        build(keys_file, anonymous_admin=True, jwt=JWT)


async def test_a_host_from_settings_takes_keys(keys_file: Path, key: str, tmp_path: Path) -> None:
    (tmp_path / "echo.py").write_text("async def echo(text: str) -> str:\n    return text\n")
    host = create_host(
        Settings(target=f"{tmp_path}/echo.py:echo", access=AccessSettings(keys_file=str(keys_file)))
    )
    transport = httpx.ASGITransport(host.app)
    async with host, httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        refused = await client.post("/invocations", json={"input": "x"})
        assert refused.status_code == 401
        assert refused.headers["www-authenticate"] == 'Bearer realm="agent-host"'
        assert refused.json()["code"] == "unauthenticated"
        bad = await client.get("/invocations", headers={"x-api-key": key[:-1]})
        assert bad.status_code == 401
        assert bad.headers["www-authenticate"] == (
            'Bearer realm="agent-host", error="invalid_token"'
        )
        for headers in ({"authorization": f"Bearer {key}"}, {"x-api-key": key}):
            answer = await client.post("/invocations", json={"input": "x"}, headers=headers)
            assert answer.json()["output_text"] == "x"
        in_query = await client.get("/invocations", params={"api_key": key, "access_token": key})
        assert in_query.status_code == 401
