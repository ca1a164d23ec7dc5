"""A2A SendStreamingMessage with 20 deltas over JSON-RPC, against a bare Starlette route and
fasta2a.
"""

from benchmarks.a2a_application import A2A_PATH
from benchmarks.application import DELTAS
from benchmarks.contest import Contest, Load, contend, load_generator
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
            serving("fasta2a_application.fasta2a_speak", server="stock") as fasta2a,
        ):
            contests, others = (
                {count: contend(generator, ours, other, _load(count)) for count in CONNECTIONS}
                for other in (bare, fasta2a)
            )
    worse = min(contests.values(), key=lambda contest: contest.ratio)
    return Outcome(
        name="a2a_stream",
        ours=worse.ours.rate,
        bare=worse.bare.rate,
        ratio=worse.ratio,
        unit="streams/s",
        goals=[*_goals("ratio", contests, 0.55), *_goals("fasta2a_ratio", others, 1.0)],
        details={
            "events": len(events),
            "writes": len(chunks),
            "answer_bytes": sum(map(len, chunks)),
            "separate_cores": are_separate(),
            **{f"{count}_connections": found.to_json() for count, found in contests.items()},
            **{f"fasta2a_{count}_connections": found.to_json() for count, found in others.items()},
        },
    )


def _goals(name: str, contests: dict[int, Contest], limit: float) -> list[Goal]:
    return [
        Goal(name=f"{name}_{connections}", value=found.ratio, limit=limit, side="at_least")
        for connections, found in contests.items()
    ]


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
