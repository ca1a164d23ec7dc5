"""The object behind a reference such as `my_module:agent` or `path/to/file.py:make_agent()`.

Imports the user's code, and so runs it; nothing here is for references from callers.
"""

import importlib
import importlib.util
import inspect
import re
import sys
from collections.abc import Callable
from difflib import get_close_matches
from hashlib import sha256
from pathlib import Path
from types import ModuleType
from typing import Any, Final, NamedTuple, cast, get_origin, get_type_hints

from agent_host.errors import ConfigurationError

GUESSES: Final = ("agent", "app", "target", "graph", "workflow")
_FILE: Final = re.compile(r"(?P<where>.+\.py)(?::(?P<what>.*))?", re.DOTALL)
_ATTRIBUTE: Final = re.compile(r"(?P<path>[^\W\d]\w*(?:\.[^\W\d]\w*)*)(?P<call>\(\))?")
_FORM: Final = (
    "Write module:attribute or path/to/file.py:attribute, with () to call a factory; or "
    "a2a+https://host/path for an agent elsewhere."
)
_REMOTE: Final = re.compile(r"(?:a2a\+)?https?://", re.IGNORECASE)


class Reference(NamedTuple):
    """A reference in its parts: one of `file` and `module`, and what is named in it, if it is."""

    file: Path | None
    module: str | None
    attribute: str | None


def is_remote(reference: str) -> bool:
    """Whether it names an agent elsewhere, by its URL, and no code."""
    return _REMOTE.match(reference) is not None


def parse_reference(reference: str) -> Reference:
    """What the reference names, without a look at whether it is there.

    Raises:
        ConfigurationError: it is none.
    """
    if "\0" in reference:
        message = f"{reference!r} is not a reference. {_FORM}"
        raise ConfigurationError(message)
    file = _FILE.fullmatch(reference)
    if file is not None:
        return Reference(Path(file["where"]), None, file["what"])
    where, colon, attribute = reference.partition(":")
    if not all(part.isidentifier() for part in where.split(".")):
        message = f"{where!r} is not a module's name. {_FORM}"
        raise ConfigurationError(message)
    return Reference(None, where, attribute if colon else None)


def load_target(reference: str) -> object:
    """The object that `reference` names.

    `module:attribute` imports from the working directory too; `file.py:attribute` imports from the
    file's own folder too, as `python file.py` does. The attribute may be dotted. Without one, that
    of `agent`, `app`, `target`, `graph` and `workflow` is taken which alone is there.

    A factory is called, without arguments: `module:make()` always; without the parentheses, where
    it needs none and its return annotation is a class with `run` or `ainvoke`, so that a target
    function of no parameters stays a target. It must not be async: there is no loop yet, and what
    it made would belong to another.

    Raises:
        ConfigurationError: the reference leads nowhere, or the user's code raised while it was
            imported or called; then its exception is the cause.
    """
    file, name, what = parse_reference(reference)
    if file is not None:
        where, module = str(file), _load_file(file)
    else:
        where = name or ""
        module = _load_module(where)
    found, label, is_called = _guess(module, where) if what is None else _walk(module, where, what)
    return _call(found, label) if is_called or _is_factory(found) else found


def _load_module(name: str) -> ModuleType:
    _search(Path.cwd())
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        missing = error.name or ""
        if name == missing or name.startswith(f"{missing}."):
            message = (
                f"There is no module {missing!r}, neither in {Path.cwd()} nor installed. "
                "Start the host in its folder, or name its file: path/to/file.py:attribute."
            )
            raise ConfigurationError(message) from error
        raise _broken(name, error) from error
    except Exception as error:
        raise _broken(name, error) from error


def _load_file(path: Path) -> ModuleType:
    resolved = path.expanduser().resolve()
    if not resolved.is_file():
        message = f"There is no file {resolved}."
        raise ConfigurationError(message)
    # A name of its own, so that a file called like an installed module cannot take its place.
    digest = sha256(str(resolved).encode()).hexdigest()[:12]
    name = f"_agent_host_target_{digest}"
    specification = importlib.util.spec_from_file_location(name, resolved)
    if specification is None or specification.loader is None:
        message = f"{resolved} cannot be imported as Python."
        raise ConfigurationError(message)
    _search(resolved.parent)
    module = importlib.util.module_from_spec(specification)
    sys.modules[name] = module
    try:
        specification.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        raise _broken(str(path), error) from error
    return module


def _search(folder: Path) -> None:
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))


def _broken(what: str, error: Exception) -> ConfigurationError:
    hint = ""
    if isinstance(error, ImportError) and "relative import" in str(error):
        hint = " A file inside a package is named by its module: package.module:attribute."
    if isinstance(error, ConfigurationError):  # it says itself what to change
        return ConfigurationError(f"{what}: {error}")
    return ConfigurationError(f"{what} raised {type(error).__name__}: {error}.{hint}")


def _guess(module: ModuleType, where: str) -> tuple[object, str, bool]:
    there = [name for name in GUESSES if hasattr(module, name)]
    if len(there) == 1:
        return getattr(module, there[0]), f"{where}:{there[0]}", False
    found = f"has {' and '.join(there)}" if there else f"has none of {', '.join(GUESSES)}"
    message = f"{where} {found}; say which object to host: {where}:attribute."
    raise ConfigurationError(message)


def _walk(module: ModuleType, where: str, what: str) -> tuple[object, str, bool]:
    parsed = _ATTRIBUTE.fullmatch(what)
    if parsed is None:
        message = f"{what!r} is not an attribute. {_FORM}"
        raise ConfigurationError(message)
    found: object = module
    for step in parsed["path"].split("."):
        if not hasattr(found, step):
            near = get_close_matches(step, dir(found), n=1)
            near = near or [name for name in GUESSES if hasattr(found, name)]
            hint = f" Did you mean {near[0]!r}?" if near else ""
            message = f"{where}:{parsed['path']} is not there: no {step!r}.{hint}"
            raise ConfigurationError(message)
        found = getattr(found, step)
    return found, f"{where}:{parsed['path']}", parsed["call"] is not None


def _is_factory(found: object) -> bool:
    if not inspect.isfunction(found) or inspect.signature(found).parameters:
        return False
    try:
        made: Any = get_type_hints(found).get("return")
    except NameError:
        return False
    kind = get_origin(made) or made
    return inspect.isclass(kind) and (hasattr(kind, "run") or hasattr(kind, "ainvoke"))


def _call(found: object, label: str) -> object:
    if not callable(found):
        message = f"{label} cannot be called; leave out the parentheses."
        raise ConfigurationError(message)
    if inspect.iscoroutinefunction(found):
        message = f"{label} is async. Make the factory a plain function."
        raise ConfigurationError(message)
    factory = cast("Callable[[], object]", found)
    try:
        inspect.signature(factory).bind()
    except TypeError as error:
        message = f"{label} needs arguments; a factory is called without any."
        raise ConfigurationError(message) from error
    try:
        return factory()
    except Exception as error:
        raise _broken(f"{label}()", error) from error


__all__ = ["GUESSES", "Reference", "is_remote", "load_target", "parse_reference"]
