"""What one turn spent on models, for its span and for the counts."""

from opentelemetry.trace import Span

from agent_host import telemetry
from agent_host.observability.instrument import Instruments
from agent_host.types.result import Usage

_PROVIDER = "agent_host"
"""Which model's provider was asked is the framework's to report; this is the host's own count."""


class TokenUsage:
    """Adds up what is reported; a total at the end stands for all of it."""

    __slots__ = ("_spent",)

    def __init__(self) -> None:
        self._spent: Usage | None = None

    def add(self, usage: Usage) -> None:
        """More was spent."""
        self._spent = usage if self._spent is None else self._spent + usage

    def replace(self, total: Usage) -> None:
        """This is all that was spent."""
        self._spent = total

    def report(self, span: Span, instruments: Instruments, attributes: dict[str, str]) -> None:
        """Tell the span, and count input and output. Nothing reported, nothing told."""
        spent = self._spent
        if spent is None:
            return
        span.set_attribute(telemetry.INPUT_TOKENS, spent.input_tokens)
        span.set_attribute(telemetry.OUTPUT_TOKENS, spent.output_tokens)
        if spent.cached_input_tokens:
            span.set_attribute(telemetry.CACHED_INPUT_TOKENS, spent.cached_input_tokens)
        if spent.reasoning_tokens:
            span.set_attribute(telemetry.REASONING_TOKENS, spent.reasoning_tokens)
        counted = {**attributes, telemetry.PROVIDER_NAME: _PROVIDER}
        for kind, tokens in (("input", spent.input_tokens), ("output", spent.output_tokens)):
            instruments.tokens.record(tokens, {**counted, telemetry.TOKEN_TYPE: kind})


__all__ = ["TokenUsage"]
