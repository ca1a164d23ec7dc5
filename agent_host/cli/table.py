"""Columns of text."""

from collections.abc import Iterable, Sequence


def format_table(rows: Iterable[Sequence[str]], *, indent: str = "") -> str:
    """Rows of equally many cells, each column as wide as its widest cell."""
    cells = [tuple(row) for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = ("  ".join(map(str.ljust, row, widths)).rstrip() for row in cells)
    return "\n".join(indent + line for line in lines)


__all__ = ["format_table"]
