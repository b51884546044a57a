"""Every sample of ``scheduler-config`` works in a real kube-scheduler."""

from __future__ import annotations

import pytest

from tests.e2e import scheduler_config, workload
from tests.e2e.extender_server import ready, serving, until

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize("path", scheduler_config.SAMPLES, ids=lambda path: path.stem)
async def test_a_sample_is_loaded_and_its_extender_asked(cluster, path):
    """The scheduler starts with the file, asks exactly the verbs it names, and binds the pod."""
    await workload.create_claims(cluster.api, "asked")
    bind = ["--bind"] if "bind" in scheduler_config.verbs(path) else []
    with serving(cluster.directory, "--kubeconfig", cluster.account, *bind) as extender:
        await until(lambda: ready(extender), "ready")
        config = scheduler_config.sample(cluster.plane, path, extender.url)
        with cluster.plane.scheduler(config):
            await workload.create_pod(cluster.api, "asked")
            await workload.wait_bound(cluster.api, ["asked"])
        asked = {verb for verb in ("filter", "prioritize", "bind", "preempt") if extender.answered(verb)}
    assert asked == scheduler_config.verbs(path)
