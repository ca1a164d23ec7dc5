"""A request to a place that somebody outside has named, and its answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboundRequest:
    """No redirect is followed; `time_limit` is for all of it, `answer_limit_bytes` for the answer's
    body, the rest of which is not read.
    """

    url: str = field(repr=False)
    method: str = "POST"
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    body: bytes = field(default=b"", repr=False)
    time_limit: timedelta = timedelta(seconds=15)
    answer_limit_bytes: int = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboundAnswer:
    """Header names are lower case. `is_cut` says that the body was longer than its limit."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    is_cut: bool = False


__all__ = ["OutboundAnswer", "OutboundRequest"]
