"""Session records, the owner's names for them, and their history as a stream of messages."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from agent_host.codec import VersionedCodec
from agent_host.host.file.keeper import FileKeeper
from agent_host.host.file.part import change_messages, without_bytes
from agent_host.host.record.plain import plain_fields
from agent_host.protocols.state_store import StateStore
from agent_host.quarantine import decode_text, make_out_entry, read_record
from agent_host.types.identifier import MESSAGE_PREFIX, MessageId, RunId, SessionId
from agent_host.types.message import Message
from agent_host.types.principal import Owner
from agent_host.types.session import Session, SessionHistory, SessionPolicy
from agent_host.types.store import (
    ABSENT,
    Append,
    Delete,
    DeleteStream,
    Key,
    Put,
    Record,
    StreamEntry,
    Write,
)

SESSIONS: Final = "session"
HISTORY: Final = "history"
NAMES: Final = "session_name"
QUESTIONS: Final = "session_question"

SESSION_CODEC = VersionedCodec("session", 1, Session)
MESSAGE_CODEC = VersionedCodec("message", 1, Message)


def session_key(owner: Owner, session_id: SessionId) -> Key:
    """Where a session is; its lease has the same name."""
    return Key(SESSIONS, owner.partition, session_id)


class SessionRecords:
    """Reads and builds session records. They live for the policy's time after the last turn."""

    def __init__(self, store: StateStore, policy: SessionPolicy, files: FileKeeper) -> None:
        self._store = store
        self._files = files
        self._policy = policy

    def put(self, session: Session, *, expect: int) -> Put:
        """The write for this state of the session, which must be at version `expect` now."""
        key = session_key(session.owner, session.id)
        encoded = SESSION_CODEC.encode_own(session, _fields(session))
        return Put(key, encoded, expect, self._policy.time_to_live)

    def put_name(self, session: Session, *, expect: int) -> Put:
        """The write that makes the session's name lead to it."""
        key = Key(NAMES, session.owner.partition, session.name or "")
        return Put(key, session.id.encode(), expect, self._policy.time_to_live)

    def put_question(self, session: Session, run_id: RunId) -> Put:
        """The write that says: this run of the session waits for an answer."""
        key = Key(QUESTIONS, session.owner.partition, session.id)
        return Put(key, run_id.encode(), None, self._policy.time_to_live)

    @staticmethod
    def delete_question(session: Session) -> Delete:
        """The write that says: it does not wait any more."""
        return Delete(Key(QUESTIONS, session.owner.partition, session.id))

    def append(
        self, session: Session, messages: Sequence[Message], *, alongside: Sequence[Write] = ()
    ) -> Append:
        """The write that adds messages to the history. If one of the writes `alongside` opens the
        session, there is none yet, and not having to look for it is cheaper.
        """
        is_new = any(_opens(write, session) for write in alongside)
        return Append(
            Key(HISTORY, session.owner.partition, session.id),
            tuple([_encode(message) for message in messages]),
            0 if is_new else None,
            self._policy.time_to_live,
        )

    def delete(self, session: Session) -> Sequence[Write]:
        """The writes that forget the session, its name and its history."""
        partition = session.owner.partition
        writes: list[Write] = [
            Delete(Key(SESSIONS, partition, session.id)),
            self.delete_question(session),
            DeleteStream(Key(HISTORY, partition, session.id)),
        ]
        if session.name is not None and session.superseded_by is None:
            writes.append(Delete(Key(NAMES, partition, session.name)))
        return writes

    async def get(self, owner: Owner, session_id: str) -> tuple[Session, int] | None:
        """The owner's session and its version."""
        key = Key(SESSIONS, owner.partition, session_id)
        return await read_record(self._store, key, read_session)

    async def waiting_run(self, session: Session) -> RunId | None:
        """The run that waits for an answer, as far as the session knows."""
        key = Key(QUESTIONS, session.owner.partition, session.id)
        return await read_record(self._store, key, lambda record: RunId(decode_text(record)))

    async def find_name(self, owner: Owner, name: str) -> tuple[SessionId, int] | None:
        """What the owner's name leads to, and the name's version."""
        key = Key(NAMES, owner.partition, name)
        return await read_record(self._store, key, _read_name)

    async def history(
        self, session: Session, *, limit: int | None = None, before: int | None = None
    ) -> SessionHistory:
        """The newest messages within the policy (or `limit`), of all or of the first `before`, at a
        cost that does not grow.
        """
        key = Key(HISTORY, session.owner.partition, session.id)
        most = self._policy.history_limit_messages if limit is None else limit
        if before is None:
            found = await self._store.read_last(key, limit=most)
        else:
            start = max(0, before - most)
            found = await self._store.read(key, start=start, limit=before - start)
        kept: list[tuple[int, Message]] = []
        for position, value in enumerate(found.entries, start=found.first):
            at = StreamEntry(key, position, value)
            message = await make_out_entry(self._store, at, read_message)
            if message is not None:
                kept.append((position, message))
        messages = [message for _, message in kept]
        if limit is None:
            messages = trim(messages, self._policy.history_limit_characters)
        # Those that are passed over have places too: who goes on before this reads none twice.
        earlier = found.first
        if len(messages) < len(kept):
            behind = len(kept) - len(messages)
            earlier = kept[behind][0] if messages else found.first + len(found.entries)
        restored = await self._files.restore_messages(session.owner, tuple(messages))
        return SessionHistory(session=session, messages=restored, earlier=earlier)


def trim(messages: list[Message], limit_characters: int) -> list[Message]:
    """The newest messages whose text fits, beginning with a user's, so that no tool result stands
    without its call and no answer without its question.
    """
    kept = len(messages)
    characters = 0
    for position in range(len(messages) - 1, -1, -1):
        characters += len(messages[position].text)
        if characters > limit_characters:
            break
        if messages[position].role == "user":
            kept = position
    return messages[kept:]


def _fields(session: Session) -> dict[str, object]:
    owner = session.owner
    return {
        "id": session.id,
        "owner": {"tenant": owner.tenant, "isolation_key": owner.isolation_key},
        "created_at": session.created_at,
        "last_active_at": session.last_active_at,
        "name": session.name,
        "superseded_by": session.superseded_by,
    }


def _encode(message: Message) -> bytes:
    fields = plain_fields(message)
    if fields is None:
        return MESSAGE_CODEC.encode(change_messages((message,), without_bytes)[0])
    return MESSAGE_CODEC.encode_own(message, fields)


def _opens(write: Write, session: Session) -> bool:
    key = write[0]
    return (
        type(write) is Put
        and write.expect == ABSENT
        and (key.collection, key.id) == (SESSIONS, session.id)
    )


def read_session(record: Record) -> tuple[Session, int]:
    """The session of a record, and its version.

    Raises:
        UnreadableRecordError: the record is damaged or of another version.
    """
    return SESSION_CODEC.decode(record.value), record.version


def read_message(stored: StreamEntry) -> Message:
    """The message of a history's entry.

    Raises:
        UnreadableRecordError: the entry is damaged or of another version.
    """
    message = MESSAGE_CODEC.decode(stored.value)
    if message.id is not None:
        return message
    return replace(message, id=MessageId(f"{MESSAGE_PREFIX}{stored.position}"))


def _read_name(record: Record) -> tuple[SessionId, int]:
    return SessionId(decode_text(record)), record.version


__all__ = [
    "HISTORY",
    "NAMES",
    "QUESTIONS",
    "SESSIONS",
    "SessionRecords",
    "read_message",
    "read_session",
    "session_key",
    "trim",
]
