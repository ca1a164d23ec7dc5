"""Ten words for why a run failed, so that counts mean the same over all targets and frameworks:
timeout, target_error, tool_error, context_overflow, rate_limit, dependency, validation, rejected,
interrupted, unknown.

`failure_class` folds any failure code onto one of them. `classify` finds the word for an exception
that nobody put into words: a plain function's target may raise what its SDK raised. Exceptions are
known by the names of their classes, and by the HTTP status they carry, so that no SDK is imported
for it.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from types import MappingProxyType
from typing import Final, NamedTuple, cast

from agent_host.errors import (
    AccessError,
    DrainingError,
    ExchangeUnavailableError,
    FailureCode,
    HostError,
    LeaseLostError,
    OnBehalfOfError,
    QueueFullError,
    RequestError,
    RunFailedError,
    SessionBusyError,
    StoreError,
    TargetError,
)

_FOLDED: Final[Mapping[str, FailureCode]] = MappingProxyType(
    {
        **{code.value: code for code in FailureCode},
        FailureCode.TARGET_PROTOCOL: FailureCode.TARGET_ERROR,
        FailureCode.ANSWER_TIMEOUT: FailureCode.TIMEOUT,
    }
)

_OF_THE_HOST: Final[tuple[tuple[type[HostError], FailureCode], ...]] = (
    (LeaseLostError, FailureCode.INTERRUPTED),
    (DrainingError, FailureCode.INTERRUPTED),
    (SessionBusyError, FailureCode.RATE_LIMIT),
    (QueueFullError, FailureCode.RATE_LIMIT),
    (StoreError, FailureCode.DEPENDENCY),
    (AccessError, FailureCode.REJECTED),
    (ExchangeUnavailableError, FailureCode.DEPENDENCY),
    (OnBehalfOfError, FailureCode.REJECTED),
    (RequestError, FailureCode.VALIDATION),
    (RunFailedError, FailureCode.TARGET_ERROR),
)
"""The first that fits counts; what none fits is `unknown`."""


class Verdict(NamedTuple):
    """`code` is one of the ten; `retryable` says that the same may work later."""

    code: FailureCode
    retryable: bool = False


_TARGET_ERROR: Final = Verdict(FailureCode.TARGET_ERROR)
_RATE_LIMIT: Final = Verdict(FailureCode.RATE_LIMIT, retryable=True)
_DEPENDENCY: Final = Verdict(FailureCode.DEPENDENCY, retryable=True)
_REFUSED: Final = Verdict(FailureCode.DEPENDENCY)
_OVERFLOW: Final = Verdict(FailureCode.CONTEXT_OVERFLOW)
_REJECTED: Final = Verdict(FailureCode.REJECTED)
_TIMEOUT: Final = Verdict(FailureCode.TIMEOUT, retryable=True)
_TOOL_ERROR: Final = Verdict(FailureCode.TOOL_ERROR)

_BY_NAME: Final[Mapping[str, Verdict]] = MappingProxyType(
    {
        "APIConnectionError": _DEPENDENCY,  # openai, anthropic
        "ClientConnectionError": _DEPENDENCY,  # aiohttp
        "ConnectionError": _DEPENDENCY,  # Python, requests, redis
        "ContentFilterError": _REJECTED,
        "ContentFilterFinishReasonError": _REJECTED,  # openai
        "ContextOverflowError": _OVERFLOW,  # langchain
        "ContextWindowExceededError": _OVERFLOW,  # litellm
        "GuardrailTripwireTriggered": _REJECTED,
        "InputGuardrailTripwireTriggered": _REJECTED,  # openai-agents
        "ModelContextWindowExceededError": _OVERFLOW,  # pydantic-ai
        "ModelConnectionError": _DEPENDENCY,
        "ModelQuotaExceededError": Verdict(FailureCode.RATE_LIMIT),
        "ModelRateLimitError": _RATE_LIMIT,
        "ModelTimeoutError": _DEPENDENCY,  # langchain
        "NodeTimeoutError": _TIMEOUT,  # langgraph
        "OutputGuardrailTripwireTriggered": _REJECTED,  # openai-agents
        "RateLimitError": _RATE_LIMIT,  # openai, anthropic
        "RunTimedOut": _TIMEOUT,  # pydantic-ai
        "ThrottlingException": _RATE_LIMIT,  # botocore
        "TimeoutError": _TIMEOUT,
        "ToolException": _TOOL_ERROR,  # langchain
        "ToolExecutionError": _TOOL_ERROR,
        "ToolRetryError": _TOOL_ERROR,  # pydantic-ai
        "TransportError": _DEPENDENCY,  # httpx
    }
)
"""By a class's name, the most derived first. A `ValidationError` is not here: in a target's own
code it says nothing about the caller's input, which `InvalidInputError` does.
"""

_OVERFLOW_CODES: Final = frozenset({"context_length_exceeded", "string_above_max_length"})
_TOO_LARGE: Final = 413
_TOO_MANY: Final = 429
_CLIENT_ERRORS: Final = range(400, 500)
_SERVER_ERRORS: Final = range(500, 600)
_DEEPEST: Final = 8


def failure_class(code: str) -> FailureCode:
    """The class of any failure code. A code that is a target's own word is a `target_error`."""
    known = _FOLDED.get(code)
    return known or _host_codes().get(code, FailureCode.TARGET_ERROR)


def classify(error: BaseException) -> Verdict:
    """What an exception means, its causes looked at where it says nothing itself."""
    for one in _causes(error):
        if isinstance(one, HostError):
            return Verdict(_class_of(one), retryable=one.retryable)
        verdict = _by_answer(one) or _by_name(one)
        if verdict is not None:
            return verdict
    return _TARGET_ERROR


def _class_of(error: HostError) -> FailureCode:
    if isinstance(error, TargetError):
        return failure_class(error.code)
    return _of_the_host(type(error))


def _of_the_host(kind: type[HostError]) -> FailureCode:
    fitting = (code for known, code in _OF_THE_HOST if issubclass(kind, known))
    return next(fitting, FailureCode.UNKNOWN)


@cache
def _host_codes() -> Mapping[str, FailureCode]:
    """The codes of the host's own errors; those that are defined later are none of a run."""
    found: dict[str, FailureCode] = {"run_hook": FailureCode.TARGET_ERROR}
    waiting: list[type[HostError]] = [HostError]
    while waiting:
        kind = waiting.pop()
        found.setdefault(kind.code, _of_the_host(kind))
        waiting += [one for one in kind.__subclasses__() if not issubclass(one, TargetError)]
    return MappingProxyType(found)


def _causes(error: BaseException) -> Iterator[BaseException]:
    current: BaseException | None = error
    for _ in range(_DEEPEST):
        if current is None:
            return
        yield current
        current = _only_one_of(current) or current.__cause__


def _only_one_of(error: BaseException) -> BaseException | None:
    if not isinstance(error, BaseExceptionGroup):
        return None
    grouped = cast("BaseExceptionGroup[BaseException]", error).exceptions
    return grouped[0] if len(grouped) == 1 else None


def _by_answer(error: BaseException) -> Verdict | None:
    """By what a remote side said: a code for what is too long, else the HTTP status."""
    if _read(error, "code") in _OVERFLOW_CODES:
        return _OVERFLOW
    status = _read(error, "status_code") or _read(_read(error, "response"), "status_code")
    if not isinstance(status, int):
        return None
    if status == _TOO_MANY:
        return _RATE_LIMIT
    if status == _TOO_LARGE:
        return _OVERFLOW
    if status in _SERVER_ERRORS:
        return _DEPENDENCY
    return _REFUSED if status in _CLIENT_ERRORS else None


def _read(thing: object, name: str) -> object:
    """An attribute that a stranger's exception may have, or may fail to give."""
    try:
        value = getattr(thing, name, None)
        hash(value)
    except Exception:  # noqa: BLE001 - a property of any library; it must not hide the failure
        return None
    return value


def _by_name(error: BaseException) -> Verdict | None:
    for kind in type(error).__mro__:
        verdict = _BY_NAME.get(kind.__name__)
        if verdict is not None:
            return verdict
    return None


__all__ = ["Verdict", "classify", "failure_class"]
