"""The grammar of `agent-host runs`, `tasks` and `deliveries`. Imports nothing that takes time."""

import argparse
from typing import Final

from agent_host.cli.key_parser import AddCommand, Finish

STATUSES: Final = ("queued", "running", "input_required", "completed", "failed", "cancelled")

_RUN_EXAMPLES: Final = """\
Where the state is in a folder, whoever owns the folder operates the host that serves from it.
Otherwise name the host, and give it a key with the scope admin.

examples:
  agent-host runs list
  agent-host runs list --status failed --all --json
  agent-host runs show run_0198f3...
  agent-host runs cancel run_0198f3...
  AGENT_HOST_ADMIN_KEY=ah_... agent-host runs list --url https://agent.example.com
"""

_TASK_EXAMPLES: Final = """\
A dead letter is a task that was given up. It is kept until it is replayed or purged.

examples:
  agent-host tasks                           how many wait, are attempted, are dead
  agent-host tasks dead --kind delivery
  agent-host tasks replay tsk_0198f3...
  agent-host tasks replay --all --kind delivery
  agent-host tasks purge --all --older-than 7d
"""

DELIVERY_STATUSES: Final = (
    "scheduled",
    "attempting",
    "accepted",
    "unknown",
    "failed",
    "dead",
    "cancelled",
)
LETTER_STATUSES: Final = ("dead", "unknown")

_DELIVERY_EXAMPLES: Final = """\
A delivery is a message on its way to one destination. A dead one was given up; an unknown one was
sent and no answer came. Both are kept, with what they carry, until they are replayed or purged. A
replay keeps the delivery's id: whoever honours it sees one message.

examples:
  agent-host deliveries list
  agent-host deliveries list --status dead --json
  agent-host deliveries list --run run_0198f3...
  agent-host deliveries show dlv_0198f3...
  agent-host deliveries replay dlv_0198f3...
  agent-host deliveries replay --all --channel telegram
  agent-host deliveries purge --all --status dead
"""


def add_runs(add: AddCommand, finish: Finish) -> None:
    """Add `runs` and its actions."""
    runs = add(
        "runs",
        help="list, show and cancel everybody's runs",
        description="List, show and cancel everybody's runs. What was said in them is not shown.",
        epilog=_RUN_EXAMPLES,
    )
    actions = runs.add_subparsers(
        title="actions", metavar="ACTION", dest="action", required=True
    ).add_parser
    listed = actions("list", help="show runs, newest first", description="Runs, newest first.")
    listed.add_argument("--status", choices=STATUSES, metavar="STATUS", help=", ".join(STATUSES))
    add_amount(listed)
    shown = actions("show", help="show one run", description="Show one run.")
    cancelled = actions(
        "cancel",
        help="ask a run to stop",
        description="Ask a run to stop, make it after run.cancel_grace, and show how it ended.",
    )
    for action in (shown, cancelled):
        action.add_argument("id", metavar="ID", help="the run's id, run_...")
    for action in (listed, shown, cancelled):
        add_place(action)
        finish(action)


def add_tasks(add: AddCommand, finish: Finish) -> None:
    """Add `tasks` and its actions."""
    tasks = add(
        "tasks",
        help="count tasks; list, replay and purge dead letters",
        description="Count durable tasks; list, show, replay, purge and cancel them.",
        epilog=_TASK_EXAMPLES,
    )
    add_place(tasks)
    finish(tasks)
    actions = tasks.add_subparsers(title="actions", metavar="ACTION", dest="action").add_parser
    dead = actions("dead", help="show dead letters", description="Dead letters, the first first.")
    add_amount(dead)
    shown = actions("show", help="show one task", description="Show one task, dead or not.")
    replayed = actions(
        "replay",
        help="schedule dead letters again",
        description="Schedule dead letters again, with their whole budget of attempts.",
    )
    purged = actions("purge", help="forget dead letters", description="Forget dead letters.")
    cancelled = actions(
        "cancel",
        help="stop a task from being attempted",
        description="Stop a task from being attempted again.",
    )
    for action in (shown, cancelled):
        action.add_argument("id", metavar="ID", help="the task's id, tsk_...")
    for action in (replayed, purged):
        which = action.add_mutually_exclusive_group(required=True)
        which.add_argument("id", nargs="?", metavar="ID", help="the task's id, tsk_...")
        which.add_argument("--all", action="store_true", help="all that there are now")
    purged.add_argument(
        "--older-than", metavar="DURATION", help="with --all: given up that long ago, such as 7d"
    )
    for action in (dead, replayed, purged):
        action.add_argument("--kind", metavar="KIND", help="only those of this kind")
    for action in (dead, shown, replayed, purged, cancelled):
        add_place(action)
        finish(action)


def add_deliveries(add: AddCommand, finish: Finish) -> None:
    """Add `deliveries` and its actions."""
    deliveries = add(
        "deliveries",
        help="list, show, replay and purge deliveries",
        description="List, show, replay, purge and cancel deliveries. None of what they carry.",
        epilog=_DELIVERY_EXAMPLES,
    )
    actions = deliveries.add_subparsers(
        title="actions", metavar="ACTION", dest="action", required=True
    ).add_parser
    listed = actions(
        "list",
        help="show deliveries, newest first",
        description="Newest first; with --run, oldest first.",
    )
    listed.add_argument(
        "--status",
        choices=DELIVERY_STATUSES,
        metavar="STATUS",
        help=", ".join(DELIVERY_STATUSES),
    )
    listed.add_argument("--run", metavar="ID", help="only what this run led to")
    add_amount(listed)
    shown = actions("show", help="show one with its attempts", description="Show one delivery.")
    replayed = actions(
        "replay",
        help="send again what is dead or unknown",
        description="Send again what is dead or unknown, under its own id.",
    )
    purged = actions(
        "purge", help="forget what is dead or unknown", description="Forget it, content and all."
    )
    cancelled = actions(
        "cancel",
        help="stop one that was never attempted",
        description="Stop a delivery that was never attempted.",
    )
    for action in (shown, cancelled):
        action.add_argument("id", metavar="ID", help="the delivery's id, dlv_...")
    for action in (replayed, purged):
        which = action.add_mutually_exclusive_group(required=True)
        which.add_argument("id", nargs="?", metavar="ID", help="the delivery's id, dlv_...")
        which.add_argument("--all", action="store_true", help="all that there are now")
        action.add_argument(
            "--status",
            choices=LETTER_STATUSES,
            metavar="STATUS",
            help="with --all: only dead, or only unknown",
        )
        action.add_argument("--channel", metavar="NAME", help="with --all: only by this channel")
    for action in (listed, shown, replayed, purged, cancelled):
        add_place(action)
        finish(action)


def add_amount(action: argparse.ArgumentParser) -> None:
    """How much of a list is shown."""
    amount = action.add_mutually_exclusive_group()
    amount.add_argument(
        "--limit", type=_count, default=50, metavar="COUNT", help="at most so many (50)"
    )
    amount.add_argument("--all", action="store_true", help="every one, however many there are")


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number


def add_place(action: argparse.ArgumentParser) -> None:
    """Which host it is about, and how to show what it says."""
    action.add_argument("--json", action="store_true", help="write JSON")
    action.add_argument("--store", metavar="URL", help="the store of the host (store)")
    action.add_argument("--url", metavar="URL", help="where the host is, if not on its own folder")
    action.add_argument(
        "--key",
        metavar="KEY",
        help="with --url: a key with the scope admin; better in AGENT_HOST_ADMIN_KEY, as others "
        "on this machine can read command lines",
    )


__all__ = [
    "DELIVERY_STATUSES",
    "LETTER_STATUSES",
    "STATUSES",
    "add_amount",
    "add_deliveries",
    "add_place",
    "add_runs",
    "add_tasks",
]
