"""What a benchmark found: one line of JSON, and targets that are met or not."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """A number that must stay on one side of a limit."""

    name: str
    value: float
    limit: float
    side: Literal["at_least", "at_most"]

    @property
    def is_met(self) -> bool:
        """Whether it does."""
        return self.value >= self.limit if self.side == "at_least" else self.value <= self.limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """`ours` and `bare` are in `unit`; `ratio` is the one of them that the benchmark is about.

    `details` holds every number behind it.
    """

    name: str
    ours: float
    bare: float
    ratio: float
    unit: str
    goals: Sequence[Goal] = ()
    details: Mapping[str, object] = field(default_factory=dict[str, object])

    @property
    def missed(self) -> tuple[Goal, ...]:
        """The goals that are not met."""
        return tuple(goal for goal in self.goals if not goal.is_met)

    def to_json(self) -> str:
        """One line."""
        goals = {
            goal.name: {"value": _rounded(goal.value), goal.side: goal.limit, "met": goal.is_met}
            for goal in self.goals
        }
        return json.dumps(
            {
                "name": self.name,
                "ours": _rounded(self.ours),
                "bare": _rounded(self.bare),
                "ratio": _rounded(self.ratio),
                "unit": self.unit,
                "details": {"goals": goals, **self.details},
            }
        )


def _rounded(number: float) -> float:
    return round(number, 3)


__all__ = ["Goal", "Outcome"]
