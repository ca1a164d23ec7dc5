"""How an operator's commands show what they got: tables for people, JSON for programs."""

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Final, TypeAlias, cast

from agent_host.cli.table import format_table
from agent_host.types.json import JsonObject

_PAGE: Final = 200

GetPage: TypeAlias = Callable[[str | None, int], JsonObject]
"""The page behind a cursor, of at most so many."""


def gather(get_page: GetPage, name: str, *, limit: int | None) -> tuple[list[JsonObject], bool]:
    """The items of as many pages as it takes, and whether there are more. No `limit`: all."""
    found: list[JsonObject] = []
    cursor: str | None = None
    with_progress = limit is None and sys.stderr.isatty()
    while True:
        wanted = _PAGE if limit is None else min(_PAGE, limit - len(found))
        page = get_page(cursor, wanted)
        found += cast("list[JsonObject]", page[name])
        cursor = cast("str | None", page["next_cursor"])
        if with_progress:
            print(f"\r{len(found)} {name} ", end="", file=sys.stderr, flush=True)
        if cursor is None or (limit is not None and len(found) >= limit):
            break
    if with_progress:
        print(file=sys.stderr)
    return found, cursor is not None


def show_list(
    items: Sequence[JsonObject], columns: Sequence[str], *, as_json: bool, more: bool
) -> None:
    """A table of these fields, or all of it as JSON. Whether there is more goes to stderr."""
    if as_json:
        print(json.dumps(items))
    else:
        print(format_table(_rows(items, columns)))
    if more:
        print("There are more: --limit COUNT, or --all.", file=sys.stderr)


def show_one(item: JsonObject, *, as_json: bool) -> None:
    """Every field in a line, or JSON."""
    if as_json:
        print(json.dumps(item))
    else:
        print(format_table((name, _cell(value)) for name, value in item.items()))


def _rows(items: Sequence[JsonObject], columns: Sequence[str]) -> Iterator[tuple[str, ...]]:
    yield tuple(name.removesuffix("_at").replace("_", " ").upper() for name in columns)
    for item in items:
        yield tuple(_cell(item.get(name)) for name in columns)


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return _local(value) or _plain(value)
    return str(value)


def _local(text: str) -> str | None:
    """A time as the clock on the wall here has it; None if it is none."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return None if at.tzinfo is None else f"{at.astimezone():%Y-%m-%d %H:%M:%S}"


def _plain(text: str) -> str:
    """Without what would steer a terminal: names of kinds and owners come from elsewhere."""
    return "".join(char if char.isprintable() else "?" for char in text)


__all__ = ["GetPage", "gather", "show_list", "show_one"]
