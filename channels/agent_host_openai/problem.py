"""What a caller got wrong, in the terms OpenAI's errors have: the parameter, and a code."""

from collections.abc import Mapping
from typing import Final, TypeVar

from pydantic import ValidationError

from agent_host.errors import InvalidInputError, NotFoundError
from agent_host.types import JsonValue
from agent_host_openai.schema import WireModel

Model = TypeVar("Model", bound=WireModel)

_NAME_LIMIT: Final = 64
_TEXT_LIMIT: Final = 200


class WireError(InvalidInputError):
    """A request that OpenAI's API would refuse, or one that asks for what is not offered here."""

    def __init__(self, param: str | None, message: str, *, wire_code: str) -> None:
        super().__init__(message, () if param is None else ((param, message),))
        self.param = param
        self.wire_code = wire_code


class UnknownModelError(NotFoundError):
    """The model is none of those listed."""

    def __init__(self, known: str) -> None:
        super().__init__("model")
        self.args = (f"There is no such model here. Known: {known}.",)


class NotOfferedError(NotFoundError):
    """An operation of the protocol that no host can answer truly."""

    def __init__(self, operation: str, reason: str) -> None:
        super().__init__("operation")
        self.args = (f"{operation} is not offered here: {reason}.",)


def invalid(param: str | None, text: str) -> WireError:
    """The value of `param` is wrong; `text` says how it should be and never repeats it."""
    shown = "body" if param is None else param
    return WireError(param, f"Invalid '{shown}': {text}.", wire_code="invalid_value")


def unsupported(param: str, text: str) -> WireError:
    """`param` is asked for and this host does not do it: better said than passed over."""
    return WireError(param, f"'{param}' is not supported: {text}.", wire_code="unsupported_value")


def answered_elsewhere() -> WireError:
    """The answer does not go to who asked, which a chat completion has no way to say."""
    text = "The answer goes elsewhere. The Responses API says what became of it."
    return WireError(None, text, wire_code="answered_elsewhere")


def missing(param: str) -> WireError:
    """`param` has to be there."""
    text = f"Missing required parameter: '{param}'."
    return WireError(param, text, wire_code="missing_required_parameter")


def checked(model: type[Model], value: Mapping[str, JsonValue], path: str = "") -> Model:
    """`value` as a `model`.

    Raises:
        WireError: it is none; the parameter's path begins with `path`.
    """
    try:
        return model.model_validate(value)
    except ValidationError as error:
        detail = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(str(step)[:_NAME_LIMIT] for step in detail["loc"] if _is_member(step))
        param = ".".join(part for part in (path, place) if part) or None
        if detail["type"] == "missing":
            raise missing(param or "body") from None
        text = detail["msg"][:1].lower() + detail["msg"][1:_TEXT_LIMIT]
        raise invalid(param, text) from None


def _is_member(step: str | int) -> bool:
    # A union's branches stand in the path as names of types.
    return isinstance(step, int) or step.islower()


__all__ = [
    "NotOfferedError",
    "UnknownModelError",
    "WireError",
    "answered_elsewhere",
    "checked",
    "invalid",
    "missing",
    "unsupported",
]
