"""Python and the packages that the host needs, and those of the extras that are in use."""

import sys
from collections.abc import Iterable, Iterator
from importlib.metadata import PackageNotFoundError, metadata, requires, version
from typing import Final

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from agent_host.doctor.finding import Finding, ok, problem
from agent_host.doctor.situation import Situation

DISTRIBUTION: Final = "agent-host-server"


def check_python() -> Iterator[Finding]:
    """Is it one that the package is made for?"""
    running = ".".join(map(str, sys.version_info[:3]))
    wanted = metadata(DISTRIBUTION)["Requires-Python"]
    if wanted and running not in SpecifierSet(wanted):
        yield problem(f"Python {running} runs, {wanted} is needed.", "Install a newer Python.")
    else:
        yield ok(f"Python {running}.")


def check_packages(extras: Iterable[str] = ()) -> Iterator[Finding]:
    """Is everything there, in versions without known holes? With what these extras ask for."""
    wrong = [*_wrong(map(Requirement, requires(DISTRIBUTION) or ()), extras)]
    for text in wrong:
        yield problem(text, f"Run: pip install --upgrade '{DISTRIBUTION}{_brackets(extras)}'")
    if not wrong:
        known = f"starlette {version('starlette')}, hypercorn {version('hypercorn')}"
        yield ok(f"All packages fit, among them {known}.")


def check_extra_packages(situation: Situation) -> Iterator[Finding]:
    """The same with the extras that the settings need."""
    return check_packages(extras_in_use(situation))


def extras_in_use(situation: Situation) -> tuple[str, ...]:
    """The extras that what is set asks for. Those of channels and targets are looked at as these
    are loaded.
    """
    settings = situation.settings
    wanted = {"jwt": settings.access.jwt.issuer is not None, "otel": settings.telemetry.enabled}
    return tuple(extra for extra, is_wanted in wanted.items() if is_wanted)


def _wrong(requirements: Iterable[Requirement], extras: Iterable[str]) -> Iterator[str]:
    contexts = [{"extra": extra} for extra in ("", *extras)]
    for requirement in requirements:
        marker = requirement.marker
        if marker is not None and not any(marker.evaluate(context) for context in contexts):
            continue
        try:
            installed = version(requirement.name)
        except PackageNotFoundError:
            yield f"The package {requirement.name} is not installed."
            continue
        if not requirement.specifier.contains(installed, prereleases=True):
            yield f"{requirement.name} is {installed}; {requirement.specifier} is needed."


def _brackets(extras: Iterable[str]) -> str:
    named = ",".join(extras)
    return f"[{named}]" if named else ""


__all__ = [
    "DISTRIBUTION",
    "check_extra_packages",
    "check_packages",
    "check_python",
    "extras_in_use",
]
