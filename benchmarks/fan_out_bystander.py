"""One person's answer to 1,000 destinations, half of them failing: how long others wait."""

from benchmarks.delivery_load import STORM
from benchmarks.delivery_round import ROUNDS, deliveries, middle
from benchmarks.outcome import Goal, Outcome


def run() -> Outcome:
    """The slowest of a hundred bystanders, in the storm and in quiet."""
    rounds = [deliveries("fan_out", STORM) for _ in range(ROUNDS)]
    storm, quiet = middle(rounds, "storm_p99_ms"), middle(rounds, "quiet_p99_ms")
    ratio = middle(rounds, "ratio")
    return Outcome(
        name="fan_out_bystander",
        ours=storm,
        bare=quiet,
        ratio=ratio,
        unit="ms, p99 of a bystander",
        goals=[Goal(name="ratio", value=ratio, limit=2, side="at_most")],
        details={"destinations": STORM, "rounds": [found["ratio"] for found in rounds]},
    )


__all__ = ["run"]
