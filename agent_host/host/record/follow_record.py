"""Follows: by owner, run, channel and name; and an index of the open ones, for the next process.

Records of one run stand beside each other, so that they are listed at the cost of what there is.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from agent_host.codec import VersionedCodec
from agent_host.errors import RequestError, TooLargeError, UnreadableRecordError
from agent_host.protocols.state_store import StateStore
from agent_host.types.follow import Follow, FollowStatus
from agent_host.types.identifier import RunId, TaskId
from agent_host.types.principal import Owner
from agent_host.types.run_policy import RunPolicy
from agent_host.types.store import Delete, Key, Put, Record, Write

logger = logging.getLogger(__name__)

COLLECTION: Final = "follow"
OPEN: Final = "follow_open"
WHOLE: Final = "all"
NAME_LIMIT: Final = 256
VALUE_LIMIT_BYTES: Final = 32 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowPlace:
    """Which follow; what tasks and the index carry, and no secret."""

    owner: Owner
    channel: str
    run_id: RunId
    name: str

    @property
    def id(self) -> str:
        """One string for channel, run and name; run ids have no dot, and are of the server's own
        making.
        """
        return f"{self.run_id}.{len(self.channel)}.{self.channel}.{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFollow:
    """`dead_task` is the dead letter, which alone may bring a dead follow back."""

    follow: Follow
    dead_task: TaskId | None = None


class FoundFollow(NamedTuple):
    """A stored follow and its version."""

    stored: StoredFollow
    version: int


CODEC: Final = VersionedCodec("follow", 1, StoredFollow)
PLACE_CODEC: Final = VersionedCodec("follow_place", 1, FollowPlace)


class FollowRecords:
    """Reads and builds the records. What is not open lives as long as a finished run."""

    def __init__(self, store: StateStore, policy: RunPolicy) -> None:
        self._store = store
        self._retention = policy.retention

    async def get(self, place: FollowPlace) -> FoundFollow | None:
        """The follow, if there is one."""
        record = await self._store.get(_key(place))
        return None if record is None else FoundFollow(CODEC.decode(record.value), record.version)

    async def list_of_run(
        self, owner: Owner, run_id: str, *, channel: str | None, limit: int
    ) -> Sequence[Follow]:
        """Those of a run, by channel and name; of one channel or of all."""
        prefix = f"{run_id}." if channel is None else f"{run_id}.{len(channel)}.{channel}."
        found = await self._store.scan(COLLECTION, owner.partition, after=prefix, limit=limit)
        return [
            CODEC.decode(record.value).follow
            for record in found
            if record.key.id.startswith(prefix)
        ]

    def put(self, place: FollowPlace, stored: StoredFollow, *, expect: int) -> list[Write]:
        """The writes for this state of it, which must be at version `expect` now.

        Raises:
            RequestError: the name is none.
            TooLargeError: the value is more than a follow may have.
        """
        if not 0 < len(place.name) <= NAME_LIMIT:
            raise RequestError(f"A follow's name has 1 to {NAME_LIMIT} characters.")
        encoded = CODEC.encode(stored)
        if len(encoded) > VALUE_LIMIT_BYTES:
            raise TooLargeError(f"There is room for {VALUE_LIMIT_BYTES} bytes here.")
        if stored.follow.status is FollowStatus.OPEN:
            return [
                Put(_key(place), encoded, expect),
                Put(_open_key(place), PLACE_CODEC.encode(place)),
            ]
        return [Put(_key(place), encoded, expect, self._retention), Delete(_open_key(place))]

    @staticmethod
    def delete(place: FollowPlace) -> list[Write]:
        """The writes that forget it."""
        return [Delete(_key(place)), Delete(_open_key(place))]

    async def list_open(
        self, *, after: str | None, limit: int
    ) -> tuple[Sequence[FollowPlace], str]:
        """Open follows of everybody; and what to go on behind, empty at the end."""
        found = await self._store.scan(OPEN, WHOLE, after=after, limit=limit)
        places = [place for place in map(_readable, found) if place is not None]
        return places, found[-1].key.id if found else ""


def _key(place: FollowPlace) -> Key:
    return Key(COLLECTION, place.owner.partition, place.id)


def _open_key(place: FollowPlace) -> Key:
    return open_key_of(_key(place))


def open_key_of(follow: Key) -> Key:
    """Where it is listed that the follow is open."""
    return Key(OPEN, WHOLE, f"{follow.id}.{len(follow.partition)}.{follow.partition}")


def _readable(record: Record) -> FollowPlace | None:
    try:
        return PLACE_CODEC.decode(record.value)
    except UnreadableRecordError as error:
        # The others must still be gone on with.
        logger.error("a follow cannot be gone on with: %s", error)  # noqa: TRY400
        return None


__all__ = [
    "COLLECTION",
    "NAME_LIMIT",
    "OPEN",
    "PLACE_CODEC",
    "VALUE_LIMIT_BYTES",
    "FollowPlace",
    "FollowRecords",
    "FoundFollow",
    "StoredFollow",
    "open_key_of",
]
