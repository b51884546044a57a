"""Plain text for a terminal: columns, and nouns with their number."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterator, Sequence

GAP = "  "


def terminal_width() -> int:
    """Columns to write in: the terminal's, at least 60; 100 where there is no terminal."""
    return max(60, shutil.get_terminal_size((100, 24)).columns)


def columns(rows: Sequence[Sequence[str]], *, right: Collection[int] = ()) -> Iterator[str]:
    """
    Yield ``rows`` as lines whose cells stand below each other.

    The columns numbered in ``right`` are aligned to the right. Rows have equal lengths.
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [
            cell.rjust(width) if number in right else cell.ljust(width)
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield GAP.join(cells).rstrip()


def counted(number: int, noun: str) -> str:
    """``1 node``, ``2 nodes``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
