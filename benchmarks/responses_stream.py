"""A streamed response of 20 deltas, against a bare Starlette route that yields the same events.

As in `rest_stream`, the bare route writes one event at a time.
"""

from benchmarks.application import DELTAS, RESPONSES_PATH
from benchmarks.contest import Contest, Load, contend, load_generator
from benchmarks.core import are_separate
from benchmarks.outcome import Goal, Outcome
from benchmarks.sample import ask_once, kept
from benchmarks.server import serving
from benchmarks.wire import chunks_of, post

REQUEST = post(RESPONSES_PATH, b'{"model":"speak","input":"hello","stream":true}')
CONNECTIONS = (16, 64)
_DELTA_MARK = "event: response.output_text.delta"


def run() -> Outcome:
    """Measure whole answers per second; the worse ratio is the result."""
    with serving("spoken_responses_host") as ours, load_generator() as generator:
        sample = ask_once(ours, REQUEST)
        chunks = chunks_of(sample.body)
        events = [f"{event}\n\n" for event in b"".join(chunks).decode().split("\n\n") if event]
        with kept(events) as path, serving("spoken_responses_bare", path, server="stock") as bare:
            contests = {
                connections: contend(generator, ours, bare, _load(connections))
                for connections in CONNECTIONS
            }
    worse: Contest = min(contests.values(), key=lambda contest: contest.ratio)
    return Outcome(
        name="responses_stream",
        ours=worse.ours.rate,
        bare=worse.bare.rate,
        ratio=worse.ratio,
        unit="streams/s",
        goals=[
            Goal(name=f"ratio_{connections}", value=found.ratio, limit=0.60, side="at_least")
            for connections, found in contests.items()
        ],
        details={
            "events": len(events),
            "writes": len(chunks),
            "answer_bytes": sum(map(len, chunks)),
            "separate_cores": are_separate(),
            **{f"{count}_connections": found.to_json() for count, found in contests.items()},
        },
    )


def _load(connections: int) -> Load:
    return Load(
        connections=connections,
        request=REQUEST,
        expected=_DELTA_MARK,
        expected_count=len(DELTAS),
        seconds=1.5,
    )


__all__ = ["run"]
