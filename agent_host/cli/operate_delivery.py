"""`agent-host deliveries`: lists, shows, replays, purges and cancels them."""

import argparse
import json
import sys
from typing import Final, cast

from agent_host.cli.operate_run import EXIT_REFUSED
from agent_host.cli.operator_client import OperatorClient, OperatorRefusedError
from agent_host.cli.operator_place import find_host, find_place
from agent_host.cli.operator_text import gather, show_list, show_one
from agent_host.cli.stored_state import StoredState
from agent_host.errors import ConfigurationError
from agent_host.types.json import JsonObject

_COLUMNS: Final = ("id", "status", "channel", "attempts_made", "last_error", "created_at", "run_id")
_ROW_COLUMNS: Final = ("number", "of", "begun_at", "ended_at", "error_class", "error_code")


def execute(arguments: argparse.Namespace) -> int:
    """Do what `action` says. 1 if there is no such delivery, or it cannot be done with it as it
    stands.

    Raises:
        ConfigurationError: there is no way to the host; the text says what to do.
    """
    actions = {
        "list": _list,
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


def _list(arguments: argparse.Namespace) -> None:
    place = find_place(arguments)
    status, run_id = arguments.status, arguments.run

    def get_page(after: str | None, limit: int) -> JsonObject:
        if isinstance(place, OperatorClient):
            wanted = {"status": status, "run": run_id, "after": after, "limit": limit}
            return place.ask("GET", "deliveries", parameters=wanted)
        return StoredState(place).deliveries(
            status=status, run_id=run_id, cursor=after, limit=limit
        )

    limit = None if arguments.all else arguments.limit
    found, more = gather(get_page, "deliveries", limit=limit)
    show_list(found, _COLUMNS, as_json=arguments.json, more=more)


def _show(arguments: argparse.Namespace) -> None:
    place = find_place(arguments)
    if isinstance(place, OperatorClient):
        found = place.ask("GET", "deliveries", arguments.id)
    else:
        found = StoredState(place).delivery(arguments.id)
    _show_one(found, arguments)


def _replay(arguments: argparse.Namespace) -> None:
    host = find_host(arguments)
    if arguments.all:
        _tell_count(_do_all(host, "replay", arguments), arguments)
        return
    _check_filters(arguments)
    _show_one(host.ask("POST", "deliveries", arguments.id, "replay"), arguments)


def _purge(arguments: argparse.Namespace) -> None:
    host = find_host(arguments)
    if arguments.all:
        _tell_count(_do_all(host, "purge", arguments), arguments)
        return
    _check_filters(arguments)
    host.ask("DELETE", "deliveries", arguments.id)
    done = {"id": arguments.id, "purged": True}
    print(json.dumps(done) if arguments.json else f"Purged {arguments.id}.")


def _cancel(arguments: argparse.Namespace) -> None:
    found = find_host(arguments).ask("POST", "deliveries", arguments.id, "cancel")
    _show_one(found, arguments)


def _do_all(host: OperatorClient, action: str, arguments: argparse.Namespace) -> JsonObject:
    filters = {"status": arguments.status, "channel": arguments.channel}
    return host.ask("POST", "deliveries", action, parameters=filters, is_long=True)


def _tell_count(found: JsonObject, arguments: argparse.Namespace) -> None:
    if arguments.json:
        print(json.dumps(found))
        return
    (name, count), *_ = found.items()
    print(f"{str(name).capitalize()} {count} {'delivery' if count == 1 else 'deliveries'}.")


def _show_one(found: JsonObject, arguments: argparse.Namespace) -> None:
    """Its fields, then its attempts."""
    if arguments.json:
        show_one(found, as_json=True)
        return
    attempts = cast("list[JsonObject]", found["attempts"])
    show_one({name: at for name, at in found.items() if name != "attempts"}, as_json=False)
    if attempts:
        print()
        show_list(attempts, _ROW_COLUMNS, as_json=False, more=False)


def _check_filters(arguments: argparse.Namespace) -> None:
    """One delivery is named by its id, and is not looked at for anything else."""
    if arguments.status is not None or arguments.channel is not None:
        raise ConfigurationError("--status and --channel go with --all, and not with an ID.")


__all__ = ["execute"]
