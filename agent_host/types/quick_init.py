"""Makes the values that every request builds cheaper to build. They stay what they are: frozen.

The `__init__` of a frozen dataclass looks up `object.__setattr__` for each field; `quick_init`
writes each slot by its descriptor, in half the time. A call of a class also packs its keywords into
a dict and unpacks them again; what `maker` gives is a plain function, in a sixth of the time.
"""

from collections.abc import Callable
from dataclasses import MISSING, fields
from functools import update_wrapper
from typing import Any, Final, ParamSpec, TypeVar, cast

T = TypeVar("T")
P = ParamSpec("P")

_NOT_GIVEN: Final = object()


def quick_init(cls: type[T]) -> type[T]:
    """For a dataclass with `frozen`, `slots` and `kw_only`, and no base that has fields."""
    names, parameters, given = _plan(cls)
    lines: list[str] = []
    for name, value in given.items():
        names[f"_set_{name}"] = cls.__dict__[name].__set__
        lines.append(f"    _set_{name}(self, {value})\n")
    if hasattr(cls, "__post_init__"):
        lines.append("    self.__post_init__()\n")
    source = f"def __init__(self, *, {', '.join(parameters)}):\n{''.join(lines)}"
    exec(source, names)  # noqa: S102 - as `dataclasses` does it; the names are our own fields'
    init = cast("Callable[..., None]", names["__init__"])
    type.__setattr__(cls, "__init__", update_wrapper(init, cls.__init__))
    return cls


def maker(cls: Callable[P, T]) -> Callable[P, T]:
    """A function that takes what the class takes and gives what it gives.

    For a dataclass with `slots` and `kw_only`, and no base that has fields. The object comes to
    life as one of a class with the same slots that is not frozen, which takes plain assignments.
    """
    names, parameters, given = _plan(cast("type[T]", cls))
    names["_class"] = cls
    names["_unfrozen"] = type("_Unfrozen", (), {"__slots__": tuple(given)})
    names["_new"] = object.__new__
    lines = ["    self = _new(_unfrozen)\n"]
    lines += [f"    self.{name} = {value}\n" for name, value in given.items()]
    lines.append("    self.__class__ = _class\n")
    if hasattr(cls, "__post_init__"):
        lines.append("    self.__post_init__()\n")
    lines.append("    return self\n")
    source = f"def make(*, {', '.join(parameters)}):\n{''.join(lines)}"
    exec(source, names)  # noqa: S102 - as above
    return cast("Callable[P, T]", names["make"])


def _plan(cls: type[object]) -> tuple[dict[str, Any], list[str], dict[str, str]]:
    """The names that the code needs, its parameters, and each field's value as code."""
    names: dict[str, Any] = {"_not_given": _NOT_GIVEN}
    parameters: list[str] = []
    given: dict[str, str] = {}
    for field in fields(cast("Any", cls)):
        name = field.name
        given[name] = name
        if field.default_factory is not MISSING:
            # An alias such as `dict[str, int]` costs as much to call as all the rest.
            factory = field.default_factory
            names[f"_new_{name}"] = getattr(factory, "__origin__", factory)
            parameters.append(f"{name}=_not_given")
            given[name] = f"_new_{name}() if {name} is _not_given else {name}"
        elif field.default is not MISSING:
            names[f"_default_{name}"] = field.default
            parameters.append(f"{name}=_default_{name}")
        else:
            parameters.append(name)
    return names, parameters, given


__all__ = ["maker", "quick_init"]
