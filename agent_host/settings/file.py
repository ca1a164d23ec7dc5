"""Where the bytes of files are kept, and how many."""

from pathlib import Path

from pydantic import Field

from agent_host.settings.section import Section
from agent_host.settings.unit import Size


class FileSettings(Section):
    """The bytes of files that messages refer to: a cache, from which the oldest go first."""

    folder: Path | None = Field(
        default=None,
        description=(
            "Where they are kept if the store survives the process; seen from the working "
            "directory, made if need be, for its owner only. Without a value: `files` in the "
            "store's folder, or in `.agent-host` if the store has none. With a store that forgets, "
            "they are kept in memory."
        ),
    )
    limit_bytes: Size = Field(
        default=256 * 1024 * 1024,
        ge=1024 * 1024,
        description="The most that all of them may have; past it the least recently used go.",
    )
    file_limit_bytes: Size = Field(
        default=32 * 1024 * 1024,
        ge=1,
        description="The most that one may have; a larger one is not kept with its message.",
    )


__all__ = ["FileSettings"]
