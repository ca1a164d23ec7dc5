"""What a caller says outside the body: headers and query parameters. Pure."""

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from agent_host_openai.problem import invalid

PAGE_DEFAULT: Final = 20
PAGE_LIMIT: Final = 100

_IDEMPOTENCY_KEY: Final = re.compile(r'("?)([!#-~]{1,255})\1')
_INTEGER: Final = re.compile(r"-?[0-9]{1,15}")
_SEQUENCE_LIMIT: Final = 10**15 - 1


class Page(NamedTuple):
    """Which items of a list: so many, behind the one with this id, newest first or not."""

    limit: int
    after: str | None
    newest_first: bool


def to_idempotency_key(header: bytes | None) -> str | None:
    """The key of a request that may be sent again; bare or in quotes.

    Raises:
        WireError: it is none.
    """
    if header is None:
        return None
    found = _IDEMPOTENCY_KEY.fullmatch(header.decode("latin-1"))
    if found is None:
        raise invalid("Idempotency-Key", "should be 1 to 255 visible ASCII characters")
    return found[2]


def to_flag(query: Mapping[str, str], name: str) -> bool:
    """A parameter that is true or false.

    Raises:
        WireError: it is something else.
    """
    text = query.get(name, "false").lower()
    if text not in ("true", "false"):
        raise invalid(name, "should be true or false")
    return text == "true"


def to_starting_after(query: Mapping[str, str]) -> int:
    """The sequence number behind which a stream goes on; -1 for its start.

    Raises:
        WireError: it is none.
    """
    return _to_integer(query.get("starting_after", "-1"), "starting_after", -1, _SEQUENCE_LIMIT)


def to_page(query: Mapping[str, str]) -> Page:
    """Which page of a list is asked for.

    Raises:
        WireError: a parameter is not as documented.
    """
    order = query.get("order", "desc")
    if order not in ("asc", "desc"):
        raise invalid("order", "should be asc or desc")
    limit = _to_integer(query.get("limit", str(PAGE_DEFAULT)), "limit", 1, PAGE_LIMIT)
    return Page(limit=limit, after=query.get("after"), newest_first=order == "desc")


def _to_integer(text: str, param: str, least: int, most: int) -> int:
    if _INTEGER.fullmatch(text) and least <= (number := int(text)) <= most:
        return number
    raise invalid(param, f"should be an integer from {least} to {most}")


__all__ = [
    "PAGE_DEFAULT",
    "PAGE_LIMIT",
    "Page",
    "to_flag",
    "to_idempotency_key",
    "to_page",
    "to_starting_after",
]
