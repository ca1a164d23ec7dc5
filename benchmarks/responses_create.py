"""A blocking response of the OpenAI channel, against a bare Starlette route that answers the same.

Each answer of ours is a run, kept and found again; the bare route parses and answers, served as in
`rest_echo`.
"""

import json
from typing import Literal

from benchmarks.application import RESPONSES_PATH
from benchmarks.contest import Contest, Load, contend, load_generator
from benchmarks.core import are_separate
from benchmarks.outcome import Goal, Outcome
from benchmarks.sample import ask_once, kept
from benchmarks.server import serving
from benchmarks.wire import post

REQUEST = post(RESPONSES_PATH, b'{"model":"echo","input":"hello"}')
CONNECTIONS = (16, 64)


def run() -> Outcome:
    """Measure at each number of connections; the worse ratio is the result."""
    with serving("responses_host") as ours, load_generator() as generator:
        sample = ask_once(ours, REQUEST)

        def against(server: Literal["ours", "stock"], path: str) -> dict[int, Contest]:
            with serving("responses_bare", path, server=server) as bare:
                return {
                    connections: contend(
                        generator,
                        ours,
                        bare,
                        Load(connections=connections, request=REQUEST, expected='"text":"hello"'),
                    )
                    for connections in CONNECTIONS
                }

        with kept(json.loads(sample.body)) as path:
            contests, alike = against("stock", path), against("ours", path)
    worse = min(contests.values(), key=lambda contest: contest.ratio)
    return Outcome(
        name="responses_create",
        ours=worse.ours.rate,
        bare=worse.bare.rate,
        ratio=worse.ratio,
        unit="responses/s",
        goals=[
            Goal(name=f"ratio_{connections}", value=found.ratio, limit=0.65, side="at_least")
            for connections, found in contests.items()
        ],
        details={
            "answer_bytes": len(sample.body),
            "separate_cores": are_separate(),
            **{f"{count}_connections": found.to_json() for count, found in contests.items()},
            "served_alike": {f"{count}_connections": alike[count].to_json() for count in alike},
        },
    )


__all__ = ["run"]
