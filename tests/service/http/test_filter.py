"""Filter: every name passes, unless the pod requires alignment."""

from __future__ import annotations

import orjson
import pytest


async def test_answers_every_name_in_the_order_given(client, args):
    """Filter repeats the names of the request, whatever is known about them."""
    response = await client.post("/filter", data=args("node-b", "node-z", "node-a"))
    assert response.status == 200
    assert await response.json() == {
        "Nodes": None,
        "NodeNames": ["node-b", "node-z", "node-a"],
        "FailedNodes": {},
        "FailedAndUnresolvableNodes": {},
        "Error": "",
    }


async def test_answers_a_name_sent_twice_once(client, args):
    """The scheduler does not remove duplicates from an answer, so filter does."""
    response = await client.post("/filter", data=args("node-b", "node-a", "node-b"))
    assert (await response.json())["NodeNames"] == ["node-b", "node-a"]


@pytest.mark.parametrize("alignment", [None, "preferred", "ignore"])
async def test_evaluates_nothing_unless_the_policy_is_required(client, args, facade, alignment):
    """Most pods need no prediction in filter, and get none."""
    await client.post("/filter", data=args("node-a", alignment=alignment))
    assert facade.calls == 0


@pytest.mark.parametrize("distance", ["socket", "remote"])
async def test_required_rejects_an_exact_far_pair(client, args, facade, make_verdict, metric, distance):
    """Devices that share no NUMA node make a node unresolvable; the text says what to change."""
    facade.table = {"node-a": make_verdict(distance), "node-b": make_verdict("numa")}
    response = await client.post("/filter", data=args("node-a", "node-b", alignment="required"))
    answer = await response.json()
    assert answer["NodeNames"] == ["node-b"]
    assert answer["FailedNodes"] == {}
    text = answer["FailedAndUnresolvableNodes"].pop("node-a")
    assert answer["FailedAndUnresolvableNodes"] == {}
    assert "gpu.nvidia.com/node-a/gpu-0 and dra.net/node-a/net0" in text
    assert f"distance {distance}" in text
    assert "annotation to preferred" in text
    assert metric("rejected_nodes_total") == 1


@pytest.mark.parametrize("distance", ["device", "pcie-root", "numa", "unknown"])
async def test_required_passes_near_and_unknown_pairs(client, args, facade, make_verdict, distance):
    """One NUMA node is aligned, and not knowing is no ground to reject."""
    facade.table = {"node-a": make_verdict(distance)}
    response = await client.post("/filter", data=args("node-a", alignment="required"))
    assert (await response.json())["NodeNames"] == ["node-a"]


async def test_required_passes_what_is_not_exact(client, args, facade, make_verdict):
    """A prediction that depends on an unknown order rejects nothing."""
    facade.table = {"node-a": make_verdict("remote", certainty="order-dependent")}
    response = await client.post("/filter", data=args("node-a", alignment="required"))
    assert (await response.json())["NodeNames"] == ["node-a"]


@pytest.mark.parametrize("outcome", ["unschedulable", "error", "unknown"])
async def test_required_passes_nodes_without_an_allocation(client, args, facade, new_verdict, outcome):
    """The scheduler offered the node, so it knows better than a prediction without devices."""
    facade.table = {"node-a": new_verdict(outcome)}
    response = await client.post("/filter", data=args("node-a", "node-z", alignment="required"))
    assert (await response.json())["NodeNames"] == ["node-a", "node-z"]


async def test_an_internal_error_passes_every_node(client, args, facade, metric, logged):
    """An error of ours costs the opinion, never the pod; it is counted and logged with its stack."""
    facade.failure = RuntimeError("broken prediction")
    response = await client.post("/filter", data=args("node-a", "node-b", alignment="required"))
    answer = await response.json()
    assert response.status == 200
    assert (answer["NodeNames"], answer["Error"]) == (["node-a", "node-b"], "")
    assert metric("internal_errors_total", verb="filter") == 1
    assert metric("neutral_answers_total", verb="filter", reason="internal-error") == 1
    assert [str(line["exc_info"]) for line in logged] == ["broken prediction"]


async def test_passes_every_node_before_the_cluster_is_listed(
    client, args, facade, store, make_verdict, metric
):
    """A half-read cluster would give wrong predictions, so there is none."""
    store.ready = False
    facade.table = {"node-a": make_verdict("remote")}
    response = await client.post("/filter", data=args("node-a", alignment="required"))
    assert (await response.json())["NodeNames"] == ["node-a"]
    assert metric("neutral_answers_total", verb="filter", reason="not-ready") == 1


async def test_an_unknown_annotation_means_preferred_and_is_counted(
    client, args, facade, make_verdict, metric
):
    """A typing error in the annotation must not reject nodes."""
    facade.table = {"node-a": make_verdict("remote")}
    response = await client.post("/filter", data=args("node-a", alignment="requierd"))
    assert (await response.json())["NodeNames"] == ["node-a"]
    assert metric("policy_requests_total", verb="filter", policy="unknown-word") == 1


async def test_repeats_node_objects_byte_for_byte(client, pod):
    """Without nodeCacheCapable the scheduler uses the Nodes as answered, so they come back as they came."""
    items = b'{"metadata":{"name":"node-b"},"spec":{"x":1.50}},{"metadata":{"name":"node-a"} }'
    nodes = b'{"metadata":{},"items":[%s]}' % items
    body = b'{"Pod":%s,"Nodes":%s,"NodeNames":null}' % (orjson.dumps(pod()), nodes)
    response = await client.post("/filter", data=body)
    text = await response.read()
    assert b'"Nodes":' + nodes in text
    assert orjson.loads(text)["NodeNames"] is None


async def test_rejects_node_objects_and_repeats_the_others(client, pod, facade, make_verdict):
    """Node objects are subject to the same policy as names."""
    facade.table = {"node-a": make_verdict("remote"), "node-b": make_verdict("numa")}
    kept = b'{"metadata":{"name":"node-b"},"spec":{"x":1.50}}'
    nodes = b'{"items":[{"metadata":{"name":"node-a"}},%s]}' % kept
    body = b'{"Pod":%s,"Nodes":%s,"NodeNames":null}' % (orjson.dumps(pod("required")), nodes)
    response = await client.post("/filter", data=body)
    text = await response.read()
    assert b'"items":[%s]' % kept in text
    assert list(orjson.loads(text)["FailedAndUnresolvableNodes"]) == ["node-a"]


async def test_warns_of_node_objects_once(client, pod, logged, metric):
    """Whole Nodes are answered, with one warning in the log that tells the setting to change."""
    body = orjson.dumps({"Pod": pod(), "Nodes": {"items": [{"metadata": {"name": "node-a"}}]}})
    for _ in range(3):
        assert (await client.post("/filter", data=body)).status == 200
    assert sum("nodeCacheCapable: true" in line["event"] for line in logged) == 1
    assert metric("node_object_requests_total", verb="filter") == 3


async def test_an_empty_list_is_answered_with_an_empty_list(client, args):
    """No names is a request like any other."""
    response = await client.post("/filter", data=args())
    assert (await response.json())["NodeNames"] == []
