"""Events taken by 16 concurrent callers in one process, against a diskcache with a key for each."""

from benchmarks.accept_load import CALLERS
from benchmarks.outcome import Goal, Outcome
from benchmarks.task_round import play

EVENTS = 10_000


def run() -> Outcome:
    """Ours is on disk, deduplicated and with its work, when a call returns."""
    rounds = play("accept", count=EVENTS, module="accept_load")
    rate = rounds.of_ours("rate")
    return Outcome(
        name="accept",
        ours=rate,
        bare=rounds.of_theirs("rate"),
        ratio=rounds.ratio("rate"),
        unit="events/s",
        goals=[Goal(name="rate", value=rate, limit=3_000, side="at_least")],
        details={"callers": CALLERS, "events": EVENTS, **rounds.to_json()},
    )


__all__ = ["run"]
