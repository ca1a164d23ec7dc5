"""Every name under which the host reports: spans, metrics, attributes, and what may stand in them.

Names of agents, tools and tokens are those of the OpenTelemetry semantic conventions for generative
AI, https://github.com/open-telemetry/semantic-conventions-genai (status Development, as it builds
on semantic conventions v1.42.0); HTTP, error and network names are the stable ones of v1.42.0,
https://opentelemetry.io/docs/specs/semconv/. What those do not name is under `agent_host.`.

Plain strings: importing this imports no SDK. Attributes of metrics are bounded (a channel, a
status, a class of error), never an id. Nothing here carries what people or agents wrote.
"""

import re
from typing import Final

SCOPE: Final = "agent_host"
"""The instrumentation scope of everything the host reports itself."""

SPAN_RUN: Final = "run"
SPAN_STORE_COMMIT: Final = "store commit"
SPAN_SCHEDULE: Final = "schedule"
SPAN_ATTEMPT: Final = "attempt"

OPERATION_NAME: Final = "gen_ai.operation.name"
INVOKE_AGENT: Final = "invoke_agent"
EXECUTE_TOOL: Final = "execute_tool"
PROVIDER_NAME: Final = "gen_ai.provider.name"
AGENT_NAME: Final = "gen_ai.agent.name"
CONVERSATION_ID: Final = "gen_ai.conversation.id"
TOOL_NAME: Final = "gen_ai.tool.name"
TOOL_CALL_ID: Final = "gen_ai.tool.call.id"
TOKEN_TYPE: Final = "gen_ai.token.type"  # noqa: S105 - a name of the conventions
INPUT_TOKENS: Final = "gen_ai.usage.input_tokens"
OUTPUT_TOKENS: Final = "gen_ai.usage.output_tokens"
CACHED_INPUT_TOKENS: Final = "gen_ai.usage.cache_read.input_tokens"
REASONING_TOKENS: Final = "gen_ai.usage.reasoning.output_tokens"

ERROR_TYPE: Final = "error.type"
HTTP_METHOD: Final = "http.request.method"
HTTP_ROUTE: Final = "http.route"
HTTP_STATUS: Final = "http.response.status_code"
URL_SCHEME: Final = "url.scheme"

RUN_ID: Final = "agent_host.run.id"
RUN_STATUS: Final = "agent_host.run.status"
RUN_ATTEMPT: Final = "agent_host.run.attempt"
RUN_BACKGROUND: Final = "agent_host.run.background"
FAILURE_CODE: Final = "agent_host.failure.code"
CHANNEL: Final = "agent_host.channel"
OPERATION: Final = "agent_host.operation"
TASK_ID: Final = "agent_host.task.id"
TASK_KIND: Final = "agent_host.task.kind"
TASK_STARTS: Final = "agent_host.task.starts"
TASK_OUTCOME: Final = "agent_host.task.outcome"
DELIVERY_ID: Final = "agent_host.delivery.id"
DELIVERY_STATUS: Final = "agent_host.delivery.status"
WRITE_COUNT: Final = "agent_host.store.writes"
COLLECTION: Final = "agent_host.store.collection"
SINK: Final = "agent_host.sink"

RUNS_STARTED: Final = "agent_host.run.started"
RUNS_FINISHED: Final = "agent_host.run.finished"
RUNS_ACTIVE: Final = "agent_host.run.active"
RUN_DURATION: Final = "agent_host.run.duration"
RUN_QUEUE_DURATION: Final = "agent_host.run.queue.duration"
TIME_TO_FIRST_EVENT: Final = "agent_host.run.time_to_first_event"
AGENT_DURATION: Final = "gen_ai.invoke_agent.duration"
TOOL_DURATION: Final = "gen_ai.execute_tool.duration"
TOKEN_USAGE: Final = "gen_ai.client.token.usage"  # noqa: S105 - a name of the conventions
STORE_COMMIT_DURATION: Final = "agent_host.store.commit.duration"
RECORDS_SET_ASIDE: Final = "agent_host.store.records_set_aside"
TASKS_SCHEDULED: Final = "agent_host.task.scheduled"
TASKS_RUNNING: Final = "agent_host.task.running"
TASK_DURATION: Final = "agent_host.task.attempt.duration"
TASK_QUEUE_DURATION: Final = "agent_host.task.queue.duration"
TASKS_WAITING: Final = "agent_host.task.waiting"
TASK_OLDEST: Final = "agent_host.task.oldest.age"
TASKS_DEAD: Final = "agent_host.task.dead_letters"
DELIVERIES: Final = "agent_host.delivery.outcomes"
PUSH_DURATION: Final = "agent_host.delivery.push.duration"
HTTP_DURATION: Final = "http.server.request.duration"
HTTP_ACTIVE: Final = "http.server.active_requests"
HTTP_STREAMS: Final = "agent_host.http.active_streams"
EVENTS_DROPPED: Final = "agent_host.event_sink.dropped"

OTHER: Final = "_OTHER"
"""Stands for what is not on a bounded list, as the conventions ask."""

_WORD: Final = re.compile(r"[A-Za-z0-9_.:/-]{1,64}")


def to_word(text: str) -> str:
    """A name that a model or a program chose, if it looks like one, else `_OTHER`: a model may
    call a tool by a whole sentence.
    """
    return text if _WORD.fullmatch(text) else OTHER


class BoundedWords:
    """The first names that are seen, as they are; any beyond `limit` is `_OTHER`."""

    __slots__ = ("_limit", "_seen")

    def __init__(self, limit: int = 64) -> None:
        self._limit = limit
        self._seen: set[str] = set()

    def __call__(self, text: str) -> str:
        """What may be the value of a metric's attribute."""
        word = to_word(text)
        if word not in self._seen:
            if len(self._seen) >= self._limit:
                return OTHER
            self._seen.add(word)
        return word


__all__ = ["BoundedWords", "to_word"]
