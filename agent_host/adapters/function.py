"""Functions and other callables as targets."""

import inspect
from collections.abc import Callable
from typing import cast

from agent_host.adapters.callable_target import CallableTarget
from agent_host.adapters.declaration import (
    first_paragraph,
    read_declaration,
    target,
    to_name,
)
from agent_host.adapters.signature import read_signature
from agent_host.protocols.target import Target


class FunctionAdapter:
    """Takes `str -> str`, `Turn -> str`, `Turn -> RunResult` and their kin, async or not, and
    generators of text and events.
    """

    @property
    def supports(self) -> str:
        """One line for error messages."""
        return "a function or (async) generator that takes text, a Turn or a model, or nothing"

    def matches(self, candidate: object) -> bool:
        """Whether it can be called and is no class."""
        return callable(candidate) and not inspect.isclass(candidate)

    def adapt(self, candidate: object, *, name: str) -> Target:
        """The callable as a target; see `agent_host.adapters.signature` for what it is given.

        Raises:
            UnsupportedTargetError: its signature asks for more than a turn can give.
        """
        function = cast("Callable[..., object]", candidate)
        documented: object = getattr(function, "func", function)  # of a partial
        own_name = getattr(documented, "__name__", "").replace("<lambda>", "")
        known_as = to_name(own_name, otherwise=name)
        return CallableTarget(
            lambda: function,
            signature=read_signature(function, known_as),
            declared=read_declaration(function),
            name=known_as,
            description=first_paragraph(documented),
        )


__all__ = ["FunctionAdapter", "target"]
