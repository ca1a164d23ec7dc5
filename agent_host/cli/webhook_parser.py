"""The grammar of `agent-host webhooks`. Imports nothing that takes time."""

from typing import Final

from agent_host.cli.key_parser import AddCommand, Finish
from agent_host.cli.operator_parser import add_amount, add_place

_EXAMPLES: Final = """\
An endpoint is where events about runs are sent: one of the configuration, by its name, or one that
somebody registered, by its id. Nothing that was said in a run is shown.

examples:
  agent-host webhooks list
  agent-host webhooks log ops
  agent-host webhooks log whe_0198f3... --limit 5
  agent-host webhooks test ops
  agent-host webhooks enable ops             after it was gone (410) and is back
"""


def add_webhooks(add: AddCommand, finish: Finish) -> None:
    """Add `webhooks` and its actions."""
    webhooks = add(
        "webhooks",
        help="endpoints of events: list, log, test, enable",
        description="Endpoints that events about runs are sent to.",
        epilog=_EXAMPLES,
    )
    actions = webhooks.add_subparsers(
        title="actions", metavar="ACTION", dest="action", required=True
    ).add_parser
    listed = actions(
        "list", help="show those of the configuration", description="Those of the configuration."
    )
    logged = actions(
        "log",
        help="show what was sent to one",
        description="Attempts to send to an endpoint, those of the newest delivery first.",
    )
    tested = actions(
        "test",
        help="send a test event",
        description="Send a webhook.test event now, once, and show what the receiver answered.",
    )
    enabled = actions(
        "enable",
        help="send to one again that was gone",
        description="Send to an endpoint of the configuration again, which answered 410.",
    )
    for action in (logged, tested, enabled):
        action.add_argument("id", metavar="ENDPOINT", help="its name, or its id, whe_...")
    add_amount(logged)
    for action in (listed, logged, tested, enabled):
        action.add_argument(
            "--channel", default="webhook", metavar="NAME", help="the channel's name (webhook)"
        )
        add_place(action)
        finish(action)


__all__ = ["add_webhooks"]
