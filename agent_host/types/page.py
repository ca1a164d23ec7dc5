"""A page of a longer list."""

from dataclasses import dataclass
from typing import Final, Generic, TypeVar

T = TypeVar("T")

OPERATOR_PAGE_LIMIT: Final = 200
"""The most entries that an operator is given on one page, of whatever list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[T]):
    """`next_cursor` is opaque; None on the last page."""

    items: tuple[T, ...]
    next_cursor: str | None = None


__all__ = ["OPERATOR_PAGE_LIMIT", "Page"]
