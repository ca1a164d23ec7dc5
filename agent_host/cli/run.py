"""`agent-host run`: serves a target until it is told to stop."""

import argparse
from datetime import timedelta
from pathlib import Path
from typing import Final

from agent_host.asgi.server import ServerOptions
from agent_host.cli.banner import render_banner
from agent_host.cli.log import configure_logging
from agent_host.cli.reload import Reloader, child_command
from agent_host.cli.source import load
from agent_host.cli.watch import FileWatch, find_code
from agent_host.configured_host import create_host
from agent_host.errors import ConfigurationError
from agent_host.settings import Settings
from agent_host.settings.source import DEFAULT_FILE

_UNWINDING: Final = timedelta(seconds=10)
"""What a child is granted to stop its parts, beyond the grace of its requests."""


def execute(arguments: argparse.Namespace) -> int:
    """Serve until SIGINT or SIGTERM; with `--reload`, in a child that follows the code.

    Raises:
        ConfigurationError: something that is set is wrong, or the address cannot be had.
    """
    if arguments.reload:
        return _reload(arguments)
    settings = load(arguments).settings
    configure_logging(level=settings.log.level, format=settings.log.format)
    host = create_host(settings)
    server = settings.server

    def announce(url: str) -> None:
        banner = render_banner(
            url,
            target=host.context.target,
            routes=host.app.routes,
            needs_proof=not host.admits_anyone,
        )
        print(banner, flush=True)

    host.run(
        ServerOptions(
            host=server.host,
            port=server.port,
            grace=server.grace,
            keep_alive=server.keep_alive,
            head_time=server.head_time,
            body_time=server.body_time,
            send_time=server.send_time,
            connection_limit=server.connection_limit,
            header_limit_bytes=server.header_limit_bytes,
            access_log=server.access_log,
        ),
        insecure=server.insecure,
        on_listening=announce,
    )
    return 0


def _reload(arguments: argparse.Namespace) -> int:
    """Whatever is wrong now may be put right while the parent looks on, so nothing here fails."""
    file = arguments.config or Path(DEFAULT_FILE)
    settings = Settings()
    target = arguments.target or settings.target
    try:
        loaded = load(arguments)
    except ConfigurationError:
        pass  # the child is about to say it
    else:
        settings, target, file = loaded.settings, loaded.settings.target, loaded.file or file
    packages = ["agent_host", *(f"agent_host_{name}" for name in settings.channels)]
    watch = FileWatch(folders=find_code(target, packages), files=[file])
    grace = settings.server.grace + _UNWINDING
    return Reloader(child_command(arguments.line), watch, grace=grace).run()


__all__ = ["execute"]
