"""Objects with a `run` method, classes of such, and targets written against the protocol."""

import inspect
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import TypeGuard, cast

from agent_host.adapters.callable_target import CallableTarget
from agent_host.adapters.declaration import first_paragraph, read_declaration, to_name
from agent_host.adapters.signature import Signature, read_signature
from agent_host.errors import UnsupportedTargetError
from agent_host.protocols.target import Target
from agent_host.types.target import TargetCapabilities, TargetDescription


def is_target(candidate: object) -> TypeGuard[Target]:
    """Whether it is a whole `Target` already and needs no adapter."""
    return (
        not inspect.isclass(candidate)
        and isinstance(getattr(candidate, "description", None), TargetDescription)
        and isinstance(getattr(candidate, "capabilities", None), TargetCapabilities)
        and callable(getattr(candidate, "run", None))
    )


class RunnableAdapter:
    """Takes what has a `run` method of any signature that a function may have.

    An object serves all turns at once, so it must keep no state of a turn; a class is instantiated
    for each run, so that its instances may.
    """

    @property
    def supports(self) -> str:
        """One line for error messages."""
        return "an object with a run method (one for all turns), or a class with one (made per run)"

    def matches(self, candidate: object) -> bool:
        """Whether it has a `run` that can be called."""
        return callable(getattr(candidate, "run", None))

    def adapt(self, candidate: object, *, name: str) -> Target:
        """A `Target` as it is; else the object, or one instance of the class per run, as a target.

        An object that is an async context manager is entered before the first turn.

        Raises:
            UnsupportedTargetError: `run` asks for more than a turn can give, or the class cannot
                be made without arguments.
        """
        if is_target(candidate):
            return candidate
        if inspect.isclass(candidate):
            make = cast("Callable[[], object]", candidate)
            _check_constructor(make)
            static = inspect.getattr_static(candidate, "run")
            is_unbound = not isinstance(static, staticmethod | classmethod)
            signature = read_signature(_run_of(make), candidate.__name__, is_unbound=is_unbound)
            return _to_target(lambda: _run_of(make()), signature, candidate, name)
        signature = read_signature(_run_of(candidate), type(candidate).__name__)
        return _to_target(lambda: _run_of(candidate), signature, candidate, name)


def _run_of(instance: object) -> Callable[..., object]:
    return cast("Callable[..., object]", getattr(instance, "run"))  # noqa: B009 - any object's


def _check_constructor(made: Callable[[], object]) -> None:
    try:
        inspect.signature(made).bind()
    except (TypeError, ValueError) as error:
        message = (
            f"{made!r} cannot be made without arguments, which the host does for every run. "
            "Give its parameters defaults, or name an instance of it instead of the class."
        )
        raise UnsupportedTargetError(message) from error


def _said(candidate: object, attribute: str) -> str | None:
    value = getattr(candidate, attribute, None)
    return value if isinstance(value, str) and value else None


def _is_lifespan(candidate: object) -> TypeGuard[AbstractAsyncContextManager[object]]:
    return isinstance(candidate, AbstractAsyncContextManager)


def _to_target(
    provide: Callable[[], Callable[..., object]],
    signature: Signature,
    candidate: object,
    name: str,
) -> Target:
    kind = candidate if inspect.isclass(candidate) else type(candidate)
    return CallableTarget(
        provide,
        signature=signature,
        declared=read_declaration(candidate),
        name=to_name(_said(candidate, "name") or kind.__name__, otherwise=name),
        description=_said(candidate, "description") or first_paragraph(kind),
        lifespan=candidate if _is_lifespan(candidate) else None,
    )


__all__ = ["RunnableAdapter", "is_target"]
