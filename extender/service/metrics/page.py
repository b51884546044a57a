"""
The table of ``docs/metrics.md``, made from the table of metrics.
"""

from __future__ import annotations

from collections.abc import Iterator

from .spec import PREFIX, MetricSpec
from .specs import METRICS


def markdown() -> str:
    """The table of ``docs/metrics.md``."""
    return "\n".join(
        ["| Metric | Type | Labels | Meaning |", "|---|---|---|---|", *(_row(spec) for spec in METRICS)]
    )


def _row(spec: MetricSpec) -> str:
    labels = "; ".join(_labels(spec)) or "none"
    buckets = f" Buckets: {', '.join(f'{bound:g}' for bound in spec.buckets)}." if spec.buckets else ""
    return f"| `{PREFIX}{spec.name}` | {spec.type} | {labels} | {spec.help}{buckets} |"


def _labels(spec: MetricSpec) -> Iterator[str]:
    for label in spec.labels:
        values = ", ".join(f"`{value}`" for value in label.values)
        yield f"`{label.name}`: {values or label.help}"
