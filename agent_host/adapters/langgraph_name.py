"""What the records of a thread are called: `c` for a checkpoint, `v` for a channel's value, `w` for
what a task wrote.
"""

from typing import Final

LAST: Final = "\U0010ffff"
"""Behind every id."""


def name_of(kind: str, *parts: str) -> str:
    """Each part but the last with its length: no two names meet, and ids keep their order."""
    *heads, last = parts
    return ".".join([kind, *(f"{len(head)}.{head}" for head in heads), last])


def checkpoint_name(namespace: str, checkpoint_id: str) -> str:
    """The record of a checkpoint; those of a namespace are in the order of their making."""
    return name_of("c", namespace, checkpoint_id)


def value_name(namespace: str, channel: str, version: str) -> str:
    """The record of a channel's value, which the checkpoints share that have this version of it."""
    return name_of("v", namespace, channel, version)


def write_name(namespace: str, checkpoint_id: str, task_id: str, index: int) -> str:
    """The record of what a task wrote behind a checkpoint."""
    return name_of("w", namespace, checkpoint_id, task_id, f"{index:+05d}")


def writes_prefix(namespace: str, checkpoint_id: str) -> str:
    """What the names begin with of all that was written behind a checkpoint."""
    return name_of("w", namespace, checkpoint_id, "")


def task_part(name: str) -> str:
    """Of a write's name what it shares with the others of its task."""
    return name.rpartition(".")[0]


__all__ = [
    "LAST",
    "checkpoint_name",
    "name_of",
    "task_part",
    "value_name",
    "write_name",
    "writes_prefix",
]
