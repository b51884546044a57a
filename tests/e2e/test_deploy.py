"""The manifests in ``deploy`` are accepted by a real API server, and grant what is needed."""

from __future__ import annotations

import pytest

from tests.e2e.api import InvalidClaims, collection_of
from tests.e2e.kustomization import render
from tests.paths import ROOT

pytestmark = pytest.mark.e2e

DEPLOY = ROOT / "deploy"
FOLDERS = ("base", "overlays/production", "overlays/webhook")
CUSTOM = {"ServiceMonitor", "PrometheusRule", "Issuer", "Certificate"}
"""Kinds of the Prometheus operator and of cert-manager: a server without these knows none of them."""
RENDERED = [(folder, document) for folder in FOLDERS for document in render(DEPLOY / folder)]
NAMESPACE = "dra-extender"


def label(value):
    return value if isinstance(value, str) else f"{value['kind']}-{value['metadata']['name']}"


@pytest.fixture
async def namespace(api):
    """The namespace of the manifests, for real: nothing is accepted into one that is not there."""
    (document,) = [
        document for folder, document in RENDERED if folder == "base" and document["kind"] == "Namespace"
    ]
    try:
        await api.create(document)
    except InvalidClaims as refused:
        if refused.status != 409:
            raise
    return document["metadata"]["name"]


@pytest.mark.parametrize(
    ("folder", "document"),
    [(folder, document) for folder, document in RENDERED if document["kind"] not in CUSTOM],
    ids=label,
)
async def test_every_document_but_custom_kinds_is_accepted(api, namespace, folder, document):
    """The server takes each object with strict validation, and warns of nothing."""
    if document["kind"] == "Namespace":
        path = f"{collection_of(document)}/{namespace}"
        stored = await api.request("GET", path)
        sent = {**document, "metadata": {**stored["metadata"], **document["metadata"]}}
        await api.request("PUT", path, sent, dryRun="All", fieldValidation="Strict")
    else:
        await api.create(document, dryRun="All")
    assert api.warnings == []


@pytest.mark.parametrize("folder", FOLDERS)
async def test_the_pod_is_admitted_under_the_namespaces_own_profile(api, namespace, folder):
    """The namespace enforces *restricted*, and the Deployment's pod is let in."""
    (deployment,) = [
        document for where, document in RENDERED if where == folder and document["kind"] == "Deployment"
    ]
    template = deployment["spec"]["template"]
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {**template["metadata"], "name": "dra-extender", "namespace": namespace},
        "spec": template["spec"],
    }
    await api.create(pod, dryRun="All")
    (container,) = template["spec"]["containers"]
    pod["spec"] = {**template["spec"], "containers": [{**container, "securityContext": {}}]}
    with pytest.raises(InvalidClaims, match="restricted"):
        await api.create(pod, dryRun="All")
