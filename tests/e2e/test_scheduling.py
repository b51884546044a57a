"""The real scheduler with our extender in its loop."""

from __future__ import annotations

import json
import urllib.request

import pytest

from tests.e2e import scheduler_config, workload
from tests.e2e.extender_server import dump, serving

pytestmark = pytest.mark.e2e

PODS = 20
SAMPLE = scheduler_config.FOLDER / "score-alignment-first.yaml"


def scores(extender, pod, nodes):
    """What the extender thinks of each node for a pod."""
    body = {"Pod": pod, "Nodes": None, "NodeNames": nodes}
    request = urllib.request.Request(
        f"{extender.url}/explain", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=30) as response:
        explained = json.loads(response.read())
    return {name: node["score"] for name, node in explained["nodes"].items()}


async def test_pods_land_where_the_extender_scores_highest(cluster):
    """Twenty pods, one after the other: each is asked about, bound, and on a node of the best score."""
    names = [f"pair-{number}" for number in range(PODS)]
    for name in names:
        await workload.create_claims(cluster.api, name)
    nodes = [node["metadata"]["name"] for node in await cluster.api.list_all("Node")]
    # A frozen view: it holds the claims, as yet unallocated, and learns of no allocation.
    dumped = await dump(cluster.api, cluster.directory / "cluster.json")
    with serving(cluster.directory, "--cluster", dumped) as extender:
        config = scheduler_config.sample(cluster.plane, SAMPLE, extender.url)
        with cluster.plane.scheduler(config):
            for position, name in enumerate(names, 1):
                pod = await workload.create_pod(cluster.api, name)
                bound = await workload.wait_bound(cluster.api, [name])
                assert extender.answered("prioritize") >= position
                scored = scores(extender, pod, nodes)
                assert len(set(scored.values())) > 1, "all nodes score alike, so the scheduler had no choice"
                assert scored[bound[name]] == max(scored.values())
        assert extender.metric("internal_errors_total") == 0
        assert extender.metric("bad_requests_total") == 0
