"""Signed cards: checked by the official SDK's verifier, by joserfc, and by our own."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from a2a.client.card_resolver import parse_agent_card
from a2a.utils.signing import InvalidSignaturesError, create_signature_verifier
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from joserfc import jws
from joserfc.jwk import KeySet
from joserfc.jws import FlattenedJSONSerialization
from jwt.utils import base64url_encode

from agent_host import AgentHost
from agent_host.agents.remote_a2a import RemoteA2AAgent, RemoteA2AOptions
from agent_host.agents.remote_a2a.signature import CardKeys, UnsignedCardError
from agent_host.cli.main import main
from agent_host.errors import ConfigurationError
from agent_host.protocols.agent_card import canonical_card, lean_card
from agent_host_a2a import A2AChannel, A2AConfig, ExtensionConfig
from tests.adapters.driving import drive
from tests.agents.remote_a2a.serving import new_turn
from tests.channels.a2a.agent import converse
from tests.channels.a2a.hosting import hosted

CARD = "/.well-known/agent-card.json"
MAKE: dict[str, Callable[[], Any]] = {
    "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "EdDSA": ed25519.Ed25519PrivateKey.generate,
    "RS256": lambda: rsa.generate_private_key(65537, 2048),
}
EXTENSIONS = (ExtensionConfig(uri="https://x.example", params={"n": 1.5, "none": [], "t": ""}),)


def key_files(folder: Path, algorithm: str = "ES256") -> tuple[Path, Path]:
    """A private key as PEM, and its public half as a JWK set."""
    key = MAKE[algorithm]()
    private, public = folder / "private.pem", folder / "public.json"
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    made = jwt.get_algorithm_by_name(algorithm).to_jwk(key.public_key(), as_dict=True)
    public.write_text(json.dumps({"keys": [{**made, "kid": "k-1"}]}), "utf-8")
    return private, public


def config(private: Path, **members: Any) -> A2AConfig:
    return A2AConfig(card_key_file=private, card_key_id="k-1", extensions=EXTENSIONS, **members)


async def served(client: httpx.AsyncClient) -> dict[str, Any]:
    card: dict[str, Any] = (await client.get(CARD)).json()
    return card


# A later RFC has a name for each kind of EdDSA; A2A and its SDKs say this one.
@pytest.mark.filterwarnings("ignore:EdDSA is deprecated")
@pytest.mark.parametrize("algorithm", [*MAKE])
async def test_others_accept_the_signature(tmp_path: Path, algorithm: str) -> None:
    private, public = key_files(tmp_path, algorithm)
    url = "https://agents.example.org/keys.json"
    async with hosted(converse, config=config(private, card_key_set_url=url)) as client:
        card = await served(client)
    documents = json.loads(public.read_text("utf-8"))
    key = jwt.PyJWK(documents["keys"][0], algorithm)
    asked: list[tuple[str | None, str | None]] = []

    def provide(kid: str | None, jku: str | None) -> jwt.PyJWK:
        asked.append((kid, jku))
        return key

    verify = create_signature_verifier(provide, [algorithm])
    verify(parse_agent_card(card))
    assert asked[0] == ("k-1", url)
    with pytest.raises(InvalidSignaturesError):
        verify(parse_agent_card({**card, "name": "somebody else"}))
    registry = jws.JWSRegistry(algorithms=[algorithm])
    forms = (canonical_card(card), lean_card(card))
    for one, form in zip(card["signatures"], forms, strict=True):
        value: FlattenedJSONSerialization = {
            "payload": base64url_encode(form).decode(),
            "protected": one["protected"],
            "signature": one["signature"],
        }
        keys = KeySet.import_key_set(documents)
        assert jws.deserialize_json(value, keys, registry=registry).payload == form


@pytest.mark.parametrize("algorithm", [*MAKE])
@pytest.mark.parametrize("form", ["jwks", "jwk", "pem", "private"])
async def test_our_own_check_takes_every_form_of_key(
    tmp_path: Path, algorithm: str, form: str
) -> None:
    private, public = key_files(tmp_path, algorithm)
    async with hosted(converse, config=config(private)) as client:
        card = await served(client)
    (jwk,) = json.loads(public.read_text("utf-8"))["keys"]
    pem = jwt.PyJWK(jwk, algorithm).key.public_bytes(
        Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
    )
    contents = {
        "jwks": public.read_bytes(),
        "jwk": json.dumps(jwk).encode(),
        "pem": pem,
        "private": private.read_bytes(),
    }
    file = tmp_path / "keys"
    file.write_bytes(contents[form])
    assert CardKeys.read(file).check(card) == (None if form in {"pem", "private"} else "k-1")


async def test_a_changed_card_a_foreign_key_and_no_signature_are_found_out(
    tmp_path: Path,
) -> None:
    private, public = key_files(tmp_path)
    (tmp_path / "other").mkdir()
    _, foreign = key_files(tmp_path / "other")
    async with hosted(converse, config=config(private)) as client:
        card = await served(client)
    keys = CardKeys.read(public)
    first = card["signatures"][0]
    none = {"alg": "none", "kid": "k-1"}
    unsigned = base64url_encode(json.dumps(none).encode()).decode()
    wrong: list[Any] = [
        {**card, "description": "Better."},
        {name: value for name, value in card.items() if name != "signatures"},
        {**card, "signatures": []},
        {**card, "signatures": "x"},
        {**card, "signatures": [7, {}, {"protected": "%", "signature": ""}]},
        {**card, "signatures": [{**first, "signature": "AAAA"}]},
        {**card, "signatures": [{"protected": unsigned, "signature": ""}]},
        [],
    ]
    for one in wrong:
        with pytest.raises(UnsignedCardError):
            keys.check(one)
    with pytest.raises(UnsignedCardError):
        CardKeys.read(foreign).check(card)


@pytest.mark.parametrize(
    "content", ["", "{}", "[]", '{"keys": []}', '{"kty": "oct", "k": "AAAA"}', "-----BEGIN X-----"]
)
def test_what_is_no_key_is_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "key"
    file.write_text(content, "utf-8")
    with pytest.raises(ConfigurationError, match="key"):
        CardKeys.read(file)
    channel = A2AChannel(A2AConfig(card_key_file=file, card_key_id="k"))
    with pytest.raises(ConfigurationError, match="key"):
        AgentHost(converse, channels=[channel])


def test_a_key_that_is_missing_weak_or_nameless_is_refused(tmp_path: Path) -> None:
    private, public = key_files(tmp_path)
    weak = tmp_path / "weak.pem"
    weak.write_bytes(
        rsa.generate_private_key(65537, 1024).private_bytes(  # noqa: S505 - it is to be refused
            Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
        )
    )
    wrong = [
        A2AConfig(card_key_file=tmp_path / "missing", card_key_id="k"),
        A2AConfig(card_key_file=weak, card_key_id="k"),
        A2AConfig(card_key_file=private),
        A2AConfig(card_key_file=public, card_key_id="k"),
    ]
    for one in wrong:
        with pytest.raises(ConfigurationError):
            AgentHost(converse, channels=[A2AChannel(one)])
    with pytest.raises(ConfigurationError, match="cannot be read"):
        CardKeys.read(tmp_path / "missing")


async def test_a_remote_agent_must_be_who_it_is_said_to_be(tmp_path: Path) -> None:
    private, public = key_files(tmp_path)
    options = RemoteA2AOptions(card_keys_file=public)
    async with hosted(converse, config=config(private)) as client:
        del client.headers["authorization"]
        agent = await RemoteA2AAgent.discover(str(client.base_url), options)
    assert agent.description.name == "converse"
    async with (
        hosted(converse) as unsigned,
        RemoteA2AAgent(str(unsigned.base_url), options) as other,
    ):
        with pytest.raises(UnsignedCardError):
            await drive(other, new_turn())


def test_the_command_signs_and_verifies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    private, public = key_files(tmp_path)
    (tmp_path / "agent.py").write_text("async def greet(text: str) -> str:\n    return text\n")
    monkeypatch.chdir(tmp_path)
    command = ["card", "agent.py:greet", "--channel", "a2a", "--verify", str(public)]
    assert main(command) == 1
    assert "no signature by a key that is trusted" in capsys.readouterr().err
    monkeypatch.setenv("AGENT_HOST_CHANNELS__A2A__CARD_KEY_FILE", str(private))
    monkeypatch.setenv("AGENT_HOST_CHANNELS__A2A__CARD_KEY_ID", "k-1")
    assert main(command) == 0
    assert "signed by the key k-1" in capsys.readouterr().err
