"""Runs, events and sessions into the wire's JSON and SSE frames. Pure.

Written by hand, field by field: nothing internal (the owner above all) gets out by being added to a
value, and the hot path does no schema work.
"""

import re
from http import HTTPStatus
from typing import Final
from urllib.parse import quote

from agent_host.errors import HostError, InvalidInputError, RunFailedError
from agent_host.types import (
    CommandAnswer,
    HostedResult,
    JournalEntry,
    Page,
    Run,
    RunFailure,
    RunStatus,
    Session,
    SessionHistory,
)
from agent_host.wire.header import RawHeaders
from agent_host.wire.json_text import json_bytes
from agent_host_rest.event import event_fields
from agent_host_rest.file_part import DEFAULT_MEDIA_TYPE
from agent_host_rest.value import (
    Fields,
    failure_fields,
    message_fields,
    question_fields,
    result_fields,
)

OK: Final = int(HTTPStatus.OK)
ACCEPTED: Final = int(HTTPStatus.ACCEPTED)
NO_CONTENT: Final = int(HTTPStatus.NO_CONTENT)
TEMPORARY_REDIRECT: Final = int(HTTPStatus.TEMPORARY_REDIRECT)
UNSUPPORTED_MEDIA_TYPE: Final = int(HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
CLIENT_LEFT: Final = 499
"""Nobody reads it; access logs do. nginx's number for it."""

_MEDIA_TYPE: Final = re.compile(
    r"[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,63}/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,63}"
)
_UNPRINTABLE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f/\\\u2028-\u202e\u2066-\u2069]")
"""Control characters, separators, and what turns the direction of text."""

SETTLED: Final = frozenset(
    {RunStatus.INPUT_REQUIRED, RunStatus.COMPLETED, RunStatus.FAILED, RunStatus.CANCELLED}
)
"""Statuses in which an event stream ends at once, as nothing happens by itself any more."""


def from_result(hosted: HostedResult) -> bytes:
    """The run with its result."""
    return json_bytes({**_run(hosted.run), **result_fields(hosted.result)})


def from_waited(hosted: HostedResult) -> bytes:
    """The answer to somebody who waited for it: completed, cancelled or asking something.

    Raises:
        RunFailedError: the run failed.
    """
    run = hosted.run
    if run.status is RunStatus.FAILED:
        failure = run.failure or RunFailure(code="unknown", message="The run failed.")
        raise RunFailedError(
            failure.message, code=failure.code, run_id=run.id, retryable=failure.retryable
        )
    return from_result(hosted)


def from_accepted(run: Run, *, path_prefix: str) -> bytes:
    """The answer to somebody who does not wait."""
    path = run_path(run.id, path_prefix=path_prefix)
    return json_bytes(
        {
            "token": run.id,
            "status": run.status.value,
            "session_id": run.session_id,
            "created_at": run.created_at,
            "links": {
                "run": path,
                "events": f"{path}/events",
                "cancel": f"{path}/cancel",
                "answer": f"{path}/answer",
            },
        }
    )


def from_page(page: Page[Run]) -> bytes:
    """A page of runs."""
    return json_bytes({"items": [_run(run) for run in page.items], "next_cursor": page.next_cursor})


def from_session(session: Session) -> bytes:
    """A session without its messages."""
    return json_bytes(_session(session))


def from_history(history: SessionHistory) -> bytes:
    """A session with its newest messages."""
    return json_bytes(
        {
            **_session(history.session),
            "messages": [message_fields(message) for message in history.messages],
            "earlier": history.earlier,
        }
    )


def from_command(answer: CommandAnswer) -> bytes:
    """What a command says."""
    messages = [message_fields(message) for message in answer.messages]
    return json_bytes({"messages": messages, "facts": answer.facts})


def from_entry(entry: JournalEntry) -> bytes:
    """One event as JSON."""
    event = entry.event
    return json_bytes(
        {"type": event.type, "sequence": entry.sequence, "at": entry.at, **event_fields(event)}
    )


def to_frame(entry: JournalEntry) -> bytes:
    """One event as SSE (https://html.spec.whatwg.org/multipage/server-sent-events.html)."""
    head = f"id: {entry.sequence}\nevent: {entry.event.type}\ndata: "
    return b"%b%b\n\n" % (head.encode(), from_entry(entry))


def from_error(error: HostError) -> bytes:
    """An error where there is no HTTP status left to say it with: on a WebSocket, or inside an
    event stream that has begun.
    """
    problems = error.problems if isinstance(error, InvalidInputError) else ()
    return json_bytes(
        {
            "type": "error",
            "code": error.code,
            "detail": str(error),
            "retryable": error.retryable,
            "run_id": error.run_id if isinstance(error, RunFailedError) else None,
            "errors": [{"field": field, "message": message} for field, message in problems],
        }
    )


def error_frame(error: HostError) -> bytes:
    """The same as the last event of a stream."""
    return b"event: error\ndata: %b\n\n" % from_error(error)


def run_path(run_id: str, *, path_prefix: str) -> str:
    """Where the run is to be found."""
    return f"{path_prefix}/invocations/{quote(run_id, safe='')}"


def run_headers(run: Run, *, replayed: bool = False) -> RawHeaders:
    """Which run answers, in which session."""
    headers = [(b"x-run-id", run.id.encode())]
    if run.session_id is not None:
        headers.append((b"x-session-id", run.session_id.encode()))
    if replayed:
        headers.append((b"idempotent-replayed", b"true"))
    return headers


def file_headers(*, media_type: str, name: str | None, size_bytes: int) -> RawHeaders:
    """Of a file that a browser may save and must not show: neither its type nor its name is ours.

    RFC 6266 and 8187 for the name; a type that is none, or a wildcard, is sent as plain bytes.
    """
    if not _MEDIA_TYPE.fullmatch(media_type):
        media_type = DEFAULT_MEDIA_TYPE
    disposition = "attachment"
    if name and (name := _UNPRINTABLE.sub("_", name).strip(" .")):
        plain = re.sub(r'[^ -~]|["\\\\%]', "_", name)
        encoded = quote(name.encode(errors="replace"), safe="")
        disposition = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}"
    return [
        (b"content-type", media_type.encode()),
        (b"content-length", b"%d" % size_bytes),
        (b"content-disposition", disposition.encode()),
        (b"x-content-type-options", b"nosniff"),
        (b"content-security-policy", b"default-src 'none'; sandbox"),
        (b"cache-control", b"private, no-store"),
    ]


def _run(run: Run) -> Fields:
    return {
        "id": run.id,
        "status": run.status.value,
        "session_id": run.session_id,
        "background": run.background,
        "created_at": run.created_at,
        "started_at": run.started_at,
        "finished_at": run.finished_at,
        "questions": [question_fields(question) for question in run.questions],
        "failure": None if run.failure is None else failure_fields(run.failure),
        "metadata": run.metadata,
    }


def _session(session: Session) -> Fields:
    return {
        "id": session.id,
        "name": session.name,
        "created_at": session.created_at,
        "last_active_at": session.last_active_at,
        "superseded_by": session.superseded_by,
    }


__all__ = [
    "ACCEPTED",
    "CLIENT_LEFT",
    "NO_CONTENT",
    "OK",
    "SETTLED",
    "TEMPORARY_REDIRECT",
    "UNSUPPORTED_MEDIA_TYPE",
    "error_frame",
    "file_headers",
    "from_accepted",
    "from_command",
    "from_entry",
    "from_error",
    "from_history",
    "from_page",
    "from_result",
    "from_session",
    "from_waited",
    "run_headers",
    "run_path",
    "to_frame",
]
