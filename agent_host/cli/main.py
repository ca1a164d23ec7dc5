"""Entry point of the `agent-host` command: parses, hands over to one command, says what failed.

A command's module is imported only when it is asked for, so that `--help` waits for nothing.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from importlib import import_module

from agent_host.cli.parser import build_parser
from agent_host.errors import HostError

EXIT_USAGE = 2
EXIT_INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit code.

    0 is success, 2 a wrong setting or a wrong command line, 130 an interruption. What is wrong is
    said in one line; `--traceback` shows where it came from.
    """
    line = list(sys.argv[1:] if arguments is None else arguments)
    parser = build_parser()
    parsed, unknown = parser.parse_known_args(line, argparse.Namespace(line=line))
    if unknown:
        command = " ".join(["agent-host", *line[:1]])
        parser.error(
            f"unrecognized arguments: {' '.join(unknown)} (`{command} --help` shows what there is)"
        )
    if parsed.module is None:
        parser.print_help()
        return 0
    execute: Callable[[argparse.Namespace], int] = import_module(parsed.module).execute
    try:
        return execute(parsed)
    except HostError as error:
        if parsed.traceback:
            raise
        print(f"agent-host: {error}", file=sys.stderr)
        if error.__cause__ is not None:
            print("agent-host: --traceback shows where it comes from", file=sys.stderr)
        return EXIT_USAGE
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED


__all__ = ["EXIT_INTERRUPTED", "EXIT_USAGE", "main"]
