"""Messages accepted from 64 callers and pushed to a channel that does nothing, on disk."""

from benchmarks.delivery_round import ROUNDS, Found, bare_tasks, deliveries, middle
from benchmarks.outcome import Goal, Outcome

COUNT = 6_400


def run() -> Outcome:
    """Planned, handed on, begun, pushed and noted; beside tasks of the same runner."""
    ours: list[Found] = []
    bare: list[Found] = []
    for _ in range(ROUNDS):
        ours.append(deliveries("end_to_end", COUNT))
        bare.append(bare_tasks("end_to_end", COUNT))
    rate, tasks = middle(ours, "rate"), middle(bare, "rate")
    return Outcome(
        name="push_end_to_end",
        ours=rate,
        bare=tasks,
        ratio=rate / tasks,
        unit="pushes/s",
        goals=[Goal(name="rate", value=rate, limit=5_000, side="at_least")],
        details={"deliveries": COUNT, "rounds": [found["rate"] for found in ours]},
    )


__all__ = ["run"]
