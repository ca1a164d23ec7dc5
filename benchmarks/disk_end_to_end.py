"""Tasks that do nothing, scheduled by 64 callers and completed, against a diskcache journal."""

from benchmarks.outcome import Goal, Outcome
from benchmarks.task_load import CALLERS, CONCURRENCY
from benchmarks.task_round import play

TASKS = 20_000


def run() -> Outcome:
    """Ours through the whole seam: scheduled, counted as begun, attempted, kept as done."""
    rounds = play("end_to_end", count=TASKS)
    rate = rounds.of_ours("rate")
    return Outcome(
        name="disk_end_to_end",
        ours=rate,
        bare=rounds.of_theirs("rate"),
        ratio=rounds.ratio("rate"),
        unit="completed tasks/s",
        goals=[Goal(name="rate", value=rate, limit=7_500, side="at_least")],
        details={
            "callers": CALLERS,
            "concurrency": CONCURRENCY,
            "tasks": TASKS,
            **rounds.to_json(),
        },
    )


__all__ = ["run"]
