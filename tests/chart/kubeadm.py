"""
kubeadm, built from the module of Kubernetes: ``python -m tests.chart.kubeadm``.

It needs no cluster to write the static pod of kube-scheduler, and patches it as it does in
``kubeadm init`` and ``kubeadm upgrade``.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tests.e2e.build import KUBERNETES, kubernetes_module, version_flags
from tests.e2e.releases import DEFAULT_MINOR, RELEASES
from tests.go_program import GoProgram

RELEASE = RELEASES[DEFAULT_MINOR]
KUBEADM = GoProgram(
    "kubeadm",
    KUBERNETES,
    f"v{RELEASE}",
    RELEASE,
    {"kubeadm": "cmd/kubeadm"},
    flags=version_flags(RELEASE),
    go_mod=lambda go: kubernetes_module(go, DEFAULT_MINOR),
)


def kubeadm() -> Path:
    """Where the program belongs, built or not."""
    return KUBEADM.path("kubeadm")


if __name__ == "__main__":
    sys.exit(KUBEADM.build("chart"))
