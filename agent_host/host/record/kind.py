"""Every collection of records that the host keeps, and how each is read: for tools over all."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from agent_host.host.record import (
    channel_record,
    idempotency_record,
    live_record,
    request_record,
    run_index,
    run_record,
    session_record,
)
from agent_host.quarantine import decode_text
from agent_host.types.store import Record

HOST_RECORDS: Final[Mapping[str, Callable[[Record], object]]] = MappingProxyType(
    {
        channel_record.COLLECTION: channel_record.read_channel_record,
        idempotency_record.COLLECTION: idempotency_record.read_idempotency,
        live_record.COLLECTION: live_record.read_live_run,
        request_record.COLLECTION: request_record.read_request,
        run_index.COLLECTION: run_index.read_owner,
        run_record.COLLECTION: run_record.read_run,
        session_record.SESSIONS: session_record.read_session,
        session_record.NAMES: decode_text,
        session_record.QUESTIONS: decode_text,
    }
)
"""Each function raises `UnreadableRecordError` for what this release cannot make sense of."""

__all__ = ["HOST_RECORDS"]
