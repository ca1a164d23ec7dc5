"""100,000 deliveries that an earlier process left: how soon the first is pushed."""

from benchmarks.delivery_round import bare_tasks, deliveries
from benchmarks.outcome import Goal, Outcome

COUNT = 100_000


def run() -> Outcome:
    """From opening the folder; beside as many bare tasks."""
    ours = deliveries("resume", COUNT, filled=True)
    bare = bare_tasks("resume", COUNT, filled=True)
    first = ours["first_s"]
    return Outcome(
        name="push_resume",
        ours=first,
        bare=bare["first_s"],
        ratio=first / bare["first_s"],
        unit="s to the first push",
        goals=[Goal(name="first_s", value=first, limit=2, side="at_most")],
        details={"deliveries": COUNT, "rate": ours["rate"]},
    )


__all__ = ["run"]
