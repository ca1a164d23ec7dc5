"""At which step, and on which side of it, a process is killed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Final, Literal, TypeAlias

from agent_host.testing.deadly_store import die

Side: TypeAlias = Literal["before", "within", "after"]

_AROUND: Final[Sequence[Side]] = ("before", "after")
_COMMIT: Final[Sequence[Side]] = ("before", "within", "after")
_SHORT_WITHIN: Final = frozenset({"accept", "end", "dead", "replay"})

OUTSIDE: Final = "outside"
"""The kill comes from another process, at any moment."""

STEPS: Final[Mapping[str, Sequence[Side]]] = {
    "accept": _COMMIT,
    "queue": _COMMIT,
    "run": _AROUND,
    "end": _COMMIT,
    "hand_on": _COMMIT,
    "attempt": _COMMIT,
    "send": _AROUND,
    "echo": _COMMIT,
    "accepted": _COMMIT,
    "failed": _COMMIT,
    "unknown": _COMMIT,
    "dead": _COMMIT,
    "replay": _COMMIT,
    OUTSIDE: ("within",),
}
"""`accept` stores an event and its work at once, `queue` makes a run of it, `run` is the target's
own, `end` stores the run's last entry and what is to be delivered, `hand_on` makes tasks of that.
The others are what becomes of a delivery: `attempt` is noted before `send`, `echo` after the echo
and before the reply.
"""

_COUNTS: Final[Mapping[str, int]] = {
    "accept": 5,
    "queue": 5,
    "run": 5,
    "end": 5,
    "hand_on": 10,
    "attempt": 16,
    "send": 16,
    "echo": 3,
    "accepted": 8,
    "failed": 5,
    "unknown": 1,
    "dead": 3,
    "replay": 1,
    OUTSIDE: 1,
}
"""How often each step comes, at the least, in a life that is sent what a trial sends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Death:
    """The `count`th time that the step comes in the life of a process."""

    step: str
    side: Side
    count: int = 1

    def __str__(self) -> str:
        return f"{self.side} {self.step} {self.count}"


def every_death() -> Sequence[Death]:
    """Each step once on each side, not at the very beginning of a life."""
    return [
        Death(step=step, side=side, count=(_COUNTS[step] + 3) // 4)
        for step, sides in STEPS.items()
        for side in sides
    ]


def short_form() -> Sequence[Death]:
    """Those that are died in each run of the tests: all but some that come within a commit."""
    return [
        death
        for death in every_death()
        if death.side != "within" or death.step in {*_SHORT_WITHIN, OUTSIDE}
    ]


def deaths(cycles: int, random: Random) -> Iterator[Death]:
    """`cycles` of them: each once, in any order, then any, at any time of a life."""
    first = list(every_death())
    random.shuffle(first)
    yield from first[:cycles]
    for _ in range(cycles - len(first)):
        chosen = random.choice(first)
        yield replace(chosen, count=random.randint(1, _COUNTS[chosen.step]))


class Reaper:
    """Ends this process when its death has come."""

    def __init__(self, death: Death | None) -> None:
        self._death = death
        self._left = 0 if death is None else death.count

    def is_at(self, side: Side, made: Mapping[str, int]) -> bool:
        """Whether it has come, with steps that are made so many times at once."""
        death = self._death
        if death is None or death.side != side or not made.get(death.step):
            return False
        self._left -= made[death.step]
        return self._left <= 0

    def come(self, step: str, side: Side) -> None:
        """End the process if it has."""
        if self.is_at(side, {step: 1}):
            die()


__all__ = ["OUTSIDE", "STEPS", "Death", "Reaper", "Side", "deaths", "every_death", "short_form"]
