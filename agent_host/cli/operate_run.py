"""`agent-host runs`: lists, shows and cancels everybody's runs."""

import argparse
import sys
import time
from typing import Final

from agent_host.cli.operator_client import OperatorClient, OperatorRefusedError
from agent_host.cli.operator_place import find_host, find_place
from agent_host.cli.operator_text import gather, show_list, show_one
from agent_host.cli.stored_state import StoredState
from agent_host.types.json import JsonObject
from agent_host.types.run import RunStatus

EXIT_REFUSED: Final = 1
_LOOK_SECONDS: Final = 0.2
_STOPPING_SECONDS: Final = 5.0
"""Beyond the grace that the host has granted the run already."""

_COLUMNS: Final = (
    "id",
    "status",
    "channel",
    "tenant",
    "owner",
    "created_at",
    "finished_at",
    "attempt",
    "failure",
)


def execute(arguments: argparse.Namespace) -> int:
    """Do what `action` says: `list`, `show` or `cancel`. 1 if there is no such run, or it is over.

    Raises:
        ConfigurationError: there is no way to the host; the text says what to do.
    """
    try:
        if arguments.action == "list":
            _list(arguments)
        elif arguments.action == "show":
            show_one(_show(arguments), as_json=arguments.json)
        else:
            show_one(_cancel(arguments), as_json=arguments.json)
    except OperatorRefusedError as error:
        print(f"agent-host: {error}", file=sys.stderr)
        return EXIT_REFUSED
    return 0


def _list(arguments: argparse.Namespace) -> None:
    place = find_place(arguments)
    status = arguments.status

    def get_page(cursor: str | None, limit: int) -> JsonObject:
        if isinstance(place, OperatorClient):
            wanted = {"status": status, "cursor": cursor, "limit": limit}
            return place.ask("GET", "runs", parameters=wanted)
        return StoredState(place).runs(status=status, cursor=cursor, limit=limit)

    limit = None if arguments.all else arguments.limit
    found, more = gather(get_page, "runs", limit=limit)
    show_list(found, _COLUMNS, as_json=arguments.json, more=more)


def _show(arguments: argparse.Namespace) -> JsonObject:
    place = find_place(arguments)
    if isinstance(place, OperatorClient):
        return place.ask("GET", "runs", arguments.id)
    return StoredState(place).run(arguments.id)


def _cancel(arguments: argparse.Namespace) -> JsonObject:
    """The run as it is once it stopped, or took longer than anybody wants to look on."""
    host = find_host(arguments)
    found = host.ask("POST", "runs", arguments.id, "cancel")
    until = time.monotonic() + _STOPPING_SECONDS
    while not RunStatus(str(found["status"])).is_terminal and time.monotonic() < until:
        time.sleep(_LOOK_SECONDS)
        found = host.ask("GET", "runs", arguments.id)
    return found


__all__ = ["EXIT_REFUSED", "execute"]
