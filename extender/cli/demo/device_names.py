"""Lists of device names, short enough for a line."""

from __future__ import annotations

import re
from collections.abc import Sequence

_NUMBERED = re.compile(r"(?P<stem>.*?)(?P<number>0|[1-9][0-9]*)")


def short_names(names: Sequence[str]) -> str:
    """
    Join names, runs of successive numbers as one: ``gpu-0..3, nic-1``.

    The order stays.
    """
    runs: list[tuple[str, int, int]] = []
    for name in names:
        match = _NUMBERED.fullmatch(name)
        stem, number = (match["stem"], int(match["number"])) if match else (name, -1)
        if runs and number >= 0 and runs[-1][0] == stem and runs[-1][2] == number - 1:
            runs[-1] = (stem, runs[-1][1], number)
        else:
            runs.append((stem, number, number))
    return ", ".join(
        stem if first < 0 else f"{stem}{first}" if first == last else f"{stem}{first}..{last}"
        for stem, first, last in runs
    )
