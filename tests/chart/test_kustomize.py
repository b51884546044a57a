"""The chart and the kustomizations give equal objects where both have them."""

from __future__ import annotations

import pytest

from tests.chart.render import NEEDS_HELM, as_kustomized, template
from tests.e2e.kustomization import render
from tests.manifests import DEPLOY, named, ordered

pytestmark = NEEDS_HELM

EXISTING = "certificates.source=existing"
CERT_MANAGER = "certificates.source=cert-manager"
PAIRS = [
    ("base", (EXISTING,)),
    ("overlays/bind", (EXISTING, "bind=true")),
    ("overlays/nominate", (EXISTING, "nominate=true")),
    ("overlays/webhook", (CERT_MANAGER, "webhook=true")),
    (
        "overlays/production",
        (
            EXISTING,
            "replicas=2",
            "monitoring.serviceMonitor=true",
            "monitoring.rules=true",
            'networkPolicy.controlPlane=["192.0.2.0/24"]',
        ),
    ),
]
ONLY_KUSTOMIZED = {("Namespace", "dra-extender"), ("NetworkPolicy", "dra-extender-deny")}
"""Helm makes no namespace for itself, and may share one: it denies nothing to the pods of others."""
ONLY_CHART = {("ConfigMap", "dra-extender-control-plane"), ("Lease", "dra-extender-nominate")}
"""The Lease is a hook, which deletes the one that the program made."""


def without_labels(document):
    """The object without labels of its own; those that selectors and pods have stay."""
    metadata = {key: value for key, value in document["metadata"].items() if key != "labels"}
    return {**document, "metadata": metadata}


@pytest.mark.parametrize(("folder", "values"), PAIRS, ids=[folder for folder, _ in PAIRS])
def test_chart_and_kustomization_give_equal_objects(folder, values):
    """Kind, name, and everything in it, but for labels: Helm labels all, kustomize what is in the base."""
    kustomized = {
        named(each): without_labels(ordered(each))
        for each in render(DEPLOY / folder)
        if named(each) not in ONLY_KUSTOMIZED
    }
    charted = {
        named(each): without_labels(ordered(as_kustomized(each)))
        for each in template("mode=extender", *values)
        if named(each) not in ONLY_CHART
    }
    assert set(charted) == set(kustomized)
    for name, document in kustomized.items():
        assert charted[name] == document, name
