"""Counts what was lost and what was doubled. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from tests.crash.chat import CHAT, MAIL
from tests.crash.evidence import Evidence, StoredDelivery, StoredRun
from tests.crash.platform import WEBHOOK

LOST_EVENTS: Final = "inbound events lost"
DOUBLED_TURNS: Final = "turns doubled"
LOST_REPLIES: Final = "replies lost"
DOUBLED: Final = "doubled at a receiver that honours the id"
UNMARKED: Final = "doubled elsewhere, not marked `unknown`"
OTHER: Final = "other faults"

COUNTED: Final = (LOST_EVENTS, DOUBLED_TURNS, LOST_REPLIES, DOUBLED, UNMARKED, OTHER)

BEGINNINGS_LIMIT: Final = 5
"""So often may a run that may be run again end with its process, until it is failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Faults by what is counted, and what else is worth knowing."""

    faults: Mapping[str, Sequence[str]]
    facts: Mapping[str, int] = field(default_factory=dict[str, int])

    @property
    def is_good(self) -> bool:
        """Whether nothing that is counted was found."""
        return not any(self.faults.values())


def judge(lines: Sequence[Sequence[str]], *, rerunnable: bool) -> Verdict:
    """The verdict on a trial whose journal has these lines."""
    seen = Evidence(lines)
    limit = BEGINNINGS_LIMIT if rerunnable else 1
    interrupted = {run.id for run in _interrupted(seen, limit)}
    faults = {
        LOST_EVENTS: [*_lost_events(seen, interrupted)],
        DOUBLED_TURNS: [*_doubled_turns(seen, interrupted, rerunnable=rerunnable)],
        LOST_REPLIES: [*_lost_replies(seen)],
        DOUBLED: [*_doubled_where_honoured(seen)],
        UNMARKED: [*_doubled_unmarked(seen)],
        OTHER: [*_other(seen)],
    }
    statuses = Counter(one.status for one in seen.deliveries["trial"])
    policy = "after five beginnings" if rerunnable else "as the target must not be run again"
    facts = {
        "events acknowledged": len(seen.events),
        "runs completed": sum(run.status == "completed" for run in seen.runs.values()),
        f"runs failed as interrupted, {policy}": len(interrupted),
        "echoes and replies that arrived": len({one[1:] for one in seen.took}),
        "sent again under their id to a receiver that honours it": _sent_again(seen, CHAT, WEBHOOK),
        "sent twice to one that does not, marked `unknown`": _sent_again(seen, MAIL),
        **{f"deliveries {status} before the last replay": n for status, n in statuses.items()},
    }
    return Verdict(faults=faults, facts=facts)


def added(first: Verdict, second: Verdict) -> Verdict:
    """Both as one."""
    faults = {name: [*first.faults[name], *second.faults[name]] for name in COUNTED}
    names = {**first.facts, **second.facts}
    facts = {name: first.facts.get(name, 0) + second.facts.get(name, 0) for name in names}
    return Verdict(faults=faults, facts=facts)


def _interrupted(seen: Evidence, limit: int) -> Iterator[StoredRun]:
    """Runs that failed with their processes, as often as it takes."""
    for run in seen.runs.values():
        if run.status == "failed" and run.beginnings >= limit:
            yield run


def _lost_events(seen: Evidence, interrupted: set[str]) -> Iterator[str]:
    runs: dict[str, set[str]] = defaultdict(set)
    for start in seen.began:
        runs[start.text].add(start.run)
    for event in seen.events:
        for run in runs[event.text]:
            stored = seen.runs.get(run)
            if stored is None or (stored.status != "completed" and run not in interrupted):
                status = "gone" if stored is None else stored.status
                yield f"{event.text} became {run}, which is {status}"
    # A run that never came to its target has no text; it is somebody's all the same.
    begun = {start.run for start in seen.began}
    mute = Counter((run.channel, run.person) for run in seen.runs.values() if run.id not in begun)
    for event in sorted(seen.events):
        if not runs[event.text]:
            mute[event[:2]] -= 1
            if mute[event[:2]] < 0:
                yield f"{event.text} became no run"


def _doubled_turns(seen: Evidence, interrupted: set[str], *, rerunnable: bool) -> Iterator[str]:
    stored = Counter((run.channel, run.person) for run in seen.runs.values())
    sent = Counter((event.channel, event.person) for event in seen.events)
    for place in (stored - sent).elements():
        yield f"{place} has a run more than events"
    runs: dict[str, set[str]] = defaultdict(set)
    for start in seen.began:
        runs[start.text].add(start.run)
        if start.at > seen.recorded.get(start.run, start.at):
            yield f"{start.text} began once more after its end was stored"
    for text, ids in runs.items():
        if len(ids) > 1:
            yield f"{text} became {len(ids)} runs"
        said = seen.said["user", text], seen.said["assistant", text.upper()]
        wanted = (0, 0) if ids <= interrupted else (1, 1)
        if max(said) > 1 or (said != wanted and len(ids) == 1):
            yield f"{text} is in its conversation {said} times"
    for starts in (seen.began, seen.ended):
        for (run, life), number in Counter((one.run, one.life) for one in starts).items():
            if number > 1:
                yield f"{run} was run {number} times in life {life}"
    if not rerunnable:
        for run, number in Counter(one.run for one in seen.ended).items():
            if number > 1:
                yield f"{run} was done {number} times"


def _lost_replies(seen: Evidence) -> Iterator[str]:
    arrived = {(one.run, one.channel, one.what) for one in seen.took}
    planned: dict[tuple[str, str], list[StoredDelivery]] = defaultdict(list)
    for delivery in seen.deliveries["replayed"]:
        planned[delivery.run, delivery.channel].append(delivery)
    for run in seen.runs.values():
        for channel in run.destinations:
            if not planned[run.id, channel]:
                yield f"nothing of {run.id} is for {channel}"
            for delivery in planned[run.id, channel]:
                if delivery.status != "accepted":
                    yield f"{delivery.id} is {delivery.status}"
            expected = ["reply"]
            if channel not in (run.channel, WEBHOOK):
                expected.append("echo")
            for what in expected:
                if (run.id, channel, what) not in arrived:
                    yield f"the {what} of {run.id} never came to {channel}"


def _doubled_where_honoured(seen: Evidence) -> Iterator[str]:
    """Under two ids there is nothing that a receiver could honour."""
    ids: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    for one in seen.took:
        ids[one.run, one.channel, one.what].add(one.delivery)
    for (run, channel, what), found in ids.items():
        if len(found) > 1:
            yield f"the {what} of {run} came to {channel} under {len(found)} ids"


def _doubled_unmarked(seen: Evidence) -> Iterator[str]:
    deliveries = {one.id: one for one in seen.deliveries["replayed"]}
    came = Counter((one.delivery, one.what) for one in seen.took if one.channel == MAIL)
    for (delivery, what), number in came.items():
        stored = deliveries.get(delivery)
        # It was in doubt as often, and an operator sent it again as often.
        allowed = 0 if stored is None else min(stored.doubts, stored.replays)
        if number - 1 > allowed:
            yield f"the {what} of {delivery} came {number} times, {allowed} of them marked"


def _sent_again(seen: Evidence, *channels: str) -> int:
    came = [one[1:] for one in seen.took if one.channel in channels]
    return len(came) - len(set(came))


def _other(seen: Evidence) -> Iterator[str]:
    if seen.torn:
        yield f"{seen.torn} events were stored without their work, or it without them"
    first: dict[tuple[str, str], int] = {}
    for one in seen.took:
        first.setdefault((one.delivery, one.what), one.at)
        run = seen.runs.get(one.run)
        if one.what == "echo" and run is not None and run.channel == one.channel:
            yield f"{run.id} was echoed to where it came from"
    for (delivery, what), at in first.items():
        if what == "reply" and at < first.get((delivery, "echo"), at):
            yield f"{delivery} replied before it echoed"
    statuses = {one.status for one in seen.deliveries["trial"]}
    for status in sorted(statuses ^ {"accepted", "dead", "unknown"}):
        yield f"{status} should not be, or should be, among what deliveries are in the end"


__all__ = [
    "COUNTED",
    "DOUBLED",
    "DOUBLED_TURNS",
    "LOST_EVENTS",
    "LOST_REPLIES",
    "OTHER",
    "UNMARKED",
    "Verdict",
    "added",
    "judge",
]
