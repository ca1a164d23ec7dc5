"""On which day a key was last used: beside the key file, for `agent-host keys list`.

Nothing depends on it, so that whatever cannot be read or written is let be.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from agent_host.authentication.atomic_file import exclusive, replace_file
from agent_host.codec import VersionedCodec
from agent_host.errors import UnreadableRecordError


@dataclass(frozen=True, slots=True, kw_only=True)
class UseTable:
    """The last day of use in UTC, by the key's id."""

    days: dict[str, date]


USE_TABLE_CODEC = VersionedCodec("api_key_use", 1, UseTable)


class ApiKeyUse:
    """The notes beside one key file. Every call does blocking I/O."""

    def __init__(self, keys_file: Path) -> None:
        self.path = keys_file.with_name(f"{keys_file.stem}.used.json")

    def days(self) -> Mapping[str, date]:
        """What is known; nothing, if there is no file or it makes no sense."""
        try:
            return USE_TABLE_CODEC.decode(self.path.read_bytes()).days
        except (OSError, UnreadableRecordError):
            return {}

    def note(self, ids: Iterable[str], day: date, *, known: frozenset[str]) -> None:
        """These keys were used on that day. Ids that are not `known` any more are forgotten.

        Raises:
            OSError: it cannot be written.
        """
        with exclusive(self.path):
            days = {key_id: then for key_id, then in self.days().items() if key_id in known}
            days |= {key_id: max(day, days.get(key_id, day)) for key_id in ids}
            replace_file(self.path, USE_TABLE_CODEC.encode(UseTable(days=days)) + b"\n")


__all__ = ["USE_TABLE_CODEC", "ApiKeyUse", "UseTable"]
