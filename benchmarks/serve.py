"""Serves one application of `benchmarks.application` on one core, with one worker.

Run as `python -m benchmarks.serve SERVER NAME [FILE]`. SERVER is `ours`, the project's own
`run_server`; or `stock`, Hypercorn as its command line runs it: the asyncio worker. It prints its
port as a line and serves until its standard input is closed, so that it never outlives the
benchmark. A NAME with a dot is one of another module beside `application`.
"""

import asyncio
import os
import signal
import socket
import sys
import threading
from datetime import timedelta
from importlib import import_module

from hypercorn.asyncio import serve  # pyright: ignore[reportUnknownVariableType]
from hypercorn.config import Config

from agent_host.asgi.server import ServerOptions, run_server
from benchmarks import core
from benchmarks.application import App

_BACKLOG = 512


def main() -> None:
    """Serve until standard input ends."""
    core.pin(core.SERVER_CORE)
    server, name, *arguments = sys.argv[1:]
    module, _, name = name.rpartition(".")
    app = getattr(import_module(f"benchmarks.{module or 'application'}"), name)(*arguments)
    threading.Thread(target=_stop_with_parent, daemon=True).start()
    {"ours": _serve_ours, "stock": _serve_stock}[server](app)


def _serve_ours(app: App) -> None:
    options = ServerOptions(port=0, grace=timedelta(seconds=1))
    run_server(app, options, on_listening=lambda url: _tell(url.rpartition(":")[2]))


def _serve_stock(app: App) -> None:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(_BACKLOG)
    config = Config()
    config.bind = [f"fd://{listener.fileno()}"]
    config.errorlog = None
    _tell(listener.getsockname()[1])
    asyncio.run(serve(app, config))  # type: ignore[arg-type]  # its types know no Starlette


def _stop_with_parent() -> None:
    sys.stdin.read()
    os.kill(os.getpid(), signal.SIGTERM)


def _tell(port: object) -> None:
    print(port, flush=True)


if __name__ == "__main__":
    main()
