"""An answer of 20 deltas over SSE, against a bare Starlette route that yields the same events.

The bare route writes one event at a time, as such routes do. Ours writes events that are ready
together in one go, which is part of what is measured; `writes` tells how many that were.
"""

from benchmarks.application import DELTAS, PATH
from benchmarks.contest import Load, contend, load_generator
from benchmarks.core import are_separate
from benchmarks.outcome import Goal, Outcome
from benchmarks.sample import ask_once, kept
from benchmarks.server import serving
from benchmarks.wire import chunks_of, post

REQUEST = post(PATH, b'{"input":"hello","stream":true}')
CONNECTIONS = 16
_DELTA_MARK = "event: text_delta"


def run() -> Outcome:
    """Measure whole answers per second."""
    with serving("speak_host") as ours, load_generator() as generator:
        sample = ask_once(ours, REQUEST)
        chunks = chunks_of(sample.body)
        load = Load(
            connections=CONNECTIONS,
            request=REQUEST,
            expected=_DELTA_MARK,
            expected_count=len(DELTAS),
            rounds=7,
            seconds=1.5,
        )
        events = [f"{event}\n\n" for event in b"".join(chunks).decode().split("\n\n") if event]
        with kept(events) as path, serving("speak_bare", path, server="stock") as bare:
            contest = contend(generator, ours, bare, load)
    return Outcome(
        name="rest_stream",
        ours=contest.ours.rate,
        bare=contest.bare.rate,
        ratio=contest.ratio,
        unit="streams/s",
        goals=[Goal(name="ratio", value=contest.ratio, limit=0.60, side="at_least")],
        details={
            "connections": CONNECTIONS,
            "events": len(events),
            "writes": len(chunks),
            "answer_bytes": sum(map(len, chunks)),
            "separate_cores": are_separate(),
            **contest.to_json(),
        },
    )


__all__ = ["run"]
