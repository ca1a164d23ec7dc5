"""Ids on the wire and what they stand for. Pure; whose they are is found out by looking them up.

A response is a stretch of a run: `resp_<run>` is the one until the run ends or asks the caller
something, `resp_<run>_1` the one from the first answer on. A call that the caller is asked to make
is `call_<run>_<question>`, so that its output alone leads back to the run that waits for it.
"""

import re
from hashlib import sha256
from typing import Final, NamedTuple

from agent_host.types import QuestionId
from agent_host.types.identifier import RUN_PREFIX

CONVERSATION_PREFIX: Final = "conv_"

_RESPONSE: Final = re.compile(r"resp_([0-9a-zA-Z]{1,64})(?:_([1-9][0-9]{0,5}))?")
_ASKED: Final = re.compile(r"(?:call|mcpr)_([0-9a-zA-Z]{1,64})_([0-9a-f]{10})")
_CONVERSATION: Final = re.compile(r"conv_[0-9a-zA-Z]{1,64}")
_DIGEST: Final = 10


class ResponseKey(NamedTuple):
    """A run's id and which of its stretches."""

    run_id: str
    stretch: int


class AskedKey(NamedTuple):
    """A run's id and the digest of a question's."""

    run_id: str
    digest: str


def response_id(run_id: str, stretch: int = 0) -> str:
    """The id of a response."""
    tail = run_id.removeprefix(RUN_PREFIX)
    return f"resp_{tail}_{stretch}" if stretch else f"resp_{tail}"


def parse_response_id(text: str) -> ResponseKey | None:
    """What a response's id stands for; None if it is none of ours."""
    found = _RESPONSE.fullmatch(text)
    if found is None:
        return None
    return ResponseKey(f"{RUN_PREFIX}{found[1]}", int(found[2] or 0))


def call_id(run_id: str, question_id: QuestionId) -> str:
    """The id of a call that the caller is to make."""
    return f"call_{_asked(run_id, question_id)}"


def approval_id(run_id: str, question_id: QuestionId) -> str:
    """The id of an approval that the caller is to give."""
    return f"mcpr_{_asked(run_id, question_id)}"


def parse_asked_id(text: str) -> AskedKey | None:
    """What the id of a call or an approval stands for; None if it is none of ours."""
    found = _ASKED.fullmatch(text)
    return None if found is None else AskedKey(f"{RUN_PREFIX}{found[1]}", found[2])


def digest_of(question_id: QuestionId) -> str:
    """What of a question's id stands in a call's."""
    return sha256(question_id.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGEST]


def is_conversation_id(text: str) -> bool:
    """Whether it could be a conversation's."""
    return _CONVERSATION.fullmatch(text) is not None


def _asked(run_id: str, question_id: QuestionId) -> str:
    return f"{run_id.removeprefix(RUN_PREFIX)}_{digest_of(question_id)}"


__all__ = [
    "CONVERSATION_PREFIX",
    "AskedKey",
    "ResponseKey",
    "approval_id",
    "call_id",
    "digest_of",
    "is_conversation_id",
    "parse_asked_id",
    "parse_response_id",
    "response_id",
]
