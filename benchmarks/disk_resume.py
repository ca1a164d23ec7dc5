"""50,000 tasks that an earlier process left: the first attempt, stalls, memory."""

from benchmarks.outcome import Goal, Outcome
from benchmarks.task_load import CONCURRENCY
from benchmarks.task_round import play

TASKS = 50_000
_ROUNDS = 3


def run() -> Outcome:
    """From opening the folder to the last task's end."""
    rounds = play("resume", count=TASKS, rounds=_ROUNDS, filled=True)
    first = rounds.of_ours("first_s")
    stall = rounds.of_ours("stall_ms")
    growth = rounds.of_ours("growth_mib")
    return Outcome(
        name="disk_resume",
        ours=first,
        bare=rounds.of_theirs("first_s"),
        ratio=rounds.ratio("first_s"),
        unit="s to the first attempt",
        goals=[
            Goal(name="first_s", value=first, limit=1, side="at_most"),
            Goal(name="stall_ms", value=stall, limit=50, side="at_most"),
            Goal(name="growth_mib", value=growth, limit=100, side="at_most"),
        ],
        details={"tasks": TASKS, "concurrency": CONCURRENCY, **rounds.to_json()},
    )


__all__ = ["run"]
