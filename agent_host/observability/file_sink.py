"""Lifecycle events as a file of JSON lines."""

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path

from agent_host.observability.event_json import delivery_to_json, to_json
from agent_host.types.delivery_event import DeliveryLifecycle
from agent_host.types.lifecycle import RunLifecycle


class FileSink:
    """Appends, in a worker thread. The file is opened for each batch, so it may be moved away at
    any time (logrotate); it is for its owner's eyes only.
    """

    name = "file"

    def __init__(self, path: Path | str) -> None:
        self._path = Path(path)

    async def send(self, events: Sequence[RunLifecycle]) -> None:
        """Append them.

        Raises:
            OSError: the file cannot be written to.
        """
        text = "".join(f"{to_json(event)}\n" for event in events)
        await asyncio.to_thread(self._append, text)

    async def send_deliveries(self, events: Sequence[DeliveryLifecycle]) -> None:
        """Append them.

        Raises:
            OSError: the file cannot be written to.
        """
        text = "".join(f"{delivery_to_json(event)}\n" for event in events)
        await asyncio.to_thread(self._append, text)

    def _append(self, text: str) -> None:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
        with os.fdopen(os.open(self._path, flags, 0o600), "w", encoding="utf-8") as file:
            file.write(text)


__all__ = ["FileSink"]
