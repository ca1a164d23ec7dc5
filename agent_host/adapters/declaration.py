"""What a user says about a target beside its code: name, description, capabilities."""

import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

_ATTRIBUTE: Final = "__agent_host_target__"
_UNFIT: Final = re.compile(r"[^A-Za-z0-9_.-]+")

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """What `@target` said. None and False are "not said"."""

    name: str | None = None
    description: str | None = None
    version: str = "0"
    steers: bool = False
    resumes: bool = False
    keeps_history: bool = False
    rerunnable: bool = False
    checkpoints: bool = False


def target(
    *,
    name: str | None = None,
    description: str | None = None,
    version: str = "0",
    steers: bool = False,
    resumes: bool = False,
    keeps_history: bool = False,
    rerunnable: bool = False,
    checkpoints: bool = False,
) -> Callable[[T], T]:
    """Declare what a function, or a class with `run`, is and can do.

    Without it the name is the function's, the description its docstring's first paragraph, and no
    capability but streaming (a generator's) is taken for granted. The function itself stays as
    it is. The flags are those of `TargetCapabilities`.
    """
    declaration = Declaration(
        name=name,
        description=description,
        version=version,
        steers=steers,
        resumes=resumes,
        keeps_history=keeps_history,
        rerunnable=rerunnable,
        checkpoints=checkpoints,
    )

    def declare(candidate: T) -> T:
        setattr(candidate, _ATTRIBUTE, declaration)
        return candidate

    return declare


def read_declaration(candidate: object) -> Declaration:
    """What `@target` said about this object, or nothing."""
    found = getattr(candidate, _ATTRIBUTE, None)
    return found if isinstance(found, Declaration) else Declaration()


def first_paragraph(documented: object) -> str:
    """The first paragraph of an object's own docstring, on one line; empty without one."""
    docstring = inspect.cleandoc(getattr(documented, "__doc__", None) or "")
    if docstring.startswith(f"{getattr(documented, '__name__', None)}("):
        return ""  # The signature, which a dataclass has where nobody wrote a docstring.
    return " ".join(docstring.split("\n\n", 1)[0].split())


def to_name(text: str, *, otherwise: str) -> str:
    """`text` in characters that are fit for a URL, or `otherwise` where nothing is left."""
    return _UNFIT.sub("_", text).strip("_.") or otherwise


__all__ = ["Declaration", "first_paragraph", "read_declaration", "target", "to_name"]
