"""What the card of an agent elsewhere says: who it is and where it is spoken to. Pure.

Cards of 1.0 (specification, section 4.4.1), of 0.3, and of the time before.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from agent_host.agents.remote_a2a.dialect import PREFERENCE, Dialect, Interface
from agent_host.agents.remote_a2a.failure import RemoteError, unreadable
from agent_host.types.target import Skill, TargetDescription

_UNFIT: Final = re.compile(r"[^A-Za-z0-9_.-]+")
_TEXT_LIMIT: Final = 4096
_LIST_LIMIT: Final = 500
_DIALECTS: Final = {
    ("JSONRPC", "1.0"): Dialect.JSON_RPC_1_0,
    ("HTTP+JSON", "1.0"): Dialect.HTTP_JSON_1_0,
    ("JSONRPC", "0.3"): Dialect.JSON_RPC_0_3,
}
_RPC: Final = "JSONRPC"

Fields = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteCard:
    """`interfaces` are those we speak, best first. `streams`: it can be followed."""

    description: TargetDescription
    interfaces: tuple[Interface, ...]
    streams: bool


def read_card(value: object, *, is_trusted: Callable[[str], bool], is_oldest: bool) -> RemoteCard:
    """The card. `is_oldest`: it was found where cards were before 0.3.

    Raises:
        RemoteError: it is no card, or leads nowhere that we may and can speak to.
    """
    if not isinstance(value, Mapping):
        raise unreadable("what is no agent card")
    card = cast("Fields", value)
    interfaces = [*_interfaces(card, is_oldest=is_oldest)]
    if not interfaces:
        raise RemoteError(
            "The remote agent's card names no interface that is spoken here: A2A 1.0 over JSON-RPC "
            "or HTTP+JSON, 0.3 over JSON-RPC, or tasks/send."
        )
    trusted = [one for one in interfaces if is_trusted(one.url)]
    if not trusted:
        raise RemoteError(
            "The remote agent's card leads to another origin than its own; if that is meant, name "
            "it in remote_a2a.origins."
        )
    # The agent's order counts within a dialect, ours between them.
    trusted.sort(key=lambda one: PREFERENCE.index(one.dialect))
    capabilities = _object(card.get("capabilities"))
    return RemoteCard(
        description=_description(card),
        interfaces=tuple(dict.fromkeys(trusted)),
        streams=capabilities.get("streaming") is True,
    )


def fit_name(text: str) -> str:
    """A name in characters that are fit for a URL, or `remote`."""
    return _UNFIT.sub("_", text[:128]).strip("_.") or "remote"


def _interfaces(card: Fields, *, is_oldest: bool) -> Iterator[Interface]:
    for one in _objects(card.get("supportedInterfaces")):
        version = ".".join(_text(one.get("protocolVersion")).split(".")[:2])
        dialect = _DIALECTS.get((_text(one.get("protocolBinding")).upper(), version))
        url = _text(one.get("url"))
        if dialect is not None and url:
            yield Interface(url=url, dialect=dialect)
    url = _text(card.get("url"))
    if not url or "supportedInterfaces" in card:
        return
    if is_oldest and "protocolVersion" not in card:
        yield Interface(url=url, dialect=Dialect.TASKS_SEND)
    if _text(card.get("preferredTransport")) in {"", _RPC}:
        yield Interface(url=url, dialect=Dialect.JSON_RPC_0_3)
    for one in _objects(card.get("additionalInterfaces")):
        if _text(one.get("transport")) == _RPC and _text(one.get("url")):
            yield Interface(url=_text(one["url"]), dialect=Dialect.JSON_RPC_0_3)


def _description(card: Fields) -> TargetDescription:
    name = _text(card.get("name"))
    return TargetDescription(
        name=fit_name(name),
        description=_text(card.get("description")) or name,
        version=_text(card.get("version")) or "0",
        skills=tuple(_skills(card.get("skills"))),
    )


def _skills(value: object) -> Iterator[Skill]:
    for one in _objects(value):
        skill_id = _text(one.get("id")) or _text(one.get("name"))
        if skill_id:
            yield Skill(
                id=skill_id,
                name=_text(one.get("name")) or skill_id,
                description=_text(one.get("description")),
            )


def _object(value: object) -> Fields:
    return cast("Fields", value) if isinstance(value, Mapping) else {}


def _objects(value: object) -> list[Fields]:
    if not isinstance(value, Sequence) or isinstance(value, str):
        return []
    items = cast("Sequence[object]", value)[:_LIST_LIMIT]
    return [cast("Fields", item) for item in items if isinstance(item, Mapping)]


def _text(value: object) -> str:
    return value[:_TEXT_LIMIT] if isinstance(value, str) else ""


__all__ = ["RemoteCard", "fit_name", "read_card"]
