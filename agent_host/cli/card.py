"""`agent-host card`: the card by which other agents would find the target, and what it lacks."""

import argparse
import asyncio
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Message

from agent_host.cli.source import load
from agent_host.configured_host import create_host
from agent_host.errors import ConfigurationError

PATH: Final = "/.well-known/agent-card.json"
"""Where clients of A2A look for it (RFC 8615)."""

_OK: Final = 200
_REQUIRED: Final = (
    "name",
    "description",
    "version",
    "supportedInterfaces",
    "capabilities",
    "defaultInputModes",
    "defaultOutputModes",
    "skills",
)
_REQUIRED_OF_A_SKILL: Final = ("id", "name", "description", "tags")
_OWN_MACHINE: Final = frozenset({"127.0.0.1", "::1", "localhost"})


def execute(arguments: argparse.Namespace) -> int:
    """Print the card as it would be served, then what is wrong with it; 1 if it is no card.

    Nothing is served and no state is touched.

    Raises:
        ConfigurationError: something that is set is wrong, or no mounted channel has a card.
    """
    settings = load(arguments).settings
    host = create_host(settings.model_copy(update={"store": "memory://"}))
    asked_at = ("127.0.0.1", settings.server.port)
    status, body = asyncio.run(_get(host.app, asked_at))
    if status != _OK:
        message = "No mounted channel has a card. Mount one: agent-host card --channel a2a"
        raise ConfigurationError(message)
    card: dict[str, Any] = json.loads(body)
    print(json.dumps(card, indent=2, ensure_ascii=False))
    gaps = [*find_gaps(card)]
    if arguments.verify is not None:
        gaps += _verified(card, arguments.verify)
    for line in (*gaps, *find_doubts(card)):
        print(f"card: {line}", file=sys.stderr)
    return 1 if gaps else 0


def find_gaps(card: Mapping[str, Any]) -> Iterator[str]:
    """What a card must have and this one has not."""
    yield from (f"{name} is missing" for name in _REQUIRED if not card.get(name))
    for index, skill in enumerate(card.get("skills") or ()):
        for name in _REQUIRED_OF_A_SKILL:
            if not skill.get(name):
                yield f"skills[{index}].{name} is missing"


def find_doubts(card: Mapping[str, Any]) -> Iterator[str]:
    """What is allowed, and perhaps not meant."""
    urls = {str(one["url"]) for one in card.get("supportedInterfaces") or ()}
    for url in sorted(urls):
        parts = urlsplit(url)
        if parts.hostname in _OWN_MACHINE:
            yield f"{url} leads to this machine only; others need channels.a2a.base_url, or a proxy"
        elif parts.scheme != "https":
            yield f"{url} is not https: what is sent there can be read on the way"
    if not card.get("securitySchemes"):
        yield "nobody has to prove who they are; agent-host keys create makes a key"


def _verified(card: Mapping[str, Any], keys: Path) -> list[str]:
    """What is wrong with the signature; says who signed if nothing is."""
    # Loads cryptography, for those who ask for it.
    from agent_host.agents.remote_a2a.signature import CardKeys, UnsignedCardError  # noqa: PLC0415

    try:
        key_id = CardKeys.read(keys).check(card)
    except UnsignedCardError as error:
        return [str(error)]
    print(f"card: signed by the key {key_id or 'in ' + str(keys)}", file=sys.stderr)
    return []


async def _get(app: ASGIApp, asked_at: tuple[str, int]) -> tuple[int, bytes]:
    answered: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        answered.append(message)

    name, port = asked_at
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": PATH,
        "raw_path": PATH.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", f"{name}:{port}".encode()), (b"a2a-version", b"1.0")],
        "client": (name, 0),
        "server": asked_at,
        "state": {},
    }
    await app(scope, receive, send)
    body = b"".join(message.get("body", b"") for message in answered)
    return int(answered[0]["status"]), body


__all__ = ["PATH", "execute", "find_doubts", "find_gaps"]
