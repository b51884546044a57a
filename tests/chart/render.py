"""What ``helm template`` makes of the chart, and what Helm adds to every object."""

from __future__ import annotations

import argparse
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from extender.cli.serve import command as serve
from tests.chart.helm import helm
from tests.chart.values import CHART
from tests.e2e.releases import RELEASES

NEEDS_HELM = pytest.mark.skipif(
    not helm().exists(), reason="Helm is not built: python -m tests.chart.helm (needs Go)"
)
OF_HELM = {
    "app.kubernetes.io/instance",
    "app.kubernetes.io/managed-by",
    "app.kubernetes.io/version",
    "helm.sh/chart",
}
"""Labels that tell one release from another; the kustomizations have none of them."""
POLICIES = {
    "1.34": "",
    "1.35": "",
    "1.36": "admissionregistration.k8s.io/v1",
    "1.37": "admissionregistration.k8s.io/v1",
    "1.38": "admissionregistration.k8s.io/v1",
}
"""Where the API has MutatingAdmissionPolicies by default; k8s.io/api admissionregistration, v0.36."""


MODES = ("second-scheduler", "extender", "audit-only")
OF_THE_OPERATOR = ("monitoring.serviceMonitor=true", "monitoring.rules=true")
"""Objects of kinds that only the Prometheus operator brings."""


def everything(minor: str) -> tuple[str, ...]:
    """Every switch on that a minor has, but those that need an operator."""
    return (
        "replicas=2",
        "bind=true",
        f"nominate={'false' if minor == '1.34' else 'true'}",
        "webhook=true",
        'networkPolicy.controlPlane=["192.0.2.1/32", "2001:db8::1/128"]',
        'routing.excludedNamespaces=["kube-system"]',
        'routing.extendedResources=["example.com/gpu"]',
        "monitoring.dashboard=true",
    )


class Refused(Exception):
    """Helm did not render; the text is what it said."""


def run(*arguments: str | Path) -> str:
    """What Helm prints; ``Refused`` where it fails."""
    # Nothing of the user's own Helm counts.
    environment = {"HOME": "/nonexistent", "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        [helm(), *arguments], capture_output=True, text=True, timeout=120, check=False, env=environment
    )
    if done.returncode != 0:
        raise Refused(done.stderr + done.stdout)
    return done.stdout


def template(
    *values: str,
    minor: str = "1.36",
    release: str = "dra-extender",
    namespace: str = "dra-extender",
    options: tuple[str, ...] = (),
    chart: Path = CHART,
) -> list[dict[str, Any]]:
    """The objects of the chart; ``values`` as ``name=value``, which is JSON where it can be."""
    settings = [part for value in values for part in (flag(value), value)]
    version = ["--kube-version", RELEASES[minor]]
    if "-" in RELEASES[minor]:
        # Helm leaves out what makes a pre-release of it; from an API server it takes all.
        version += ["--set", f"scheduler.version={RELEASES[minor]}"]
    text = run("template", release, chart, "--namespace", namespace, *version, *settings, *options)
    return [document for document in yaml.safe_load_all(text) if document is not None]


def notes(folder: Path, *values: str, release: str, namespace: str) -> str:
    """What Helm shows after an installation only: rendered into an object of a copy of the chart here."""
    copied = folder / "chart"
    shutil.copytree(CHART, copied)
    text = (copied / "templates" / "NOTES.txt").read_text()
    (copied / "templates" / "_notes.tpl").write_text('{{- define "notes" -}}\n' + text + "{{- end -}}\n")
    probe = 'apiVersion: v1\nkind: Probe\ndata: {{ include "notes" . | toJson }}\n'
    (copied / "templates" / "probe.yaml").write_text(probe)
    documents = template(*values, release=release, namespace=namespace, chart=copied)
    shown: str = the("Probe", documents)["data"]
    return shown


def flag(value: str) -> str:
    """The option of Helm for ``name=value``."""
    return "--set-json" if value.partition("=")[2][:1] in ("{", "[", '"') else "--set"


def as_kustomized(value: Any) -> Any:
    """The value without the labels that Helm adds."""
    if isinstance(value, dict):
        return {key: as_kustomized(item) for key, item in value.items() if key not in OF_HELM}
    if isinstance(value, list):
        return [as_kustomized(item) for item in value]
    return value


def the(kind: str, documents: list[dict[str, Any]]) -> dict[str, Any]:
    """The one object of a kind."""
    found = [document for document in documents if document["kind"] == kind]
    assert len(found) == 1, f"{len(found)} objects of kind {kind}"
    return found[0]


def pod_templates(documents: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What makes pods: that of the Deployment first, then those of CronJobs."""
    found = [each["spec"]["template"] for each in documents if each["kind"] == "Deployment"]
    jobs = [each["spec"]["jobTemplate"] for each in documents if each["kind"] == "CronJob"]
    return found + [each["spec"]["template"] for each in jobs]


def pod(documents: list[dict[str, Any]]) -> dict[str, Any]:
    """The pod of the Deployment, or of the CronJob where there is none."""
    spec: dict[str, Any] = pod_templates(documents)[0]["spec"]
    return spec


def container(documents: list[dict[str, Any]], name: str) -> dict[str, Any]:
    """A container of the pod."""
    found: dict[str, Any]
    (found,) = [each for each in pod(documents)["containers"] if each["name"] == name]
    return found


def configuration(documents: list[dict[str, Any]]) -> dict[str, Any]:
    """What the second scheduler reads."""
    (found,) = [
        document["data"]["config.yaml"]
        for document in documents
        if document["kind"] == "ConfigMap" and "config.yaml" in document["data"]
    ]
    document: dict[str, Any] = yaml.safe_load(found)
    return document


def served(documents: list[dict[str, Any]]) -> argparse.Namespace:
    """The options of serve, as the program understands them."""
    parser = argparse.ArgumentParser()
    serve.add_arguments(parser)
    return parser.parse_args(container(documents, "dra-extender")["args"][1:])
