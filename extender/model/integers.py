"""
Integers of 64 bits as Go reads them.

Source: Go's strconv.ParseInt, base 10.
"""

from __future__ import annotations

import re

from .quantity import MAX_INT64, MIN_INT64

_INTEGER = re.compile(r"([+-]?)0*([0-9]{1,19})")


def parse_int64(text: str) -> int | None:
    """The integer that ``text`` is, without spaces or underscores; ``None`` beyond 64 bits, too."""
    match = _INTEGER.fullmatch(text)
    if match is None:
        return None
    value = int(match[1] + match[2])
    return value if MIN_INT64 <= value <= MAX_INT64 else None
