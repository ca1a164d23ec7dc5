"""The load generator: raw sockets on uvloop, in a process and on a core of its own.

Run as `python -m benchmarks.load`: each line of its input is a `Plan` as JSON, each line of its
output what came of it. Every answer is checked, not only counted.
"""

import asyncio
import json
import sys
import time
from dataclasses import asdict, dataclass
from typing import cast

import uvloop

from benchmarks import core
from benchmarks.wire import Answer, parse

_ANSWER_SECONDS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """`connections` send `request` again and again for `seconds`.

    Every answer must be a 200 with `expected` in its body `expected_count` times.
    """

    port: int
    connections: int
    seconds: float
    request: str
    expected: str
    expected_count: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What came of a plan. Latencies are milliseconds; `cpu_seconds` is the generator's own."""

    answers: int
    wrong: int
    seconds: float
    p50_ms: float
    p99_ms: float
    cpu_seconds: float
    first_wrong: str = ""

    @property
    def rate(self) -> float:
        """Answers per second."""
        return self.answers / self.seconds


class _Connection(asyncio.Protocol):
    """One caller who asks, waits for the whole answer, checks it and asks again."""

    __slots__ = ("_buffer", "_round", "_sent_at", "_transport")

    def __init__(self, load: "_Load") -> None:
        self._round = load
        self._buffer = b""
        self._sent_at = 0.0
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are asyncio's in all but their class.
        self._transport = cast("asyncio.Transport", transport)
        self._round.connected(self)

    def ask(self) -> None:
        assert self._transport is not None
        self._sent_at = time.perf_counter()
        self._transport.write(self._round.request)

    def data_received(self, data: bytes) -> None:
        if self._buffer:
            data = self._buffer + data
        answer = parse(data)
        if answer is None:
            self._buffer = data
            return
        self._buffer = b""
        if not self._round.answered(answer, since=self._sent_at):
            self.close()
        elif answer.closes:
            self._round.reconnect()
            self.close()
        else:
            self.ask()

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        if exc is not None or self._buffer:
            self._round.lost()


class _Load:
    """One plan being carried out."""

    def __init__(self, plan: Plan, group: asyncio.TaskGroup) -> None:
        self.request = plan.request.encode("latin-1")
        self._plan = plan
        self._group = group
        self._expected = plan.expected.encode()
        self._waiting: list[_Connection] = []
        self._open = 0
        self._latencies: list[float] = []
        self._wrong = 0
        self._first_wrong = ""
        self._ends_at = 0.0
        self._started_at = 0.0
        self._last_at = 0.0
        self._all_connected = asyncio.Event()
        self._all_done = asyncio.Event()

    async def run(self) -> Report:
        for _ in range(self._plan.connections):
            await self._connect()
        await self._all_connected.wait()
        cpu = time.process_time()
        self._started_at = self._last_at = time.perf_counter()
        self._ends_at = self._started_at + self._plan.seconds
        for connection in self._waiting:
            connection.ask()
        await self._all_done.wait()
        latencies = sorted(self._latencies) or [0.0]
        return Report(
            answers=len(self._latencies),
            wrong=self._wrong,
            first_wrong=self._first_wrong,
            seconds=self._last_at - self._started_at,
            p50_ms=1000 * latencies[len(latencies) // 2],
            p99_ms=1000 * latencies[len(latencies) * 99 // 100],
            cpu_seconds=time.process_time() - cpu,
        )

    def connected(self, connection: _Connection) -> None:
        if self._started_at:
            connection.ask()
            return
        self._waiting.append(connection)
        self._open += 1
        if self._open == self._plan.connections:
            self._all_connected.set()

    def reconnect(self) -> None:
        """Servers close a connection after so many requests; the caller comes back at once."""
        self._group.create_task(self._connect())

    def answered(self, answer: Answer, *, since: float) -> bool:
        """Note the answer; whether to go on."""
        self._last_at = time.perf_counter()
        self._latencies.append(self._last_at - since)
        if answer.status != 200 or answer.body.count(self._expected) != self._plan.expected_count:
            self._note_wrong((answer.head + b"\n" + answer.body)[:500].decode(errors="replace"))
        if self._last_at < self._ends_at:
            return True
        self._open -= 1
        if not self._open:
            self._all_done.set()
        return False

    def lost(self) -> None:
        self._note_wrong("a connection broke off before its answer was whole")

    def _note_wrong(self, what: str) -> None:
        self._wrong += 1
        self._first_wrong = self._first_wrong or what

    async def _connect(self) -> None:
        loop = asyncio.get_running_loop()
        await loop.create_connection(lambda: _Connection(self), "127.0.0.1", self._plan.port)


async def carry_out(plan: Plan) -> Report:
    """Put the load on and report."""
    async with asyncio.timeout(plan.seconds + _ANSWER_SECONDS), asyncio.TaskGroup() as group:
        return await _Load(plan, group).run()


def main() -> None:
    """Carry out plans until standard input ends."""
    core.pin(core.LOAD_CORE)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        for line in sys.stdin:
            report = runner.run(carry_out(Plan(**json.loads(line))))
            print(json.dumps(asdict(report)), flush=True)


if __name__ == "__main__":
    main()
