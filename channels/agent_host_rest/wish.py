"""What a caller says outside the body: headers and query parameters. Pure."""

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from agent_host.errors import NotFoundError
from agent_host_rest.schema import SESSION_PATTERN, SESSION_RULE
from agent_host_rest.validation import invalid

PAGE_LIMIT: Final = 100
PAGE_DEFAULT: Final = 50
MESSAGES_LIMIT: Final = 1000
MESSAGES_DEFAULT: Final = 100
SEQUENCE_LIMIT: Final = 10**15 - 1
AGENTCORE_SESSION_HEADER: Final = "X-Amzn-Bedrock-AgentCore-Runtime-Session-Id"

_SESSION: Final = re.compile(SESSION_PATTERN)
_IDEMPOTENCY_KEY: Final = re.compile(r'("?)([!#-~]{1,255})\1')
_INTEGER: Final = re.compile(r"-?[0-9]{1,15}")
_EVENTS: Final = "text/event-stream"
_JSON: Final = "application/json"


class Wishes(NamedTuple):
    """What the headers ask for. A body that says otherwise on stream, background or session wins.

    `last_event_id` is as it came.
    """

    stream: bool = False
    background: bool = False
    session: str | None = None
    idempotency_key: str | None = None
    last_event_id: str | None = None


_NOTHING: Final = Wishes()
_ANYTHING: Final = frozenset({b"*/*", b"application/json"})
_KNOWN: Final = frozenset(
    {
        b"accept",
        b"prefer",
        b"idempotency-key",
        b"last-event-id",
        AGENTCORE_SESSION_HEADER.lower().encode(),
    }
)


def to_wishes(headers: Mapping[bytes, bytes]) -> Wishes:
    """Read the headers, whose names are lower case as ASGI has them.

    Raises:
        InvalidInputError: the idempotency key or the session's name is none.
    """
    known = _KNOWN & headers.keys()
    if not known or (len(known) == 1 and headers.get(b"accept") in _ANYTHING):
        return _NOTHING
    said = {name: headers[name].decode("latin-1") for name in known}
    session = said.get(AGENTCORE_SESSION_HEADER.lower().encode())
    if session is not None and not _SESSION.fullmatch(session):
        raise invalid(((AGENTCORE_SESSION_HEADER,), SESSION_RULE))
    return Wishes(
        stream=_prefers_events(said.get(b"accept", "")),
        background=_responds_async(said.get(b"prefer", "")),
        session=session,
        idempotency_key=_to_idempotency_key(said.get(b"idempotency-key")),
        last_event_id=said.get(b"last-event-id"),
    )


def to_after(query: Mapping[str, str], wishes: Wishes) -> int:
    """The sequence number behind which to go on, -1 for the start.

    `Last-Event-ID` wins over `after`: a browser that reconnects repeats the URL it began with.

    Raises:
        InvalidInputError: one of them is not an integer from -1 to `SEQUENCE_LIMIT`.
    """
    after = _to_integer(query.get("after", "-1"), "after", least=-1, most=SEQUENCE_LIMIT)
    if wishes.last_event_id is None:
        return after
    return _to_integer(wishes.last_event_id, "Last-Event-ID", least=-1, most=SEQUENCE_LIMIT)


def to_limit(query: Mapping[str, str], *, default: int, most: int) -> int:
    """How many items a page may have.

    Raises:
        InvalidInputError: it is not an integer from 1 to `most`.
    """
    text = query.get("limit")
    return default if text is None else _to_integer(text, "limit", least=1, most=most)


def to_session_key(text: str) -> str:
    """The session named in a path.

    Raises:
        NotFoundError: it is none that could exist.
    """
    if not _SESSION.fullmatch(text):
        raise NotFoundError("session")
    return text


def _to_integer(text: str, field: str, *, least: int, most: int) -> int:
    if _INTEGER.fullmatch(text) and least <= (number := int(text)) <= most:
        return number
    raise invalid(((field,), f"should be an integer from {least} to {most}"))


def _to_idempotency_key(text: str | None) -> str | None:
    """The key, out of its quotes where it is a structured string as the draft asks for
    (draft-ietf-httpapi-idempotency-key-header-07 section 2.1); bare keys are taken too.
    """
    if text is None:
        return None
    key = _IDEMPOTENCY_KEY.fullmatch(text)
    if key is None:
        rule = "should be 1 to 255 visible ASCII characters, in quotes or with none"
        raise invalid((("Idempotency-Key",), rule))
    return key[2]


def _prefers_events(accept: str) -> bool:
    """Whether event streams rank above JSON; at equal weight the one that stands first does."""
    if _EVENTS not in accept.lower():
        return False
    rank = {_EVENTS: (0.0, 0), _JSON: (0.0, 0)}
    for position, item in enumerate(accept.lower().split(",")):
        media_type, *parameters = (text.strip() for text in item.split(";"))
        if media_type in rank:
            rank[media_type] = max(rank[media_type], (_weight(parameters), -position))
    return rank[_EVENTS][0] > 0 and rank[_EVENTS] > rank[_JSON]


def _weight(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            return float(value) if re.fullmatch(r"[01](\.[0-9]{0,3})?", value.strip()) else 0.0
    return 1.0


def _responds_async(prefer: str) -> bool:
    """RFC 7240 section 4.1."""
    preferences = (item.partition(";")[0].strip().lower() for item in prefer.split(","))
    return "respond-async" in preferences


__all__ = [
    "AGENTCORE_SESSION_HEADER",
    "MESSAGES_DEFAULT",
    "MESSAGES_LIMIT",
    "PAGE_DEFAULT",
    "PAGE_LIMIT",
    "SEQUENCE_LIMIT",
    "Wishes",
    "to_after",
    "to_limit",
    "to_session_key",
    "to_wishes",
]
