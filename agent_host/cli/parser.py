"""The grammar of the command line and its help. Imports nothing that takes time."""

import argparse
from collections.abc import Sequence
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from agent_host.cli.doctor_parser import add_doctor
from agent_host.cli.key_parser import AddCommand, add_keys
from agent_host.cli.operator_parser import add_deliveries, add_runs, add_tasks
from agent_host.cli.people_parser import add_links, add_pair
from agent_host.cli.quarantine_parser import add_quarantine
from agent_host.cli.webhook_parser import add_webhooks

DISTRIBUTION: Final = "agent-host-server"

_DESCRIPTION: Final = """\
Host one agent or workflow, from any framework, on every surface people use.

Settings come from flags, then AGENT_HOST_... variables, then one TOML file, then defaults.
"""

_EXAMPLES: Final = """\
examples:
  agent-host run                             an agent that answers from ./docs, on port 8080
  agent-host run app.py:agent --reload       your own, restarted whenever its code changes
  agent-host run shop.bots:support --port 9000 --channel rest
  AGENT_HOST_LOG__FORMAT=json agent-host run app:agent
  agent-host config check --config deploy/agent-host.toml
  agent-host keys create laptop              from then on, callers need a key
  agent-host runs list --status failed       everybody's runs, on the server that runs here
  agent-host doctor                          is it safe, does it work, what should change?
"""

_RUN_EXAMPLES: Final = """\
A target is anything that answers: a function, a generator, an object with a `run`, an agent of a
supported framework, or a factory of one of these. The URL of an A2A agent stands for that agent.

examples:
  agent-host run
  agent-host run app.py:agent --reload
  agent-host run shop.bots:support --host 0.0.0.0      asks for a key: agent-host keys create NAME
  agent-host run a2a+https://agents.example.org        an agent elsewhere, by its card
  agent-host run --config production.toml --log-format json
"""

_CONFIG_EXAMPLES: Final = """\
examples:
  agent-host config check                    is what is set right?
  agent-host config show                     every value in effect, and who set it
  agent-host config template > agent-host.toml
"""


class _Parser(argparse.ArgumentParser):
    """One that keeps the line breaks of its texts and takes no abbreviated options."""

    def __init__(
        self,
        *,
        prog: str,
        description: str,
        epilog: str | None = None,
    ) -> None:
        super().__init__(
            prog=prog,
            description=description,
            epilog=epilog,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )


class _VersionAction(argparse.Action):
    """Looks the version up when it is asked for, as that reads the disk."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> None:
        """Print it and leave."""
        del namespace, values, option_string
        print(f"agent-host {version(DISTRIBUTION)}")
        parser.exit()


def build_parser() -> argparse.ArgumentParser:
    """The whole grammar. A parsed line has `module`, its command's module, and `traceback`."""
    parser = _Parser(prog="agent-host", description=_DESCRIPTION, epilog=_EXAMPLES)
    parser.add_argument("--version", action=_VersionAction, nargs=0, help="show the version")
    parser.set_defaults(module=None, traceback=False)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    _add_run(commands.add_parser)
    _add_channels(commands.add_parser)
    _add_card(commands.add_parser)
    _add_config(commands.add_parser)
    add_doctor(
        commands.add_parser,
        partial(_finish, module="agent_host.cli.doctor"),
        overrides=_add_overrides,
    )
    add_keys(commands.add_parser, partial(_finish, module="agent_host.cli.key"))
    add_runs(commands.add_parser, partial(_finish, module="agent_host.cli.operate_run"))
    add_tasks(commands.add_parser, partial(_finish, module="agent_host.cli.operate_task"))
    add_deliveries(commands.add_parser, partial(_finish, module="agent_host.cli.operate_delivery"))
    add_quarantine(commands.add_parser, partial(_finish, module="agent_host.cli.quarantine"))
    add_links(commands.add_parser, partial(_finish, module="agent_host.cli.operate_link"))
    add_pair(commands.add_parser, partial(_finish, module="agent_host.cli.operate_pair"))
    add_webhooks(commands.add_parser, partial(_finish, module="agent_host.cli.operate_webhook"))
    return parser


def _add_run(add: AddCommand) -> None:
    run = add("run", help="serve a target", description="Serve a target.", epilog=_RUN_EXAMPLES)
    _add_overrides(run)
    run.add_argument("--reload", action="store_true", help="restart when the code changes")
    _finish(run, module="agent_host.cli.run")


def _add_overrides(command: argparse.ArgumentParser) -> None:
    """What the command line sets, over all other sources."""
    command.add_argument(
        "target",
        nargs="?",
        metavar="TARGET",
        help="module:attribute, path.py:attribute or a2a+URL; without it, an agent over ./docs",
    )
    command.add_argument("--host", metavar="ADDRESS", help="address to listen on (127.0.0.1)")
    command.add_argument(
        "--port", metavar="PORT", help="port to listen on (8080); 0 takes a free one"
    )
    command.add_argument(
        "--insecure",
        action="store_true",
        default=None,
        help="listen on a public address although nobody has to prove who they are",
    )
    command.add_argument(
        "--channel",
        action="append",
        default=[],
        dest="channels",
        metavar="NAME",
        help="mount this channel and no other that is not named; may be repeated",
    )
    command.add_argument("--store", metavar="URL", help="where state is kept (disk://.agent-host)")
    command.add_argument(
        "--access-log", action="store_true", default=None, help="log every request in one line"
    )
    command.add_argument(
        "--log-level", metavar="LEVEL", help="debug, info, warning or error (info)"
    )
    command.add_argument("--log-format", metavar="FORMAT", help="human or json (human)")


def _add_channels(add: AddCommand) -> None:
    channels = add(
        "channels",
        help="list the installed channels",
        description="List the installed channels: whether each is mounted, ready, and its routes.",
    )
    _finish(channels, module="agent_host.cli.channel")


def _add_card(add: AddCommand) -> None:
    card = add(
        "card",
        help="print the agent's A2A card and check it",
        description="Print the card that other agents would find, and what it lacks.",
    )
    card.add_argument("target", nargs="?", metavar="TARGET", help="as for run")
    card.add_argument(
        "--channel",
        action="append",
        default=[],
        dest="channels",
        metavar="NAME",
        help="mount this channel and no other that is not named; may be repeated",
    )
    card.add_argument(
        "--verify",
        type=Path,
        metavar="KEYS",
        help="check its signature with the public keys in this file: a PEM, a JWK or a JWK set",
    )
    _finish(card, module="agent_host.cli.card")


def _add_config(add: AddCommand) -> None:
    config = add(
        "config",
        help="check, show or write the configuration",
        description="Check, show or write the configuration.",
        epilog=_CONFIG_EXAMPLES,
    )
    config.add_argument(
        "action",
        choices=("check", "show", "template"),
        help="check what is set; show every value and who set it, secrets hidden; "
        "or print a file with every option and its default",
    )
    _finish(config, module="agent_host.cli.config")


def _finish(command: argparse.ArgumentParser, *, module: str) -> None:
    """What every command takes."""
    command.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help="the TOML file (AGENT_HOST_CONFIG, else ./agent-host.toml)",
    )
    command.add_argument("--traceback", action="store_true", help="show where an error comes from")
    command.set_defaults(module=module)


__all__ = ["DISTRIBUTION", "build_parser"]
