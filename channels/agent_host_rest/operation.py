"""The table of operations: what the OpenAPI document and the docs page are made from."""

from dataclasses import dataclass
from typing import Final

from agent_host_rest.wish import AGENTCORE_SESSION_HEADER

JSON: Final = "application/json"
EVENTS: Final = "text/event-stream"
MULTIPART: Final = "multipart/form-data"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A good answer: names of schemas by media type, and headers by name.

    `run_at` points to a run's id in the JSON, from where other operations go on.
    """

    status: int
    text: str
    content: tuple[tuple[str, str], ...] = ()
    headers: tuple[str, ...] = ()
    run_at: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation. `curl` is the rest of a command line, `{base}` standing for the server.

    `problems` are the error statuses besides those that any operation may answer.
    """

    id: str
    method: str
    path: str
    tag: str
    summary: str
    curl: str
    replies: tuple[Reply, ...]
    text: str = ""
    parameters: tuple[str, ...] = ()
    body: tuple[tuple[str, str], ...] = ()
    problems: tuple[int, ...] = ()
    public: bool = False


_RUN_HEADERS: Final = ("X-Run-Id", "X-Session-Id")
_REPLAYABLE: Final = (*_RUN_HEADERS, "Idempotent-Replayed")
_EVENTS_TEXT: Final = (
    "The run's events, each with its sequence number as `id`. Comments are heartbeats. The stream "
    "ends behind the run's last event, or when the run asks something."
)

OPERATIONS: Final = (
    Operation(
        id="invoke",
        method="post",
        path="/invocations",
        tag="Invocations",
        summary="Run a turn",
        text=(
            "Waits for the answer, streams it (`stream: true`, or `Accept: text/event-stream`), or "
            "leaves it to be fetched (`background: true`, or `Prefer: respond-async`). A run that "
            "fails while you wait is an error; one that was cancelled, or that asks something, is "
            "not: look at `status`. Send files inside the input, or as multipart beside `request`."
        ),
        curl=(
            "{base}/invocations -H 'content-type: application/json' "
            """-d '{{"input": "Hello!", "session_id": "first"}}'"""
        ),
        parameters=("Idempotency-Key", "Prefer", AGENTCORE_SESSION_HEADER),
        body=((JSON, "Invocation"), (MULTIPART, "Upload")),
        replies=(
            Reply(
                status=200,
                text="The run with its result, or its events.",
                content=((JSON, "Run"), (EVENTS, "EventStream")),
                headers=(*_REPLAYABLE, "Location"),
                run_at="/id",
            ),
            Reply(
                status=202,
                text="The run goes on in the background.",
                content=((JSON, "AcceptedRun"),),
                headers=(*_REPLAYABLE, "Location", "Preference-Applied"),
                run_at="/token",
            ),
        ),
        problems=(404, 408, 409, 413, 415, 422, 502, 504),
    ),
    Operation(
        id="list_runs",
        method="get",
        path="/invocations",
        tag="Invocations",
        summary="List your runs, newest first",
        curl="'{base}/invocations?limit=10'",
        parameters=("cursor", "limit"),
        replies=(Reply(status=200, text="A page of runs.", content=((JSON, "RunPage"),)),),
        problems=(422,),
    ),
    Operation(
        id="get_run",
        method="get",
        path="/invocations/{run_id}",
        tag="Invocations",
        summary="Fetch a run",
        text="Answers at once, whatever the run's status. Failed runs are answered like others.",
        curl="{base}/invocations/RUN_ID",
        parameters=("run_id",),
        replies=(
            Reply(
                status=200,
                text="The run as it stands.",
                content=((JSON, "Run"),),
                headers=_RUN_HEADERS,
            ),
        ),
        problems=(404,),
    ),
    Operation(
        id="follow_run",
        method="get",
        path="/invocations/{run_id}/events",
        tag="Invocations",
        summary="Follow a run",
        text="Replays what happened after the given event, then follows what happens.",
        curl="-N {base}/invocations/RUN_ID/events -H 'last-event-id: 3'",
        parameters=("run_id", "after", "Last-Event-ID"),
        replies=(
            Reply(
                status=200,
                text=_EVENTS_TEXT,
                content=((EVENTS, "EventStream"),),
                headers=(*_RUN_HEADERS, "Location"),
            ),
            Reply(status=204, text="There is nothing after that event, and nothing will come."),
        ),
        problems=(404, 422),
    ),
    Operation(
        id="cancel_run",
        method="post",
        path="/invocations/{run_id}/cancel",
        tag="Invocations",
        summary="Cancel a run",
        curl="-X POST {base}/invocations/RUN_ID/cancel",
        parameters=("run_id",),
        replies=(
            Reply(
                status=200,
                text="The run has stopped.",
                content=((JSON, "Run"),),
                headers=_RUN_HEADERS,
            ),
            Reply(
                status=202,
                text="The run was asked to stop and will.",
                content=((JSON, "Run"),),
                headers=_RUN_HEADERS,
            ),
        ),
        problems=(404, 409),
    ),
    Operation(
        id="answer_run",
        method="post",
        path="/invocations/{run_id}/answer",
        tag="Invocations",
        summary="Answer what a run asks",
        text="Then waits, streams or leaves the run to itself, as `POST /invocations` does.",
        curl=(
            "{base}/invocations/RUN_ID/answer -H 'content-type: application/json' "
            """-d '{{"answer": true}}'"""
        ),
        parameters=("run_id", "after", "Last-Event-ID", "Prefer"),
        body=((JSON, "RunAnswer"),),
        replies=(
            Reply(
                status=200,
                text="The run with its result, or its events.",
                content=((JSON, "Run"), (EVENTS, "EventStream")),
                headers=(*_RUN_HEADERS, "Location"),
            ),
            Reply(
                status=202,
                text="The answer is taken and the run goes on.",
                content=((JSON, "AcceptedRun"),),
                headers=(*_RUN_HEADERS, "Location", "Preference-Applied"),
            ),
        ),
        problems=(404, 408, 409, 413, 415, 422, 502, 504),
    ),
    Operation(
        id="get_session",
        method="get",
        path="/sessions/{session_id}",
        tag="Sessions",
        summary="Read a session",
        curl="'{base}/sessions/first?limit=20'",
        parameters=("session_id", "messages_limit"),
        replies=(
            Reply(status=200, text="The session's newest messages.", content=((JSON, "Session"),)),
        ),
        problems=(404, 422),
    ),
    Operation(
        id="delete_session",
        method="delete",
        path="/sessions/{session_id}",
        tag="Sessions",
        summary="Forget a session and its history",
        curl="-X DELETE {base}/sessions/first",
        parameters=("session_id",),
        replies=(Reply(status=204, text="It is forgotten."),),
        problems=(404, 409),
    ),
    Operation(
        id="reset_session",
        method="post",
        path="/sessions/{session_id}/reset",
        tag="Sessions",
        summary="Begin anew under the same name",
        curl="-X POST {base}/sessions/first/reset",
        parameters=("session_id",),
        replies=(Reply(status=200, text="The new session.", content=((JSON, "SessionSummary"),)),),
        problems=(404, 409),
    ),
    Operation(
        id="run_command",
        method="post",
        path="/commands/{command_name}",
        tag="Commands",
        summary="Give a command",
        text=(
            "What the host answers itself and does not hand to the agent; `help` names all there "
            "are. `session_id` is the conversation that it is about, where it is about one."
        ),
        curl=(
            "{base}/commands/new -H 'content-type: application/json' "
            """-d '{{"session_id": "first"}}'"""
        ),
        parameters=("command_name",),
        body=((JSON, "CommandInput"),),
        replies=(Reply(status=200, text="What it says.", content=((JSON, "CommandAnswer"),)),),
        problems=(404, 408, 409, 413, 415, 422),
    ),
    Operation(
        id="get_file",
        method="get",
        path="/files/{file_id}",
        tag="Files",
        summary="Download a file",
        text=(
            "The bytes of a file part that has an `id`, for as long as the host keeps them: they "
            "are in a cache, and the oldest go first. Always a download, never shown in a page."
        ),
        curl="-OJ {base}/files/FILE_ID",
        parameters=("file_id",),
        replies=(
            Reply(
                status=200,
                text="The file, under its own media type.",
                content=(("*/*", "FileBytes"),),
                headers=("Content-Disposition",),
            ),
        ),
        problems=(404,),
    ),
    Operation(
        id="ping",
        method="get",
        path="/ping",
        tag="Container",
        summary="Health, by AgentCore's container contract",
        curl="{base}/ping",
        replies=(Reply(status=200, text="New work is taken.", content=((JSON, "Ping"),)),),
        public=True,
    ),
)

RUN_LINKS: Final = ("get_run", "follow_run", "cancel_run", "answer_run")
"""Operations that go on with a run."""

HEADERS: Final[dict[str, str]] = {
    "X-Run-Id": "The run that answers.",
    "X-Session-Id": "The session it belongs to, if any.",
    "Location": "Where the run is to be found.",
    "Content-Disposition": "`attachment`, with the file's name if it has one (RFC 6266).",
    "Idempotent-Replayed": "`true` if an idempotency key led back to an earlier run.",
    "Preference-Applied": "`respond-async` where it was asked for by Prefer.",
}

PROBLEMS: Final[dict[int, str]] = {
    400: "The request cannot be read.",
    401: "You did not prove who you are.",
    403: "You may not.",
    404: "There is no such thing for you.",
    408: "The request took too long to arrive.",
    409: "It cannot be done as things stand.",
    413: "A limit of size or count is passed.",
    415: "The body is of a media type that is not taken.",
    422: "A value is not as documented; `errors` name the fields.",
    429: "Too many turns wait, or you ask too much; try again after `Retry-After`.",
    431: "The request has too many headers.",
    500: "The agent or the host failed.",
    502: "Something the agent depends on failed.",
    503: "The host takes no new work, or its store does not answer.",
    504: "The agent took too long.",
}

ANY_CALLER_PROBLEMS: Final = (400, 401, 403, 429, 431, 500, 503)
PUBLIC_PROBLEMS: Final = (400, 431, 503)

__all__ = [
    "ANY_CALLER_PROBLEMS",
    "HEADERS",
    "OPERATIONS",
    "PROBLEMS",
    "PUBLIC_PROBLEMS",
    "RUN_LINKS",
    "Operation",
    "Reply",
]
