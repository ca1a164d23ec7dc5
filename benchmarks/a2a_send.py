"""A2A SendMessage over JSON-RPC, against a bare Starlette route, the SDK's own server and fasta2a.

fasta2a answers before its worker has, with a task that is submitted; the other three wait.
"""

import json
from dataclasses import replace

from benchmarks.a2a_application import A2A_PATH
from benchmarks.contest import Contest, Load, contend, load_generator
from benchmarks.core import are_separate
from benchmarks.outcome import Goal, Outcome
from benchmarks.sample import ask_once, kept
from benchmarks.server import serving
from benchmarks.wire import post

BODY = (
    b'{"jsonrpc":"2.0","id":"1","method":"SendMessage","params":{"message":'
    b'{"messageId":"m-1","role":"ROLE_USER","parts":[{"text":"hello"}]}}}'
)
REQUEST = post(A2A_PATH, BODY, {"a2a-version": "1.0"})
CONNECTIONS = (16, 64)
_EXPECTED = '"TASK_STATE_COMPLETED"'
_TASK = '"task":{"id":'


def run() -> Outcome:
    """Measure at each number of connections; the worse ratio is the result."""
    with serving("a2a_application.a2a_echo_host") as ours, load_generator() as generator:
        sample = ask_once(ours, REQUEST)
        with (
            kept(json.loads(sample.body)) as path,
            serving("a2a_application.a2a_echo_bare", path, server="stock") as bare,
            serving("a2a_sdk_application.sdk_echo", server="stock") as official,
            serving("fasta2a_application.fasta2a_echo", server="stock") as fasta2a,
        ):
            loads = [
                Load(connections=count, request=REQUEST, expected=_EXPECTED)
                for count in CONNECTIONS
            ]
            contests = {load.connections: contend(generator, ours, bare, load) for load in loads}
            beside = {load.connections: contend(generator, ours, official, load) for load in loads}
            others = {
                load.connections: contend(generator, ours, fasta2a, replace(load, expected=_TASK))
                for load in loads
            }
    worse = min(contests.values(), key=lambda contest: contest.ratio)
    return Outcome(
        name="a2a_send",
        ours=worse.ours.rate,
        bare=worse.bare.rate,
        ratio=worse.ratio,
        unit="requests/s",
        goals=[
            *_goals("ratio", contests, 0.55),
            *_goals("sdk_ratio", beside, 4.0),
            *_goals("fasta2a_ratio", others, 1.0),
        ],
        details={
            "answer_bytes": len(sample.body),
            "separate_cores": are_separate(),
            **{f"{count}_connections": found.to_json() for count, found in contests.items()},
            **{f"sdk_{count}_connections": found.to_json() for count, found in beside.items()},
            **{f"fasta2a_{count}_connections": found.to_json() for count, found in others.items()},
        },
    )


def _goals(name: str, contests: dict[int, Contest], limit: float) -> list[Goal]:
    return [
        Goal(name=f"{name}_{connections}", value=found.ratio, limit=limit, side="at_least")
        for connections, found in contests.items()
    ]


__all__ = ["run"]
