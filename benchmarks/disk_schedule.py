"""Durable tasks scheduled by 64 concurrent callers in one process, against a diskcache journal."""

from benchmarks.outcome import Goal, Outcome
from benchmarks.task_load import CALLERS
from benchmarks.task_round import play

TASKS = 20_000


def run() -> Outcome:
    """Ours is on disk when a call returns; the journal is in the system's memory."""
    rounds = play("schedule", count=TASKS)
    rate = rounds.of_ours("rate")
    return Outcome(
        name="disk_schedule",
        ours=rate,
        bare=rounds.of_theirs("rate"),
        ratio=rounds.ratio("rate"),
        unit="durable schedules/s",
        goals=[Goal(name="rate", value=rate, limit=15_000, side="at_least")],
        details={"callers": CALLERS, "tasks": TASKS, **rounds.to_json()},
    )


__all__ = ["run"]
