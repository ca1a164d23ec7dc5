"""A2A SendStreamingMessage with 20 deltas over JSON-RPC, against a bare Starlette route."""

from benchmarks.a2a_application import A2A_PATH
from benchmarks.application import DELTAS
from benchmarks.contest import Load, contend, load_generator
from benchmarks.core import are_separate
from benchmarks.outcome import Goal, Outcome
from benchmarks.sample import ask_once, kept
from benchmarks.server import serving
from benchmarks.wire import chunks_of, post

BODY = (
    b'{"jsonrpc":"2.0","id":"1","method":"SendStreamingMessage","params":{"message":'
    b'{"messageId":"m-1","role":"ROLE_USER","parts":[{"text":"hello"}]}}}'
)
REQUEST = post(A2A_PATH, BODY, {"a2a-version": "1.0"})
CONNECTIONS = (16, 64)
_DELTA_MARK = '{"text":"word '


def run() -> Outcome:
    """Measure whole answers per second; the worse ratio is the result."""
    with serving("a2a_application.a2a_speak_host") as ours, load_generator() as generator:
        chunks = chunks_of(ask_once(ours, REQUEST).body)
        events = [f"{event}\n\n" for event in b"".join(chunks).decode().split("\n\n") if event]
        with (
            kept(events) as path,
            serving("a2a_application.a2a_speak_bare", path, server="stock") as bare,
        ):
            contests = {
                connections: contend(generator, ours, bare, _load(connections))
                for connections in CONNECTIONS
            }
    worse = min(contests.values(), key=lambda contest: contest.ratio)
    return Outcome(
        name="a2a_stream",
        ours=worse.ours.rate,
        bare=worse.bare.rate,
        ratio=worse.ratio,
        unit="streams/s",
        goals=[
            Goal(name=f"ratio_{connections}", value=found.ratio, limit=0.55, side="at_least")
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
        rounds=5,
        seconds=1.5,
    )


__all__ = ["run"]
