"""Every collection that the host writes to, and how what it has of a person is found.

A record kind that is not listed here could not be handed out or erased, so a test reads the code
for collections and fails where one is missing.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from agent_host.host.record import (
    follow_record,
    idempotency_record,
    journal_record,
    live_record,
    partition_record,
    run_index,
    run_record,
)
from agent_host.host.run import checkpoint


class Whose(StrEnum):
    """Where a person's part of a collection is."""

    OWNER = "owner"
    """Records in the owner's partition."""

    RUN_STREAM = "run_stream"
    """In the owner's partition, a stream for each run."""

    SESSION_STREAM = "session_stream"
    """In the owner's partition, a stream for each session."""

    RUN = "run"
    """In one partition for all, a record for each run."""

    SCOPE = "scope"
    """Records in a partition for each scope of the owner's checkpoints."""

    CLAIM = "claim"
    """Where an entry in the owner's partition says."""

    LISTED = "listed"
    """In one partition for all, a record for each in the owner's partition."""

    RUNNER = "runner"
    """With the task runner, which finds and erases tasks itself."""

    PART = "part"
    """Where a `PersonalPart` says."""

    NOBODY = "nobody"
    """Nowhere: nothing in it is about people."""


COLLECTIONS: Final[Mapping[str, Whose]] = MappingProxyType(
    {
        "channel_record": Whose.OWNER,
        checkpoint.COLLECTION: Whose.SCOPE,
        checkpoint.SCOPES: Whose.OWNER,
        "identity": Whose.PART,
        "identity_link": Whose.NOBODY,
        "link_step": Whose.PART,
        "pairing": Whose.PART,
        "pairing_code": Whose.PART,
        "pairing_request": Whose.PART,
        "person": Whose.PART,
        "delivery": Whose.PART,
        "delivery_content": Whose.PART,
        "delivery_due": Whose.PART,
        "delivery_key": Whose.NOBODY,
        "delivery_letter": Whose.PART,
        "delivery_of_endpoint": Whose.PART,
        "delivery_of_run": Whose.PART,
        "delivery_rate": Whose.NOBODY,
        "event_key": Whose.NOBODY,
        follow_record.COLLECTION: Whose.OWNER,
        follow_record.OPEN: Whose.LISTED,
        "erasure": Whose.NOBODY,
        "erasure_pending": Whose.NOBODY,  # says who for as long as it goes on, and no longer
        "history": Whose.SESSION_STREAM,
        idempotency_record.COLLECTION: Whose.CLAIM,
        idempotency_record.INDEX: Whose.OWNER,
        "instance": Whose.NOBODY,
        journal_record.COLLECTION: Whose.RUN_STREAM,
        live_record.COLLECTION: Whose.RUN,
        partition_record.COLLECTION: Whose.OWNER,
        run_record.COLLECTION: Whose.OWNER,
        run_index.COLLECTION: Whose.RUN,
        "run_request": Whose.OWNER,
        "session": Whose.OWNER,
        "session_name": Whose.OWNER,
        "session_question": Whose.OWNER,
        "task_begun": Whose.RUNNER,
        "task_behind": Whose.RUNNER,
        "task_graves": Whose.RUNNER,
        "task_keys": Whose.RUNNER,
        "task_kind_graves": Whose.RUNNER,
        "task_lanes": Whose.RUNNER,
        "task_order": Whose.NOBODY,
        "task_queue": Whose.RUNNER,
        "tasks": Whose.RUNNER,
    }
)

__all__ = ["COLLECTIONS", "Whose"]
