"""Whether what the lives of a crash trial told is what a task runner promises."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from itertools import pairwise
from typing import Final

from agent_host.testing.crash_journal import Event
from agent_host.testing.crash_life import BOUND, POISON_STARTS

_DONE_KINDS: Final = frozenset({"plain", "flaky", "mended", "laned"})


def faults_of(events: Sequence[Event], *, killed: AbstractSet[int]) -> Iterator[str]:
    """What was not as promised. `killed` are the lives that were."""
    yield from _lost(events)
    yield from _too_many_doubled(events, killed)
    for event in events:
        if event.what == "began":
            yield from _wrong_beginning(event)
    yield from _out_of_order(events)
    yield from _miscounted(events)


def doubled_in(events: Sequence[Event], *, killed: AbstractSet[int]) -> list[tuple[int, str]]:
    """What was done and then done again: the life it was in flight in, 0 for none, and its kind."""
    lives: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for event in events:
        if event.what == "did":
            lives[event.kind, event.name].append(event.life)
    return [
        (life if life in killed and life != later else 0, kind)
        for (kind, _), found in lives.items()
        for life, later in pairwise(found)
    ]


def _too_many_doubled(events: Sequence[Event], killed: AbstractSet[int]) -> Iterator[str]:
    """Only what was in flight may be done twice, and no more was in flight than the bound."""
    for (life, kind), count in Counter(doubled_in(events, killed=killed)).items():
        if not life or count > BOUND:
            yield f"{count} tasks of kind {kind} were doubled after life {life}"


def _lost(events: Sequence[Event]) -> Iterator[str]:
    done = {event.name for event in events if event.what == "did"}
    given_up = {event.name for event in events if event.what == "gave-up"}
    for event in events:
        if event.what == "wanted" and (
            (event.kind in _DONE_KINDS and event.name not in done)
            or (event.kind == "worthless" and event.name not in given_up)
        ):
            yield f"{event.name} was lost"


def _wrong_beginning(event: Event) -> Iterator[str]:
    if event.running > BOUND:
        yield f"{event.running} of kind {event.kind} ran at once"
    if event.kind == "cancelled":
        yield f"{event.name} was attempted"


def _miscounted(events: Sequence[Event]) -> Iterator[str]:
    """A task that kills its process is begun as often as its policy says, and counted each time."""
    starts: defaultdict[str, list[int]] = defaultdict(list)
    for event in events:
        if event.what == "began" and event.kind == "poison":
            starts[event.name].append(event.starts)
    for name, counted in starts.items():
        if counted != list(range(1, POISON_STARTS + 1)):
            yield f"{name} was started {counted}"


def _out_of_order(events: Sequence[Event]) -> Iterator[str]:
    """In a lane nothing begins before all that was scheduled before it is done."""
    done: set[str] = set()
    began: dict[int, str] = {}
    for event in events:
        if event.kind != "laned":
            continue
        lane = int(event.name[-1]) % 2
        if event.what == "did":
            done.add(event.name)
        elif event.what == "began":
            former = began.get(lane, event.name)
            if event.name < former:
                yield f"{event.name} began after {former}"
            if event.name != former and former not in done:
                yield f"{event.name} began while {former} was not done"
            began[lane] = event.name


__all__ = ["doubled_in", "faults_of"]
