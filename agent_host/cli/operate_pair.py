"""`agent-host pair`: lets in, or keeps out, people who were shown a code."""

import argparse
import json
import sys
from typing import Final

from agent_host.cli.operate_run import EXIT_REFUSED
from agent_host.cli.operator_client import OperatorRefusedError
from agent_host.cli.operator_place import find_host
from agent_host.cli.operator_text import gather, show_list, show_one
from agent_host.types.json import JsonObject

_WAITING_COLUMNS: Final = ("id", "channel", "account", "native_id", "requested_at", "expires_at")
_DECIDED_COLUMNS: Final = ("id", "channel", "account", "native_id", "verdict", "decided_at")


def execute(arguments: argparse.Namespace) -> int:
    """Do what `action` says. 1 if the code or the id leads nowhere, or pairing is not set up.

    Raises:
        ConfigurationError: there is no way to the host; the text says what to do.
    """
    try:
        if arguments.action == "list":
            _list(arguments)
        elif arguments.action == "revoke":
            find_host(arguments).ask("DELETE", "pairings", arguments.id)
            done = {"id": arguments.id, "revoked": True}
            print(json.dumps(done) if arguments.json else f"Revoked {arguments.id}.")
        else:
            host = find_host(arguments)
            found = host.ask("POST", "pairings", arguments.code, arguments.action)
            show_one(found, as_json=arguments.json)
    except OperatorRefusedError as error:
        print(f"agent-host: {error}", file=sys.stderr)
        return EXIT_REFUSED
    return 0


def _list(arguments: argparse.Namespace) -> None:
    host = find_host(arguments)
    steps = ("pairings", "decided") if arguments.decided else ("pairings",)

    def get_page(cursor: str | None, limit: int) -> JsonObject:
        return host.ask("GET", *steps, parameters={"cursor": cursor, "limit": limit})

    limit = None if arguments.all else arguments.limit
    found, more = gather(get_page, "pairings", limit=limit)
    columns = _DECIDED_COLUMNS if arguments.decided else _WAITING_COLUMNS
    show_list(found, columns, as_json=arguments.json, more=more)


__all__ = ["execute"]
