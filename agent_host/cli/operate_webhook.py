"""`agent-host webhooks`: lists endpoints of events, shows their log, tries and enables them."""

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, cast

from agent_host.cli.operate_run import EXIT_REFUSED
from agent_host.cli.operator_client import OperatorRefusedError
from agent_host.cli.operator_place import find_host
from agent_host.cli.operator_text import gather, show_list, show_one
from agent_host.types.json import JsonObject

_COLUMNS: Final = ("id", "events", "disabled_at", "disabled_reason", "url")
_ATTEMPT_COLUMNS: Final = (
    "id",
    "event",
    "status",
    "number",
    "begun_at",
    "error",
    "next_attempt_at",
)


def execute(arguments: argparse.Namespace) -> int:
    """Do what `action` says. 1 if there is no such endpoint, or it cannot be sent to.

    Raises:
        ConfigurationError: there is no way to the host; the text says what to do.
    """
    actions = {"list": _list, "log": _log, "test": _test, "enable": _enable}
    try:
        actions[arguments.action](arguments)
    except OperatorRefusedError as error:
        print(f"agent-host: {error}", file=sys.stderr)
        return EXIT_REFUSED
    return 0


def _list(arguments: argparse.Namespace) -> None:
    found = _ask(arguments, "GET")
    endpoints = cast("list[JsonObject]", found["endpoints"])
    if not arguments.json:
        endpoints = [{**one, "events": _joined(one["events"])} for one in endpoints]
    show_list(endpoints, _COLUMNS, as_json=arguments.json, more=False)


def _log(arguments: argparse.Namespace) -> None:
    def get_page(after: str | None, limit: int) -> JsonObject:
        wanted = {"after": after, "limit": limit}
        return _ask(arguments, "GET", arguments.id, "deliveries", parameters=wanted)

    limit = None if arguments.all else arguments.limit
    found, more = gather(get_page, "deliveries", limit=limit)
    shown = found if arguments.json else list(_attempts(found))
    show_list(shown, _ATTEMPT_COLUMNS, as_json=arguments.json, more=more)


def _test(arguments: argparse.Namespace) -> None:
    found = _ask(arguments, "POST", arguments.id, "test")
    said = f"The receiver answered {found['status']}."
    print(json.dumps(found) if arguments.json else said)


def _enable(arguments: argparse.Namespace) -> None:
    found = _ask(arguments, "POST", arguments.id, "enable")
    if not arguments.json:
        found = {**found, "events": _joined(found["events"])}
    show_one(found, as_json=arguments.json)


def _ask(
    arguments: argparse.Namespace,
    method: str,
    *steps: str,
    parameters: Mapping[str, object] | None = None,
) -> JsonObject:
    place = ("channels", arguments.channel, "endpoints")
    return find_host(arguments).ask(method, *place, *steps, parameters=parameters)


def _attempts(deliveries: Sequence[JsonObject]) -> Iterator[JsonObject]:
    """A row for each attempt, the last first; one for a delivery without any."""
    for delivery in deliveries:
        attempts = cast("list[JsonObject]", delivery["attempts"])
        for attempt in reversed(attempts or [{}]):
            yield {**delivery, **attempt}


def _joined(events: object) -> str:
    return " ".join(cast("list[str]", events))


__all__ = ["execute"]
