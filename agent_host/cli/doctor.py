"""`agent-host doctor`: prints what the checks find, and exits 0 if nothing of it is a problem."""

import argparse
import json
import os
from collections import Counter
from collections.abc import Sequence
from typing import Final

from agent_host.cli.source import load
from agent_host.doctor.examination import Entry, examine, is_safe
from agent_host.doctor.finding import Status
from agent_host.doctor.situation import Situation, Wishes, survey
from agent_host.system import SystemClock

EXIT_UNSAFE: Final = 1


def execute(arguments: argparse.Namespace) -> int:
    """Examine and print. Settings that are wrong are a finding like others."""

    def look() -> Situation:
        return survey(
            load(arguments),
            environ=os.environ,
            clock=SystemClock(),
            wishes=Wishes(
                offline=arguments.offline,
                thorough=arguments.thorough,
                load_target=arguments.load_target,
            ),
        )

    entries: list[Entry] = []
    for entry in examine(look):
        entries.append(entry)
        if not arguments.json:
            print(_line(entry), flush=True)
    print(_as_json(entries) if arguments.json else _summary(entries))
    return 0 if is_safe(entries) else EXIT_UNSAFE


def _line(entry: Entry) -> str:
    words = " ".join(str(entry.finding).split())
    text = "".join(letter if letter.isprintable() else "?" for letter in words)
    return f"{entry.finding.status.value:<8} {entry.check:<14} {text}"


def _summary(entries: Sequence[Entry]) -> str:
    counts = Counter(entry.finding.status for entry in entries)
    verdict = "Safe" if is_safe(entries) else "Not safe, or broken"
    return f"{verdict}: {', '.join(f'{counts[status]} {status.value}' for status in Status)}."


def _as_json(entries: Sequence[Entry]) -> str:
    findings = [
        {
            "check": entry.check,
            "status": entry.finding.status.value,
            "found": entry.finding.found,
            "change": entry.finding.change or None,
        }
        for entry in entries
    ]
    return json.dumps({"safe": is_safe(entries), "findings": findings}, indent=2)


__all__ = ["EXIT_UNSAFE", "execute"]
