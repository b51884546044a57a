"""
Prometheus and promtool, built from their Go module: ``python -m tests.monitoring.programs``.

Without the web interface, whose files are not in the module, and without service discovery: tests
name what is read.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.go_program import GoProgram

PROMETHEUS = GoProgram(
    "Prometheus",
    "github.com/prometheus/prometheus",
    "v0.316.0",
    "3.16.0",
    {"promtool": "cmd/promtool", "prometheus": "cmd/prometheus"},
    tags="remove_all_sd",
)


def program(name: str) -> Path:
    """Where ``prometheus`` or ``promtool`` belongs, built or not."""
    return PROMETHEUS.path(name)


NEEDS_PROMETHEUS = pytest.mark.skipif(
    not all(map(Path.exists, map(program, PROMETHEUS.packages))),
    reason="Prometheus is not built: make prometheus (needs Go)",
)

if __name__ == "__main__":
    sys.exit(PROMETHEUS.build("monitoring"))
