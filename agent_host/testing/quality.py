"""The rules that every channel answers in its `quality.toml`: done, or exempt and why."""

import tomllib
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=10)]

RULES: Final = MappingProxyType(
    {
        "accepts-before-ack": "an event is stored with its work before it is acknowledged",
        "body-capped": "what is read is limited before it is read",
        "cancel": "a run can be stopped over the protocol",
        "disconnect-safe": "a client that leaves loses nothing and leaves nothing open",
        "errors-native": "errors are said in the protocol's own words",
        "foreign-equals-missing": "somebody else's object reads exactly as a missing one",
        "fuzzed": "parsers are tested with made-up input",
        "idempotency": "what is sent twice is done once",
        "inbound-is-pure": "parsing is plain functions",
        "input-required-round-trip": "a question reaches the person, and the answer the run",
        "limits-documented": "every limit is in the README",
        "outbound-is-pure": "rendering is plain functions",
        "owner-scoped-ids": "ids that a client sends are looked up under their owner",
        "readme": "surface, id formats, limits, quirks, how to try it",
        "resumable-streams": "a stream that broke off can be taken up again",
        "secret-required": "it does not start without its secret",
        "streams-without-buffering": "what the target says is sent as it comes",
        "verifies-before-parsing": "signatures are checked over the raw bytes",
    }
)
"""What each rule asks for."""


class RuleAnswer(BaseModel):
    """`reason` is for a rule that does not apply, and only for that."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    status: Literal["done", "exempt"]
    reason: Reason | None = None

    @model_validator(mode="after")
    def _exempt_says_why(self) -> Self:
        if (self.status == "exempt") != (self.reason is not None):
            message = "a rule is done without a reason, or exempt with one"
            raise ValueError(message)
        return self


class Quality(BaseModel):
    """The whole file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rules: dict[str, RuleAnswer] = Field(min_length=1)

    def is_done(self, rule: str) -> bool:
        """Whether the channel keeps the rule."""
        return self.rules[rule].status == "done"


def read_quality(path: Path) -> Quality:
    """The file's answers.

    Raises:
        ValidationError: it is not of this form.
        TOMLDecodeError: it is no TOML.
    """
    return Quality.model_validate(tomllib.loads(path.read_text("utf-8")))


__all__ = ["RULES", "Quality", "RuleAnswer", "read_quality"]
