"""How a callable wants its input, read once from its signature."""

import inspect
from collections.abc import AsyncIterable, Callable, Iterator
from dataclasses import dataclass, is_dataclass
from functools import partial
from typing import Any, Final, TypeAlias, cast, get_origin, get_type_hints

from pydantic import BaseModel, PydanticSchemaGenerationError, PydanticUserError, TypeAdapter

from agent_host.calling.typed_input import read_input
from agent_host.errors import UnsupportedTargetError
from agent_host.types.json import JsonObject
from agent_host.types.message import Message
from agent_host.types.result import RunResult
from agent_host.types.turn import Turn

_POSITIONAL: Final = (
    inspect.Parameter.POSITIONAL_ONLY,
    inspect.Parameter.POSITIONAL_OR_KEYWORD,
    inspect.Parameter.VAR_POSITIONAL,
)
_TEXT: Final = (str, object, Any, inspect.Parameter.empty)
_OWN: Final = (Message, RunResult, Turn)


ReadArguments: TypeAlias = Callable[[Turn], tuple[object, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """`arguments` makes the positional arguments of a call from a turn."""

    arguments: ReadArguments
    streams: bool
    is_blocking: bool
    input_schema: JsonObject | None = None
    output_schema: JsonObject | None = None


def _implementation(function: Callable[..., object]) -> Callable[..., object]:
    """What runs when `function` is called: behind a partial, or an instance's `__call__`."""
    while isinstance(function, partial):
        function = function.func
    if inspect.isroutine(function):
        return function
    instance: Any = function
    return cast("Callable[..., object]", instance.__call__)


def _hints(function: Callable[..., object], name: str) -> dict[str, Any]:
    try:
        return get_type_hints(_implementation(function))
    except NameError as error:
        # The usual case: Turn imported under TYPE_CHECKING.
        message = (
            f"The annotations of {name} cannot be read: {error}. "
            "Import what they name outside of TYPE_CHECKING."
        )
        raise UnsupportedTargetError(message) from error


def _input_parameter(
    function: Callable[..., object], name: str, *, is_unbound: bool
) -> inspect.Parameter | None:
    parameters = list(inspect.signature(function).parameters.values())[int(is_unbound) :]
    positional = [parameter for parameter in parameters if parameter.kind in _POSITIONAL]
    required = [
        parameter
        for parameter in parameters
        if parameter.default is inspect.Parameter.empty
        and parameter.kind not in (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    ]
    if required not in ([], positional[:1]):
        message = (
            f"{name} needs {len(required)} arguments; the host has one to give: annotate one "
            "positional parameter as Turn, str or a model, and give the others defaults."
        )
        raise UnsupportedTargetError(message)
    return positional[0] if positional else None


def _schema_of_answer(returned: Any) -> JsonObject | None:  # noqa: ANN401 - any annotation
    if not inspect.isclass(returned) or returned in _OWN:
        return None
    if not issubclass(returned, BaseModel) and not is_dataclass(returned):
        return None
    return TypeAdapter(returned).json_schema(mode="serialization")


def _typed_adapter(annotation: Any, name: str) -> TypeAdapter[object]:  # noqa: ANN401 - any type
    try:
        return TypeAdapter(annotation)
    except (PydanticSchemaGenerationError, PydanticUserError) as error:
        message = (
            f"{name} asks for {annotation!r}, which cannot be made from a message. "
            "Annotate the parameter as Turn, str, a pydantic model or a dataclass."
        )
        raise UnsupportedTargetError(message) from error


def _input_of(
    parameter: inspect.Parameter | None, hints: dict[str, Any], name: str
) -> tuple[ReadArguments, JsonObject | None]:
    if parameter is None:
        return (lambda _: ()), None
    annotation = hints.get(parameter.name, parameter.annotation)
    if annotation is Turn:
        return (lambda turn: (turn,)), None
    if annotation in _TEXT:
        return (lambda turn: (turn.text,)), None
    adapter = _typed_adapter(annotation, name)
    return (lambda turn: (read_input(turn, adapter),)), adapter.json_schema()


def read_signature(
    function: Callable[..., object], name: str, *, is_unbound: bool = False
) -> Signature:
    """How to call `function` with a turn; `is_unbound` says that its first parameter is `self`.

    Its first positional parameter decides: `Turn` gets the turn; `str`, or no annotation, its text;
    any other annotation the typed input (a run hook's value, a data part or JSON text, validated).
    Without parameters it is called with nothing.

    Raises:
        UnsupportedTargetError: it needs more than that, or something that is not JSON.
    """
    hints = _hints(function, name)
    parameter = _input_parameter(function, name, is_unbound=is_unbound)
    arguments, input_schema = _input_of(parameter, hints, name)
    implementation = _implementation(function)
    is_generator = inspect.isgeneratorfunction(implementation) or inspect.isasyncgenfunction(
        implementation
    )
    returned: Any = hints.get("return")
    origin = get_origin(returned)
    returns_stream = inspect.isclass(origin) and issubclass(origin, AsyncIterable | Iterator)
    return Signature(
        arguments=arguments,
        streams=is_generator or returns_stream,
        is_blocking=not is_generator and not inspect.iscoroutinefunction(implementation),
        input_schema=input_schema,
        output_schema=_schema_of_answer(returned),
    )


__all__ = ["Signature", "read_signature"]
