"""Helm, built from its Go module: ``python -m tests.chart.helm``."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.go_program import GoProgram

HELM = GoProgram("Helm", "helm.sh/helm/v3", "v3.21.4", "3.21.4", {"helm": "cmd/helm"})


def helm() -> Path:
    """Where the program belongs, built or not."""
    return HELM.path("helm")


if __name__ == "__main__":
    sys.exit(HELM.build("chart"))
