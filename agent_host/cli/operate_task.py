"""`agent-host tasks`: counts tasks; lists, shows, replays, purges and cancels them."""

import argparse
import json
import math
import sys
from collections.abc import Generator
from contextlib import contextmanager, suppress
from threading import Event, Thread
from typing import Final, cast

from agent_host.cli.duration import read_duration
from agent_host.cli.operate_run import EXIT_REFUSED
from agent_host.cli.operator_client import OperatorClient, OperatorRefusedError
from agent_host.cli.operator_place import find_host, find_place
from agent_host.cli.operator_text import gather, show_list, show_one
from agent_host.cli.stored_state import StoredState
from agent_host.errors import ConfigurationError, HostError
from agent_host.types.json import JsonObject

_PROGRESS_SECONDS: Final = 1.0
_COUNT_COLUMNS: Final = ("kind", "waiting", "attempting", "dead", "oldest_due_at")
_COLUMNS: Final = ("id", "kind", "starts", "last_error", "created_at", "over_at")


def execute(arguments: argparse.Namespace) -> int:
    """Do what `action` says; without one, count. 1 if there is no such task, or it cannot be done
    with it as it stands.

    Raises:
        ConfigurationError: there is no way to the host; the text says what to do.
    """
    actions = {
        None: _count,
        "dead": _list_dead,
        "show": _show,
        "replay": _replay,
        "purge": _purge,
        "cancel": _cancel,
    }
    try:
        actions[arguments.action](arguments)
    except OperatorRefusedError as error:
        print(f"agent-host: {error}", file=sys.stderr)
        return EXIT_REFUSED
    return 0


def _count(arguments: argparse.Namespace) -> None:
    kinds = _counts(find_host(arguments))
    show_list(kinds, _COUNT_COLUMNS, as_json=arguments.json, more=False)
    if any(found["is_partial"] for found in kinds):
        print("There may be more: counting stops at ten thousand.", file=sys.stderr)


def _list_dead(arguments: argparse.Namespace) -> None:
    place = find_place(arguments)
    kind = arguments.kind

    def get_page(after: str | None, limit: int) -> JsonObject:
        if isinstance(place, OperatorClient):
            wanted = {"kind": kind, "after": after, "limit": limit}
            return place.ask("GET", "tasks", "dead", parameters=wanted)
        return StoredState(place).dead_letters(kind=kind, after=after, limit=limit)

    limit = None if arguments.all else arguments.limit
    found, more = gather(get_page, "tasks", limit=limit)
    show_list(found, _COLUMNS, as_json=arguments.json, more=more)


def _show(arguments: argparse.Namespace) -> None:
    place = find_place(arguments)
    if isinstance(place, OperatorClient):
        found = place.ask("GET", "tasks", arguments.id)
    else:
        found = StoredState(place).task(arguments.id)
    show_one(found, as_json=arguments.json)


def _replay(arguments: argparse.Namespace) -> None:
    if not arguments.all:
        _check_filters(arguments)
        found = find_host(arguments).ask("POST", "tasks", arguments.id, "replay")
        show_one(found, as_json=arguments.json)
        return
    _do_all(arguments, "replay", {"kind": arguments.kind})


def _purge(arguments: argparse.Namespace) -> None:
    if not arguments.all:
        _check_filters(arguments)
        find_host(arguments).ask("DELETE", "tasks", arguments.id)
        done = {"id": arguments.id, "purged": True}
        print(json.dumps(done) if arguments.json else f"Purged {arguments.id}.")
        return
    age = read_duration(arguments.older_than, flag="--older-than")
    seconds = None if age is None else math.ceil(age.total_seconds())
    _do_all(arguments, "purge", {"kind": arguments.kind, "older_than_seconds": seconds})


def _cancel(arguments: argparse.Namespace) -> None:
    found = find_host(arguments).ask("POST", "tasks", arguments.id, "cancel")
    show_one(found, as_json=arguments.json)


def _do_all(arguments: argparse.Namespace, action: str, filters: dict[str, object]) -> None:
    """The host does it; meanwhile a person is told how many are left."""
    host = find_host(arguments)
    with _progress(host):
        found = host.ask("POST", "tasks", "dead", action, parameters=filters, is_long=True)
    if arguments.json:
        print(json.dumps(found))
    else:
        (name, count), *_ = found.items()
        letters = "dead letter" if count == 1 else "dead letters"
        print(f"{str(name).capitalize()} {count} {letters}.")


@contextmanager
def _progress(host: OperatorClient) -> Generator[None]:
    """Where a person looks on: every second, how many dead letters are left."""
    over = Event()

    def tell() -> None:
        with suppress(HostError):  # whoever waits for the work itself is told what is wrong
            while not over.wait(_PROGRESS_SECONDS):
                dead = sum(cast("int", found["dead"]) for found in _counts(host))
                print(f"{dead} dead letters are left", file=sys.stderr, flush=True)

    if sys.stderr.isatty():
        Thread(target=tell, daemon=True).start()
    try:
        yield
    finally:
        over.set()


def _counts(host: OperatorClient) -> list[JsonObject]:
    return cast("list[JsonObject]", host.ask("GET", "tasks")["kinds"])


def _check_filters(arguments: argparse.Namespace) -> None:
    """One task is named by its id, and is not looked at for anything else."""
    if arguments.kind is not None or getattr(arguments, "older_than", None) is not None:
        raise ConfigurationError("--kind and --older-than go with --all, and not with an ID.")


__all__ = ["execute"]
