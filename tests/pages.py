"""What a page of the documentation shows: its fenced blocks, and its parts."""

from __future__ import annotations

import re
from pathlib import Path

FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def fenced(text: str, *languages: str) -> list[str]:
    """The blocks of these languages, in order."""
    return [body for language, body in FENCE.findall(text) if language in languages]


def part(path: Path, heading: str) -> str:
    """What stands below a heading of any level, up to the next one."""
    below = re.compile(rf"^#+ {re.escape(heading)}\n(.*?)(?=^#+ |\Z)", re.MULTILINE | re.DOTALL)
    (found,) = below.findall(FENCE.sub(_masked, path.read_text()))
    return str(found).replace("\N{ZERO WIDTH SPACE}", "")


def _masked(block: re.Match[str]) -> str:
    """A block in which no line looks like a heading."""
    return re.sub(r"^#", "\N{ZERO WIDTH SPACE}#", block[0], flags=re.MULTILINE)
