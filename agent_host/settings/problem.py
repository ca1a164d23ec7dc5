"""What is wrong with a setting, said so that it can be put right: where, what, and what to do.

Values are never repeated, since any of them may be a secret.
"""

import difflib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NoReturn, TypeAlias

from pydantic import ValidationError

from agent_host.errors import ConfigurationError
from agent_host.settings.option import Option, OptionKind

Path: TypeAlias = tuple[str, ...]

_SAID_BY_KIND: Final = frozenset(
    {OptionKind.BOOLEAN, OptionKind.INTEGER, OptionKind.NUMBER, OptionKind.CHOICE}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One wrong setting. `where` names it the way its author wrote it."""

    where: str
    what: str

    def __str__(self) -> str:
        """As one line."""
        return f"{self.where}: {self.what}"


def raise_problems(problems: Sequence[Problem]) -> NoReturn:
    """Say all of them at once.

    Raises:
        ConfigurationError: always.
    """
    if len(problems) == 1:
        raise ConfigurationError(str(problems[0]))
    lines = [f"{len(problems)} settings are wrong:", *(f"  {problem}" for problem in problems)]
    raise ConfigurationError("\n".join(lines))


def nearest(wrong: str, known: Iterable[str]) -> str | None:
    """The key that was probably meant: spelled alike, or of the same name in another table."""
    candidates = sorted(set(known))
    near = difflib.get_close_matches(wrong, candidates, n=1, cutoff=0.75)
    if near:
        return near[0]
    by_name = {name.rpartition(".")[2]: name for name in candidates}
    near = difflib.get_close_matches(wrong.rpartition(".")[2], by_name, n=1, cutoff=0.7)
    return by_name[near[0]] if near else None


def find_problems(
    error: ValidationError,
    *,
    prefix: Path,
    options: Iterable[Option],
    where: Callable[[Path], str | None],
) -> Iterator[Problem]:
    """What pydantic found, in our words. `where` names a path that somebody has set."""
    known = {option.path: option for option in options}
    for item in error.errors(include_url=False, include_input=False, include_context=False):
        path = (*prefix, *(str(step) for step in item["loc"]))
        set_path = next((path[:end] for end in range(len(path), 0, -1) if where(path[:end])), ())
        inside = ".".join(path[len(set_path) :])
        option = _owner(path, known)
        if item["type"] == "missing":
            yield Problem(where=".".join(path), what=_missing(option))
            continue
        named = where(set_path) if set_path else None
        name = f"{named} ({inside})" if named and inside else named or ".".join(path) or "settings"
        yield Problem(where=name, what=_explain(item["msg"], option, nested=bool(inside)))


def _owner(path: Path, known: dict[Path, Option]) -> Option | None:
    lengths = range(len(path), 0, -1)
    return next((known[path[:end]] for end in lengths if path[:end] in known), None)


def _missing(option: Option | None) -> str:
    hint = f" Set it in the configuration file or as {option.variable}." if option else ""
    return f"is required and not set.{hint}"


def _explain(message: str, option: Option | None, *, nested: bool) -> str:
    if option and option.secret:
        return "this is not a valid value (it is not shown, as it may be a secret)"
    if option and not nested and option.kind in _SAID_BY_KIND:
        return f"expected {option.expects}"
    text = message.removeprefix("Value error, ").replace("Input should be", "expected")
    return text[:1].lower() + text[1:]


__all__ = ["Path", "Problem", "find_problems", "nearest", "raise_problems"]
