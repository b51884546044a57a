"""Lines that programs of the tests print, each seen at once."""

from __future__ import annotations

import sys


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def table_row(*cells: object) -> None:
    """A row of a Markdown table."""
    say(f"| {' | '.join(map(str, cells))} |")
