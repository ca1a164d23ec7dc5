"""Blocking echo through the REST channel, whole pipeline on, against a bare Starlette route."""

import json

from benchmarks.application import PATH
from benchmarks.contest import Contest, Load, contend, load_generator
from benchmarks.core import are_separate
from benchmarks.outcome import Goal, Outcome
from benchmarks.sample import ask_once, kept
from benchmarks.server import serving
from benchmarks.wire import post

REQUEST = post(PATH, b'{"input":"hello"}')
CONNECTIONS = (16, 64)


def run() -> Outcome:
    """Measure at each number of connections; the worse ratio is the result."""
    with serving("echo_host") as ours, load_generator() as generator:
        sample = ask_once(ours, REQUEST)
        with kept(json.loads(sample.body)) as path, serving("echo_bare", path) as bare:
            contests = {
                connections: contend(
                    generator,
                    ours,
                    bare,
                    Load(
                        connections=connections, request=REQUEST, expected='"output_text":"hello"'
                    ),
                )
                for connections in CONNECTIONS
            }
    worse = min(contests.values(), key=lambda contest: contest.ratio)
    return Outcome(
        name="rest_echo",
        ours=worse.ours.rate,
        bare=worse.bare.rate,
        ratio=worse.ratio,
        unit="requests/s",
        goals=_goals(contests),
        details={
            "answer_bytes": len(sample.body),
            "separate_cores": are_separate(),
            **{f"{count}_connections": found.to_json() for count, found in contests.items()},
        },
    )


def _goals(contests: dict[int, Contest]) -> list[Goal]:
    goals = [
        Goal(name=f"ratio_{connections}", value=found.ratio, limit=0.75, side="at_least")
        for connections, found in contests.items()
    ]
    most = max(contests)
    tail = contests[most].p99_ratio
    return [*goals, Goal(name=f"p99_ratio_{most}", value=tail, limit=1.5, side="at_most")]


__all__ = ["run"]
