"""The grammar of `agent-host doctor`. Imports nothing that takes time."""

import argparse
from collections.abc import Callable
from typing import Final

from agent_host.cli.key_parser import AddCommand, Finish

_DESCRIPTION: Final = """\
Check configuration, store, port, secrets and the running server; say what to change.

Give it what you give to `run`. It changes nothing, runs none of the target's code, and sends no
content to anybody. Exits 0 when safe, 1 when something is unsafe or broken.
"""

_EXAMPLES: Final = """\
examples:
  agent-host doctor
  agent-host doctor --config production.toml --json
  agent-host doctor app.py:agent --load-target --thorough
"""


def add_doctor(
    add: AddCommand, finish: Finish, *, overrides: Callable[[argparse.ArgumentParser], None]
) -> None:
    """Add the command. `overrides` adds what sets the same as with `run`."""
    doctor = add(
        "doctor",
        help="check whether this host is safe and works",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
    )
    overrides(doctor)
    doctor.add_argument("--json", action="store_true", help="write JSON")
    doctor.add_argument(
        "--offline", action="store_true", help="ask no other machine, such as a token issuer"
    )
    doctor.add_argument(
        "--thorough", action="store_true", help="check every page of the store, however large"
    )
    doctor.add_argument(
        "--load-target", action="store_true", help="import the target, which runs its code"
    )
    finish(doctor)


__all__ = ["add_doctor"]
