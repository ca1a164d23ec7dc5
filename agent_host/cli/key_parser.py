"""The grammar of `agent-host keys`. Imports nothing that takes time."""

import argparse
from collections.abc import Callable
from typing import Final, TypeAlias

AddCommand: TypeAlias = Callable[..., argparse.ArgumentParser]
Finish: TypeAlias = Callable[[argparse.ArgumentParser], None]

_EXAMPLES: Final = """\
A host takes keys as soon as the file is there when it starts; keys made or revoked later count
within two seconds, on open streams too.

examples:
  agent-host keys create laptop
  agent-host keys create ci --expires 90d --subject build
  agent-host keys create ops --scope admin
  agent-host keys list
  agent-host keys revoke laptop
"""


def add_keys(add: AddCommand, finish: Finish) -> None:
    """Add the command and its actions."""
    keys = add(
        "keys",
        help="create, list and revoke API keys",
        description="Create, list and revoke API keys.",
        epilog=_EXAMPLES,
    )
    actions = keys.add_subparsers(
        title="actions", metavar="ACTION", dest="action", required=True
    ).add_parser
    create = actions(
        "create",
        help="make a key and show it, this once",
        description="Make a key and show it: this once, as only a hash of it is kept.",
    )
    create.add_argument("name", metavar="NAME", help="what to call it in lists; it says who has it")
    create.add_argument(
        "--scope",
        action="append",
        dest="scopes",
        metavar="SCOPE",
        help="call (without any other), admin, or one of your own; may be repeated",
    )
    create.add_argument("--expires", metavar="DURATION", help="such as 90d; without it, never")
    create.add_argument(
        "--subject",
        metavar="ID",
        help="whose it is: keys of one subject share sessions and runs (the key's own)",
    )
    create.add_argument(
        "--tenant", default="default", metavar="ID", help="the subject's tenant (default)"
    )
    shown = actions(
        "list", help="show all keys", description="Show all keys, without what is secret of them."
    )
    revoke = actions(
        "revoke",
        help="take a key back, and end its open streams",
        description="Take a key back, and end its open streams.",
    )
    revoke.add_argument("key", metavar="KEY", help="its id or name")
    for action in (create, shown, revoke):
        action.add_argument("--file", metavar="FILE", help="the key file (access.keys_file)")
        action.add_argument("--store", metavar="URL", help="the store of the host (store)")
        action.add_argument("--json", action="store_true", help="write JSON")
        finish(action)


__all__ = ["AddCommand", "Finish", "add_keys"]
