"""Puts the same load on ours and on the bare server in turn, and compares round by round."""

import json
import subprocess
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from statistics import median

from benchmarks.load import Plan, Report
from benchmarks.server import ROOT, Server


class WrongAnswerError(Exception):
    """A server answered something else than it should: there is nothing to measure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One side's turn."""

    report: Report
    cpu_us: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One side's rounds; every number is the median of them."""

    rounds: Sequence[Round]

    @property
    def rate(self) -> float:
        """Answers per second."""
        return median(played.report.rate for played in self.rounds)

    @property
    def cpu_us(self) -> float:
        """Microseconds of the server's CPU per answer."""
        return median(played.cpu_us for played in self.rounds)

    @property
    def p50_ms(self) -> float:
        """Half of the answers came within."""
        return median(played.report.p50_ms for played in self.rounds)

    @property
    def p99_ms(self) -> float:
        """99 of 100 answers came within."""
        return median(played.report.p99_ms for played in self.rounds)

    def to_json(self) -> dict[str, object]:
        """All of it."""
        return {
            "rate": round(self.rate, 1),
            "cpu_us": round(self.cpu_us, 1),
            "p50_ms": round(self.p50_ms, 2),
            "p99_ms": round(self.p99_ms, 2),
            "answers": sum(played.report.answers for played in self.rounds),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Contest:
    """Both sides under one load. Ratios are medians over pairs of neighbouring rounds."""

    ours: Side
    bare: Side
    load_busy: float

    @property
    def ratio(self) -> float:
        """Our rate by theirs."""
        pairs = zip(self.ours.rounds, self.bare.rounds, strict=True)
        return median(ours.report.rate / bare.report.rate for ours, bare in pairs)

    @property
    def p99_ratio(self) -> float:
        """Our slowest hundredth by theirs; less is better."""
        pairs = zip(self.ours.rounds, self.bare.rounds, strict=True)
        return median(ours.report.p99_ms / bare.report.p99_ms for ours, bare in pairs)

    def to_json(self) -> dict[str, object]:
        """All of it. `load_busy` is the share of its core that the generator needed at most."""
        return {
            "ratio": round(self.ratio, 3),
            "p99_ratio": round(self.p99_ratio, 3),
            "ours": self.ours.to_json(),
            "bare": self.bare.to_json(),
            "extra_cpu_us": round(self.ours.cpu_us - self.bare.cpu_us, 1),
            "load_busy": round(self.load_busy, 2),
        }


class LoadGenerator:
    """The process of `benchmarks.load`."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def run(self, plan: Plan) -> Report:
        """Carry out one plan.

        Raises:
            WrongAnswerError: an answer was not as planned.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(asdict(plan)) + "\n")
        self._process.stdin.flush()
        report = Report(**json.loads(self._process.stdout.readline()))
        if report.wrong or not report.answers:
            message = f"{report.wrong} of {report.answers} answers were wrong: {report.first_wrong}"
            raise WrongAnswerError(message)
        return report


@contextmanager
def load_generator() -> Generator[LoadGenerator]:
    """A generator for as long as this is open."""
    command = [sys.executable, "-m", "benchmarks.load"]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield LoadGenerator(process)
        finally:
            assert process.stdin is not None
            process.stdin.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What is asked of both sides."""

    connections: int
    request: bytes
    expected: str
    expected_count: int = 1
    rounds: int = 5
    seconds: float = 1.2


def contend(generator: LoadGenerator, ours: Server, bare: Server, load: Load) -> Contest:
    """Ours and bare in turn, after a short round of each that does not count."""
    for server in (ours, bare):
        _play(generator, server, load, seconds=load.seconds / 3)
    rounds = [
        (
            _play(generator, ours, load, seconds=load.seconds),
            _play(generator, bare, load, seconds=load.seconds),
        )
        for _ in range(load.rounds)
    ]
    reports = [played.report for pair in rounds for played in pair]
    return Contest(
        ours=Side(rounds=[pair[0] for pair in rounds]),
        bare=Side(rounds=[pair[1] for pair in rounds]),
        load_busy=max(report.cpu_seconds / report.seconds for report in reports),
    )


def _play(generator: LoadGenerator, server: Server, load: Load, *, seconds: float) -> Round:
    before = server.cpu_seconds()
    report = generator.run(
        Plan(
            port=server.port,
            connections=load.connections,
            seconds=seconds,
            request=load.request.decode("latin-1"),
            expected=load.expected,
            expected_count=load.expected_count,
        )
    )
    spent = server.cpu_seconds() - before
    return Round(report=report, cpu_us=1_000_000 * spent / report.answers)


__all__ = ["Contest", "Load", "LoadGenerator", "WrongAnswerError", "contend", "load_generator"]
