"""What the chart renders is accepted by a real API server."""

from __future__ import annotations

import pytest

from tests.chart.render import MODES, NEEDS_HELM, everything, pod_templates, template
from tests.e2e.releases import MINOR
from tests.e2e.second_scheduler import NAMESPACE, RELEASE, make_namespace

pytestmark = [pytest.mark.e2e, NEEDS_HELM]

MINORS = sorted({MINOR, "1.35"})
"""That of the API server, and one whose API server has no policies that change objects."""


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("minor", MINORS)
@pytest.mark.parametrize("full", [False, True], ids=["defaults", "everything"])
async def test_every_object_is_accepted(api, mode, minor, full):
    """With strict validation and without a warning; the pods, too, under the namespace's own profile."""
    await make_namespace(api)
    values = everything(minor) if full else ()
    documents = template(f"mode={mode}", *values, minor=minor, release=RELEASE, namespace=NAMESPACE)
    for document in documents:
        await api.create(document, dryRun="All")
    for number, pod in enumerate(pod_templates(documents)):
        metadata = {**pod["metadata"], "name": f"probe-{number}", "namespace": NAMESPACE}
        document = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": pod["spec"]}
        await api.create(document, dryRun="All")
    assert api.warnings == []
