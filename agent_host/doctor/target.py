"""The target: is its code there? None of it runs, unless loading it was asked for."""

import ast
import contextlib
import sys
from collections.abc import Iterator, Sequence
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path

from agent_host.doctor.finding import Finding, ok, problem, setting
from agent_host.doctor.situation import Situation
from agent_host.errors import ConfigurationError
from agent_host.registry import adapt_target
from agent_host.remote_target import discover_target
from agent_host.target_loader import is_remote, load_target, parse_reference


def check_target(situation: Situation) -> Iterator[Finding]:
    """Is it where it is said to be, and is it Python?"""
    reference = situation.settings.target
    if situation.wishes.load_target:
        yield _loaded(situation)
        return
    if is_remote(reference):
        yield ok("The target is an agent elsewhere; --load-target would ask for its card.")
        return
    try:
        file, module, _ = parse_reference(reference)
    except ConfigurationError as error:
        yield problem(str(error), f"Set {setting('target')}.")
        return
    place = file.expanduser() if file is not None else _module_file(module or "")
    if place is None or not place.exists():
        yield problem(
            f"There is no code for {reference!r}, seen from {Path.cwd()}.",
            f"Set {setting('target')} to module:attribute or path.py:attribute.",
        )
        return
    yield _parsed(place)


def _parsed(place: Path) -> Finding:
    """Reads the code and does not run it; compiled and built-in modules are as they are."""
    if place.suffix == ".py":
        try:
            ast.parse(place.read_bytes())
        except (OSError, SyntaxError, ValueError, RecursionError) as error:
            line = getattr(error, "lineno", None)
            where = f"{place}, line {line}" if line else str(place)
            return problem(f"{where} is not readable as Python.", "Correct it.")
    return ok("The target's code is there; --load-target would run it.")


def _loaded(situation: Situation) -> Finding:
    settings = situation.settings
    reference = settings.target
    try:
        # What it prints is not ours to hand on.
        with contextlib.redirect_stdout(sys.stderr):
            found = (
                discover_target(reference, settings.remote_a2a)
                if is_remote(reference)
                else load_target(reference)
            )
            target = adapt_target(found, "agent")
    except ConfigurationError as error:
        return problem(str(error), f"Correct it, or {setting('target')}.")
    except SystemExit:  # it must not end us with a code of its own
        return problem("The target's code ends the process when it is loaded.", "Correct it.")
    return ok(f"The target {target.description.name!r} can be loaded and hosted.")


def _module_file(name: str) -> Path | None:
    """The file of a module, found without an import of its packages."""
    search: Sequence[str] | None = [str(Path.cwd()), *sys.path]
    found: ModuleSpec | None = None
    parts = name.split(".")
    for end in range(1, len(parts) + 1):
        if search is None:
            return None
        found = PathFinder.find_spec(".".join(parts[:end]), search)
        if found is None:
            return None
        search = found.submodule_search_locations
    if found is None or found.origin is None:
        return None
    return Path(found.origin)


__all__ = ["check_target"]
