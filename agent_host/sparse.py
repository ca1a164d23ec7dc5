"""Dataclasses as the dicts that are stored of them: what says nothing is left out.

Most fields of most records are None, False, 0 or empty by default, and written all the same they
are half of the bytes. Reading them back takes the default, so a stored type's default that is one
of these never changes: a type that needs another one needs another version of its codec.
"""

from collections.abc import Callable
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import partial
from types import UnionType
from typing import Any, Final, TypeAlias, TypeVar, Union, cast, get_args, get_origin, get_type_hints

T = TypeVar("T")

Sparse: TypeAlias = Callable[[T], dict[str, object]]

_UNIONS: Final = (Union, UnionType)


def sparse(cls: type[T]) -> Sparse[T]:
    """A function that gives the fields of an object of this dataclass, by name.

    Dataclasses among them become dicts too where the annotation is the class, the class or None, or
    a tuple of it, and there is something to leave out; all else is given as it is.
    """
    function = _function(cls, {})
    return cast("Sparse[T]", function or _whole)


def _function(cls: type[Any], known: dict[type[Any], Sparse[Any] | None]) -> Sparse[Any] | None:
    """None if all of every object is stored. `known` are those made before."""
    if cls in known:
        return known[cls]
    names: dict[str, Any] = {}
    known[cls] = partial(_call_later, names)  # for a type that holds itself
    hints = get_type_hints(cls)
    always: list[str] = []
    lines: list[str] = []
    for field in fields(cls):
        name = field.name
        value = _value(hints[name], name, names=names, known=known)
        condition = _condition(field, hints[name])
        if condition is None:
            always.append(f"{name!r}: {value.format(f'value.{name}')}")
        else:
            lines.append(f"    one = value.{name}\n    if one{condition}:\n")
            lines.append(f"        found[{name!r}] = {value.format('one')}\n")
    if not (lines or names):
        known[cls] = None
        return None
    head = f"def plain(value):\n    found = {{{', '.join(always)}}}\n"
    exec("".join((head, *lines, "    return found\n")), names)  # noqa: S102 - as `dataclasses` does
    known[cls] = names["plain"]
    return known[cls]


def _value(
    hint: object, name: str, *, names: dict[str, Any], known: dict[type[Any], Sparse[Any] | None]
) -> str:
    """Code that makes what is stored of `{0}`, a value of this annotation."""
    arguments = get_args(hint)
    template = f"_plain_{name}({{0}})"
    if get_origin(hint) in _UNIONS and len(arguments) == 2 and type(None) in arguments:  # noqa: PLR2004
        (inner,) = (one for one in arguments if one is not type(None))
        template = f"None if {{0}} is None else {template}"
    elif get_origin(hint) is tuple and arguments[1:] == (...,):
        inner = arguments[0]
        template = f"[_plain_{name}(each) for each in {{0}}]"
    else:
        inner = hint
    function = None
    if isinstance(inner, type) and is_dataclass(inner):
        function = _function(inner, known)
    if function is None:
        return "{0}"
    names[f"_plain_{name}"] = function
    return template


def _call_later(names: dict[str, Any], value: object) -> dict[str, object]:
    found: dict[str, object] = names["plain"](value)
    return found


def _whole(value: object) -> dict[str, object]:
    return {field.name: getattr(value, field.name) for field in fields(cast("Any", value))}


def _condition(field: "Field[Any]", hint: object) -> str | None:
    """What has to be true of a value that says something; None if every one does."""
    if field.default is None:
        return " is not None"
    if hint is Any or get_origin(hint) in _UNIONS:
        return None  # None is another value there than False, 0 and what is empty
    if field.default_factory is not MISSING:
        return "" if not field.default_factory() else None
    says_nothing = type(field.default) in (bool, int, tuple) and not field.default
    return "" if says_nothing else None


__all__ = ["Sparse", "sparse"]
