"""The grammar of `agent-host links` and `agent-host pair`. Imports nothing that takes time."""

from typing import Final

from agent_host.cli.key_parser import AddCommand, Finish
from agent_host.cli.operator_parser import add_amount, add_place

_LINK_EXAMPLES: Final = """\
A person is named by their key, as `links list` and `runs list` show it. Nothing that anybody said
is shown, except by `export`, which is there to hand it out.

examples:
  agent-host links list
  agent-host links show iso_5f2c...
  agent-host links show --channel telegram --account support --native-id 4711
  agent-host links unlink iso_5f2c... iso_09aa...
  agent-host links export iso_5f2c... --output alice.jsonl
  agent-host links forget iso_5f2c...        asks first; --yes does not
"""

_PAIR_EXAMPLES: Final = """\
Somebody whom a locked channel does not know is shown a code. Whoever they tell it to lets them in.

examples:
  agent-host pair list
  agent-host pair approve 7K2M-Q9XD
  agent-host pair deny 7K2M-Q9XD
  agent-host pair list --decided
  agent-host pair revoke par_3b1f...
"""


def add_links(add: AddCommand, finish: Finish) -> None:
    """Add `links` and its actions."""
    links = add(
        "links",
        help="show people and their linked identities; unlink, export, forget",
        description="Show people and their linked identities; unlink, export and forget them.",
        epilog=_LINK_EXAMPLES,
    )
    actions = links.add_subparsers(
        title="actions", metavar="ACTION", dest="action", required=True
    ).add_parser
    listed = actions(
        "list",
        help="show people, by key",
        description="People who were seen in a chat, or are linked, by key.",
    )
    shown = actions(
        "show",
        help="show one person",
        description="Show one person: identities, when they were last seen.",
    )
    shown.add_argument("key_of_person", nargs="?", metavar="KEY", help="the person's key")
    shown.add_argument("--channel", metavar="NAME", help="instead of KEY: where they are known")
    shown.add_argument(
        "--account", metavar="ID", help="with --channel: the bot's account (default)"
    )
    shown.add_argument("--native-id", metavar="ID", help="with --channel: the platform's own id")
    unlinked = actions(
        "unlink",
        help="take an identity out of a person",
        description="Take an identity out of a person. Each keeps what was theirs before.",
    )
    exported = actions(
        "export",
        help="write everything that is kept of a person",
        description="Write everything that is kept of a person, one JSON object in each line.",
    )
    forgotten = actions(
        "forget",
        help="erase everything that is kept of a person",
        description="Erase everything that is kept of a person, and show the receipt.",
    )
    receipts = actions(
        "receipts",
        help="show receipts of erasures",
        description="Receipts of erasures, newest first. They do not say of whom.",
    )
    for action in (unlinked, exported, forgotten):
        action.add_argument("key_of_person", metavar="KEY", help="the person's key")
    unlinked.add_argument("identity", metavar="IDENTITY", help="the identity's own key")
    exported.add_argument("--output", metavar="FILE", help="a new file instead of standard output")
    forgotten.add_argument("--yes", action="store_true", help="do not ask first")
    for action in (listed, receipts):
        add_amount(action)
    for action in (listed, shown, unlinked, exported, forgotten):
        action.add_argument(
            "--tenant", default="default", metavar="ID", help="whose people (default)"
        )
    for action in (listed, shown, unlinked, exported, forgotten, receipts):
        add_place(action)
        finish(action)


def add_pair(add: AddCommand, finish: Finish) -> None:
    """Add `pair` and its actions."""
    pair = add(
        "pair",
        help="let in, or keep out, people who were shown a code",
        description="Let in, or keep out, people whom a locked channel showed a code.",
        epilog=_PAIR_EXAMPLES,
    )
    actions = pair.add_subparsers(
        title="actions", metavar="ACTION", dest="action", required=True
    ).add_parser
    listed = actions(
        "list",
        help="show who waits, or was let in",
        description="Who waits to be let in; with --decided, who was, and who was kept out.",
    )
    listed.add_argument("--decided", action="store_true", help="who was let in or kept out")
    add_amount(listed)
    approved = actions(
        "approve", help="let somebody in", description="Let in whoever was shown this code."
    )
    denied = actions(
        "deny",
        help="keep somebody out",
        description="Keep out whoever was shown this code. They are not told.",
    )
    for action in (approved, denied):
        action.add_argument("code", metavar="CODE", help="as it was shown to them")
    revoked = actions(
        "revoke",
        help="take back what was approved or denied",
        description="Take back what was approved or denied.",
    )
    revoked.add_argument("id", metavar="ID", help="par_..., as `pair list --decided` shows it")
    for action in (listed, approved, denied, revoked):
        add_place(action)
        finish(action)


__all__ = ["add_links", "add_pair"]
