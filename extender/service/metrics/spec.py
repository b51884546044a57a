"""What one metric is: its name, type, text and labels."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

PREFIX = "dra_extender_"
"""Before the name of every metric of ours."""


class MetricType(StrEnum):
    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True)
class Label:
    """``values`` empty: constant for the life of the process, or listed in ``help``."""

    name: str
    values: tuple[str, ...] = ()
    help: str = ""


@dataclass(frozen=True, slots=True)
class MetricSpec:
    """``name`` without the prefix, as it is exposed; ``buckets`` for histograms, in the metric's unit."""

    name: str
    type: MetricType
    help: str
    labels: tuple[Label, ...] = ()
    buckets: tuple[float, ...] = ()
