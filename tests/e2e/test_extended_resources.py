"""Pods that ask for extended resources of a DeviceClass: their claim exists only once they are bound."""

from __future__ import annotations

import pytest

from tests.e2e import scheduler_config, workload
from tests.e2e.api import each
from tests.e2e.extender_server import ready, serving, until
from tests.e2e.releases import MINOR
from tests.e2e.test_live import SAMPLE

pytestmark = pytest.mark.e2e

PODS = 12
RESOURCE = f"deviceclass.resource.kubernetes.io/{workload.GPU_CLASS}"


def pod(name, count):
    """A pod with ``count`` GPUs and no claim."""
    amount = {RESOURCE: str(count)}
    container = {
        "name": "main",
        "image": "registry.example.com/train:1",
        "resources": {"requests": amount, "limits": amount},
    }
    metadata = {"name": name, "namespace": workload.NAMESPACE}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": [container]}}


@pytest.mark.skipif(MINOR < "1.36", reason="extended resources through DRA are off by default before 1.36")
async def test_every_prediction_is_right(cluster):
    """Beside pods with claims, all at once: each is judged on what those before it took."""
    with serving(cluster.directory, "--kubeconfig", cluster.plane.kubeconfig, "--decisive") as extender:
        await until(lambda: ready(extender), "ready")
        config = scheduler_config.sample(cluster.plane, SAMPLE, extender.url)
        with cluster.plane.scheduler(config):
            names = [f"extended-{number}" for number in range(PODS)]
            await each(lambda name: cluster.api.create(pod(name, 2)), names)
            names += await workload.create_pairs(cluster.api, PODS)
            await workload.wait_bound(cluster.api, names)
            await until(lambda: extender.matches() == 2 * PODS, "all claims compared")
        assert extender.mismatches() == []
        assert extender.matches(result="match") == 2 * PODS
        await until(lambda: extender.metric("in_flight_claims") == 0, "nothing in flight")
        assert extender.metric("internal_errors_total") == 0
