"""`agent-host links`: shows people, unlinks, hands out and erases what is kept of them."""

import argparse
import json
import os
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

from agent_host.cli.operate_run import EXIT_REFUSED
from agent_host.cli.operator_client import OperatorRefusedError
from agent_host.cli.operator_place import find_host
from agent_host.cli.operator_text import gather, show_list, show_one
from agent_host.errors import ConfigurationError
from agent_host.types.json import JsonObject

_COLUMNS: Final = ("key", "identities", "channels", "last_seen_at")
_IDENTITY_COLUMNS: Final = ("key", "channel", "account", "native_id", "linked_at", "last_seen_at")
_RECEIPT_COLUMNS: Final = ("id", "started_at", "finished_at", "erased")
_END: Final = "end"


def execute(arguments: argparse.Namespace) -> int:
    """Do what `action` says. 1 if there is no such person, or it cannot be done.

    Raises:
        ConfigurationError: there is no way to the host; the text says what to do.
    """
    actions = {
        "list": _list,
        "show": _show,
        "unlink": _unlink,
        "forget": _forget,
        "export": _export,
        "receipts": _receipts,
    }
    try:
        actions[arguments.action](arguments)
    except OperatorRefusedError as error:
        print(f"agent-host: {error}", file=sys.stderr)
        return EXIT_REFUSED
    return 0


def _list(arguments: argparse.Namespace) -> None:
    host = find_host(arguments)

    def get_page(cursor: str | None, limit: int) -> JsonObject:
        wanted = {"tenant": arguments.tenant, "cursor": cursor, "limit": limit}
        return host.ask("GET", "people", parameters=wanted)

    limit = None if arguments.all else arguments.limit
    found, more = gather(get_page, "people", limit=limit)
    show_list(found, _COLUMNS, as_json=arguments.json, more=more)


def _show(arguments: argparse.Namespace) -> None:
    if (arguments.key_of_person is None) == (arguments.native_id is None):
        raise ConfigurationError("Name somebody by their KEY, or by --channel and --native-id.")
    host = find_host(arguments)
    wanted = {
        **_person(arguments),
        "channel": arguments.channel,
        "account": arguments.account,
        "native_id": arguments.native_id,
    }
    _show_person(host.ask("GET", "person", parameters=wanted), as_json=arguments.json)


def _unlink(arguments: argparse.Namespace) -> None:
    host = find_host(arguments)
    wanted = {**_person(arguments), "identity": arguments.identity}
    found = host.ask("POST", "person", "unlink", parameters=wanted)
    _show_person(found, as_json=arguments.json)


def _forget(arguments: argparse.Namespace) -> None:
    if not arguments.yes:
        _ask_to_go_on(arguments.key_of_person)
    host = find_host(arguments)
    receipt = host.ask("POST", "person", "forget", parameters=_person(arguments), is_long=True)
    if arguments.json:
        print(json.dumps(receipt))
        return
    erased = cast("dict[str, int]", receipt["erased"])
    show_one({name: value for name, value in receipt.items() if name != "erased"}, as_json=False)
    for name, count in erased.items():
        print(f"  {count:>8}  {name}")
    if not erased:
        print("Nothing was kept of them.")


def _export(arguments: argparse.Namespace) -> None:
    host = find_host(arguments)
    is_whole = False
    with ExitStack() as stack:
        out: BinaryIO = sys.stdout.buffer
        lines = host.lines("person", "export", parameters=_person(arguments))
        first = next(lines, b"")  # a refusal comes now, and leaves no file behind
        if arguments.output is not None:
            out = stack.enter_context(_new_file(Path(arguments.output)))
        out.write(first)
        for line in lines:
            out.write(line)
            is_whole = _is_end(line)
        out.flush()
    if not is_whole:
        raise OperatorRefusedError("The export broke off and is not whole. Ask again.")


def _receipts(arguments: argparse.Namespace) -> None:
    host = find_host(arguments)

    def get_page(cursor: str | None, limit: int) -> JsonObject:
        return host.ask("GET", "erasures", parameters={"cursor": cursor, "limit": limit})

    limit = None if arguments.all else arguments.limit
    found, more = gather(get_page, "erasures", limit=limit)
    if not arguments.json:
        found = [
            {**one, "erased": sum(cast("dict[str, int]", one["erased"]).values())} for one in found
        ]
    show_list(found, _RECEIPT_COLUMNS, as_json=arguments.json, more=more)


def _person(arguments: argparse.Namespace) -> dict[str, object]:
    return {"tenant": arguments.tenant, "key": arguments.key_of_person}


def _show_person(found: JsonObject, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(found))
        return
    partitions = cast("list[str]", found["partitions"])
    show_one(
        {"tenant": found["tenant"], "key": found["key"], "partitions": len(partitions)},
        as_json=False,
    )
    print()
    identities = cast("list[JsonObject]", found["identities"])
    show_list(identities, _IDENTITY_COLUMNS, as_json=False, more=False)


def _ask_to_go_on(key: str) -> None:
    if not sys.stdin.isatty():
        raise ConfigurationError("Erasing cannot be undone: say --yes if you mean it.")
    said = input(f"Erase everything that is kept of {key}? This cannot be undone. [yes/no] ")
    if said.strip().lower() != "yes":
        raise ConfigurationError("Nothing was erased.")


def _new_file(path: Path) -> BinaryIO:
    """A file of its owner's only, which was not there before."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    try:
        return os.fdopen(os.open(path, flags, 0o600), "wb")
    except OSError as error:
        message = f"The file {path} cannot be made: {error.strerror}."
        raise ConfigurationError(message) from error


def _is_end(line: bytes) -> bool:
    try:
        found: Any = json.loads(line)
    except ValueError:
        return False
    return isinstance(found, dict) and cast("dict[str, Any]", found).get("type") == _END


__all__ = ["execute"]
