"""Serves one application of `benchmarks.application`: Hypercorn, one worker, uvloop, one core.

`MODULE.NAME` is one of another module beside it.

Both sides are served by the project's own `run_server`, on Hypercorn's protocol classes, so that
what is compared is the application and not the way its server was tuned.

Run as `python -m benchmarks.serve NAME [FILE]`. It prints its port as a line and serves until its
standard input is closed, so that it never outlives the benchmark.
"""

import os
import signal
import sys
import threading
from datetime import timedelta
from importlib import import_module

from agent_host.asgi.server import ServerOptions, run_server
from benchmarks import core


def main() -> None:
    """Serve until standard input ends."""
    core.pin(core.SERVER_CORE)
    module, _, name = sys.argv[1].rpartition(".")
    factory = getattr(import_module(f"benchmarks.{module or 'application'}"), name)
    app = factory(*sys.argv[2:])
    threading.Thread(target=_stop_with_parent, daemon=True).start()
    run_server(app, ServerOptions(port=0, grace=timedelta(seconds=1)), on_listening=_tell)


def _stop_with_parent() -> None:
    sys.stdin.read()
    os.kill(os.getpid(), signal.SIGTERM)


def _tell(url: str) -> None:
    print(url.rpartition(":")[2], flush=True)


if __name__ == "__main__":
    main()
