"""Memory: an idle process, 200,000 sessions of distinct people, 5,000 idle streams."""

import json
import resource
import socket
import subprocess
import sys
from collections.abc import Generator, Mapping
from contextlib import ExitStack, contextmanager

import psutil

from benchmarks.application import PATH
from benchmarks.outcome import Goal, Outcome
from benchmarks.sample import ask_in_part, kept
from benchmarks.server import ROOT, Server, serving
from benchmarks.wire import chunks_of, post

STREAMS = 5_000
EARLY_SESSIONS = 20_000
SESSIONS = 200_000
_SPARE_FILES = 200
_WARM_UP = 20
_MARK = b"waiting"
_MIB = 1024 * 1024
_REQUEST = post(PATH, b'{"input":"hello","stream":true}')


def run() -> Outcome:
    """Count people in one process while another holds streams; nothing here is about time."""
    streams = min(STREAMS, _raise_file_limit() - _SPARE_FILES)
    with _people() as people:
        with serving("wait_host") as server:
            idle = server.resident_bytes()
            sample = chunks_of(ask_in_part(server, _REQUEST, until=_MARK).body)
            ours = _cost_of_streams(server, streams)
        with (
            kept([chunk.decode() for chunk in sample]) as path,
            serving("wait_bare", path, server="stock") as bare,
        ):
            theirs = _cost_of_streams(bare, streams)
        counted = _wait_for(people)
    growth = counted["late_bytes"] - counted["early_bytes"]
    ratio = ours / theirs
    return Outcome(
        name="memory_sessions",
        ours=ours / streams / 1024,
        bare=theirs / streams / 1024,
        ratio=ratio,
        unit="KiB per idle stream",
        goals=[
            Goal(name="idle_mib", value=idle / _MIB, limit=60, side="at_most"),
            Goal(name="sessions_growth_mib", value=growth / _MIB, limit=64, side="at_most"),
            Goal(name="streams_ratio", value=ratio, limit=1.5, side="at_most"),
        ],
        details={
            "streams": streams,
            "sessions": SESSIONS,
            "sessions_compared_with": EARLY_SESSIONS,
            "sessions_driven": "in process through the host's context, past HTTP, for speed",
            "sessions_mib": {
                name.removesuffix("_bytes"): round(value / _MIB, 1)
                for name, value in counted.items()
            },
        },
    )


def _raise_file_limit() -> int:
    """Have as many files as may be had; processes started from here inherit it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * STREAMS if hard == resource.RLIM_INFINITY else hard
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        return wanted
    return max(soft, wanted)


def _cost_of_streams(server: Server, count: int) -> int:
    """The bytes that so many open, silent streams take."""
    with ExitStack() as stack:
        for _ in range(_WARM_UP):
            _open_stream(stack, server)
        before = server.resident_bytes()
        for _ in range(count):
            _open_stream(stack, server)
        return server.resident_bytes() - before


def _open_stream(stack: ExitStack, server: Server) -> None:
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=10)
    stack.enter_context(connection)
    connection.sendall(_REQUEST)
    received = b""
    while _MARK not in received:
        piece = connection.recv(65_536)
        assert piece, "the stream ended before it was idle"
        received += piece


@contextmanager
def _people() -> Generator["subprocess.Popen[str]"]:
    command = [sys.executable, "-m", "benchmarks.people", str(EARLY_SESSIONS), str(SESSIONS)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            if psutil.pid_exists(process.pid):
                process.kill()


def _wait_for(people: "subprocess.Popen[str]") -> Mapping[str, int]:
    output, _ = people.communicate(timeout=300)
    counted: dict[str, int] = json.loads(output)
    return counted


__all__ = ["run"]
