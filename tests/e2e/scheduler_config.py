"""KubeSchedulerConfigurations for a control plane: the stock one, and the samples of this repository."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from tests.e2e.control_plane import ControlPlane
from tests.paths import ROOT

FOLDER = ROOT / "scheduler-config"
SAMPLES = tuple(sorted(FOLDER.glob("*.yaml")))
REQUESTS_PER_SECOND = 5000
"""The default of 50 would hide how fast anything is."""


def stock(plane: ControlPlane, *, name: str = "stock", **fields: Any) -> Path:
    """Without an extender; ``fields`` are further fields of the configuration, ``name`` that of its file."""
    document = {
        "apiVersion": "kubescheduler.config.k8s.io/v1",
        "kind": "KubeSchedulerConfiguration",
        "leaderElection": {"leaderElect": False},
        "clientConnection": {
            "kubeconfig": str(plane.kubeconfig),
            "qps": REQUESTS_PER_SECOND,
            "burst": REQUESTS_PER_SECOND,
        },
        **fields,
    }
    return _write(plane, name, document)


def sample(plane: ControlPlane, path: Path, extender_url: str, **fields: Any) -> Path:
    """
    A file of ``scheduler-config`` as it is, but for the kubeconfig and the extender's address.

    Without TLS where that address is plain HTTP.

    There is no leader to elect: a scheduler whose lease ends while the API server is away ends itself.
    ``fields`` replace further fields of the extender.
    """
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    document["clientConnection"]["kubeconfig"] = str(plane.kubeconfig)
    document["leaderElection"] = {"leaderElect": False}
    (extender,) = document["extenders"]
    for field in ("enableHTTPS", "tlsConfig") if extender_url.startswith("http:") else ():
        del extender[field]
    extender |= {"urlPrefix": extender_url, **fields}
    return _write(plane, path.stem, document)


def verbs(path: Path) -> set[str]:
    """The verbs that a sample lets the scheduler ask, as they are in URLs."""
    (extender,) = yaml.safe_load(path.read_text(encoding="utf-8"))["extenders"]
    return {value for key, value in extender.items() if key.endswith("Verb")}


def _write(plane: ControlPlane, name: str, document: dict[str, Any]) -> Path:
    made = plane.directory / f"{name}.yaml"
    made.write_text(yaml.safe_dump(document), encoding="utf-8")
    return made
