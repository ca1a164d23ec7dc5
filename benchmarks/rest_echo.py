"""Blocking echo through the REST channel, whole pipeline on, against a bare Starlette route.

The bare route is served by Hypercorn as its command line runs it, which is what somebody has who
does without us; ours by what `agent-host run` starts. `served_alike` in the details is the same
contest with the bare route on our server, so that only the applications differ.
"""

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal

from agent_host.authentication.api_key_book import ApiKeyBook, KeyWish
from agent_host.authentication.api_key_file import ApiKeyFile
from benchmarks.application import PATH
from benchmarks.contest import Contest, Load, contend, load_generator
from benchmarks.core import are_separate
from benchmarks.outcome import Goal, Outcome
from benchmarks.sample import ask_once, kept
from benchmarks.server import serving
from benchmarks.wire import post

BODY: Final = b'{"input":"hello"}'
CONNECTIONS: Final = (16, 64)


def run() -> Outcome:
    """Measure at each number of connections; the worse ratio is the result."""
    contests, alike, size = _measure(["echo_host"], post(PATH, BODY))
    most = max(contests)
    tail = Goal(name=f"p99_ratio_{most}", value=contests[most].p99_ratio, limit=1.5, side="at_most")
    return _outcome("rest_echo", contests, alike, size, goals=[*_ratios(contests, 0.75), tail])


def run_on_disk() -> Outcome:
    """The same with the store on disk, an API key, and sessions."""
    with tempfile.TemporaryDirectory() as folder:
        new, _ = ApiKeyBook(ApiKeyFile(Path(folder, "keys.json"))).create(KeyWish(name="bench"))
        request = post(PATH, BODY, {"authorization": f"Bearer {new.text}"})
        contests, alike, size = _measure(["echo_host_on_disk", folder], request)
    goals = _ratios(contests, 0.50)
    return _outcome("rest_echo_disk_auth", contests, alike, size, goals=goals)


def _measure(
    ours: Sequence[str], request: bytes
) -> tuple[dict[int, Contest], dict[int, Contest], int]:
    with serving(*ours) as host, load_generator() as generator:
        sample = ask_once(host, request)
        answer = json.loads(sample.body)

        def against(server: Literal["ours", "stock"], path: str) -> dict[int, Contest]:
            with serving("echo_bare", path, server=server) as bare:
                return {
                    connections: contend(
                        generator,
                        host,
                        bare,
                        Load(
                            connections=connections,
                            request=request,
                            expected='"output_text":"hello"',
                        ),
                    )
                    for connections in CONNECTIONS
                }

        with kept(answer) as path:
            return against("stock", path), against("ours", path), len(sample.body)


def _ratios(contests: dict[int, Contest], limit: float) -> list[Goal]:
    return [
        Goal(name=f"ratio_{connections}", value=found.ratio, limit=limit, side="at_least")
        for connections, found in contests.items()
    ]


def _outcome(
    name: str,
    contests: dict[int, Contest],
    alike: dict[int, Contest],
    size: int,
    *,
    goals: Sequence[Goal],
) -> Outcome:
    worse = min(contests.values(), key=lambda contest: contest.ratio)
    return Outcome(
        name=name,
        ours=worse.ours.rate,
        bare=worse.bare.rate,
        ratio=worse.ratio,
        unit="requests/s",
        goals=goals,
        details={
            "answer_bytes": size,
            "separate_cores": are_separate(),
            **{f"{count}_connections": found.to_json() for count, found in contests.items()},
            "served_alike": {f"{count}_connections": alike[count].to_json() for count in alike},
        },
    )


__all__ = ["run", "run_on_disk"]
