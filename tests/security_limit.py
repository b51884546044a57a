"""One limit of the table in ``docs/security.md``."""

from __future__ import annotations

from dataclasses import dataclass

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limit:
    """
    ``unit`` stands after the value; ``MiB`` has the value in bytes.

    ``beyond``: what happens to what exceeds it. ``metric`` counts that, empty where nothing does.
    """

    what: str
    value: float
    unit: str
    beyond: str
    metric: str = ""

    def row(self) -> str:
        value = round(self.value / MIB if self.unit == "MiB" else self.value)
        metric = f"`{self.metric}`" if self.metric else "not counted"
        return f"| {self.what} | {value:,} {self.unit} | {self.beyond} | {metric} |"
