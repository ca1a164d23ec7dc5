"""The grammar of `agent-host quarantine`. Imports nothing that takes time."""

from typing import Final

from agent_host.cli.key_parser import AddCommand, Finish

_EXAMPLES: Final = """\
A record, or an entry of a journal or a history, that is damaged or was written by a newer release
is set aside by the host that meets it: it reads as missing, and nothing of it is lost. The host
must be stopped for these commands.

examples:
  agent-host quarantine list
  agent-host quarantine show 3 > record.json
  agent-host quarantine restore --all        with a release that can read them
  agent-host quarantine purge --all --older-than 90d
"""


def add_quarantine(add: AddCommand, finish: Finish) -> None:
    """Add the command and its actions."""
    quarantine = add(
        "quarantine",
        help="list, show, restore and purge what could not be read",
        description="List, show, restore and purge what could not be made sense of.",
        epilog=_EXAMPLES,
    )
    actions = quarantine.add_subparsers(
        title="actions", metavar="ACTION", dest="action", required=True
    ).add_parser
    listed = actions("list", help="show what was set aside", description="The first first.")
    shown = actions(
        "show", help="write the bytes of one", description="Write the bytes of one as they are."
    )
    restored = actions(
        "restore",
        help="put back what this release can read",
        description="Put back what this release can read. A run that was going on is then "
        "recovered as after a crash, and a task is attempted again.",
    )
    purged = actions("purge", help="delete for good", description="Delete for good.")
    shown.add_argument("number", type=int, metavar="NUMBER", help="as the list has it")
    for action in (restored, purged):
        which = action.add_mutually_exclusive_group(required=True)
        which.add_argument(
            "number", nargs="?", type=int, metavar="NUMBER", help="as the list has it"
        )
        which.add_argument("--all", action="store_true", help="all that there are")
    purged.add_argument(
        "--older-than", metavar="DURATION", help="with --all: set aside that long ago, such as 90d"
    )
    for action in (listed, restored, purged):
        action.add_argument("--json", action="store_true", help="write JSON")
    for action in (listed, shown, restored, purged):
        action.add_argument("--store", metavar="URL", help="the store of the host (store)")
        finish(action)


__all__ = ["add_quarantine"]
