"""What an operator is shown of runs and tasks, as JSON: ids, states, counts and times.

Pure, and the one place that picks the fields. Nothing that a person, an agent or a caller's program
wrote is among them: no input, output, payload, metadata, question, key or lane.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from agent_host.failure_taxonomy import failure_class
from agent_host.types.json import JsonObject, JsonValue
from agent_host.types.operator import RunReport
from agent_host.types.run import Run
from agent_host.types.task import Task, TaskCounts

_CODE: Final = re.compile(r"[a-z][a-z0-9_]{0,63}")


def run_json(run: Run) -> JsonObject:
    """A run. `owner` is the opaque key of whose it is, `questions` how many of it are open."""
    return {
        "id": run.id,
        "status": run.status.value,
        "tenant": run.owner.tenant,
        "owner": run.owner.isolation_key,
        "channel": run.channel,
        "operation": run.operation,
        "session_id": run.session_id,
        "background": run.background,
        "attempt": run.attempt,
        "questions": len(run.questions),
        "failure": None if run.failure is None else _code(run.failure.code),
        "created_at": _moment(run.created_at),
        "updated_at": _moment(run.updated_at),
        "started_at": _moment(run.started_at),
        "finished_at": _moment(run.finished_at),
    }


def report_json(report: RunReport) -> JsonObject:
    """A run, how many events it has, and whether the answering process executes it."""
    return {**run_json(report.run), "events": report.events, "live": report.live}


def task_json(task: Task) -> JsonObject:
    """A task."""
    return {
        "id": task.id,
        "kind": task.spec.kind,
        "status": task.status.value,
        "starts": task.starts,
        "last_error": None if task.last_error is None else _code(task.last_error),
        "created_at": _moment(task.created_at),
        "due_at": _moment(task.due_at),
        "over_at": _moment(task.over_at),
    }


def counts_json(counts: Mapping[str, TaskCounts]) -> list[JsonValue]:
    """Counts of each kind of task."""
    return [
        {
            "kind": kind,
            "waiting": found.waiting,
            "attempting": found.attempting,
            "dead": found.dead,
            "is_partial": found.is_partial,
            "oldest_due_at": _moment(found.oldest_due_at),
        }
        for kind, found in counts.items()
    ]


def _code(code: str) -> str:
    """The code, or the class of one that is no single word: a target chooses its own."""
    return code if _CODE.fullmatch(code) else failure_class(code).value


def _moment(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


__all__ = ["counts_json", "report_json", "run_json", "task_json"]
