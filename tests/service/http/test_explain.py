"""Explain: the documented JSON, with an entry of all keys for every requested name."""

from __future__ import annotations

import pytest

from extender.model import DeviceID, Request
from extender.service.http import verbs
from tests import builders as b

NODE_KEYS = [
    "outcome",
    "certainty",
    "reason",
    "message",
    "devices",
    "score",
    "alignment",
    "fragmentation",
    "fit",
]


@pytest.fixture
def explain(frozen, world, args):
    """Explain the pod on nodes of the world; answers the document."""

    async def ask(*names, alignment=None, **options):
        client = await frozen(world, **options)
        response = await client.post("/explain", data=args(*names, alignment=alignment))
        assert response.status == 200
        assert response.content_type == "application/json"
        return await response.json()

    return ask


async def test_the_document(explain):
    """Every key and value, in the documented order."""
    document = await explain("near")
    assert document == {
        "apiVersion": "dra-extender.io/v1alpha1",
        "kind": "Explanation",
        "pod": "default/job-1",
        "kubernetes": "1.36.2",
        "nodes": {
            "near": {
                "outcome": "allocated",
                "certainty": "exact",
                "reason": None,
                "message": None,
                "devices": [
                    {
                        "claim": "job-1-claim-0",
                        "request": "gpu",
                        "driver": "gpu.nvidia.com",
                        "pool": "near",
                        "device": "gpu-0",
                    },
                    {
                        "claim": "job-1-claim-0",
                        "request": "nic",
                        "driver": "dra.net",
                        "pool": "near",
                        "device": "nic-0",
                    },
                ],
                "score": 100,
                "alignment": {
                    "predicted": 1.0,
                    "best": 1.0,
                    "bestComplete": True,
                    "pairs": [
                        {
                            "a": "gpu.nvidia.com/near/gpu-0",
                            "b": "dra.net/near/nic-0",
                            "kinds": "gpu-nic",
                            "distance": "pcie-root",
                            "worth": 1.0,
                        }
                    ],
                },
                "fragmentation": {
                    "intactGroups": {"before": 1, "after": 0},
                    "firstFitGroups": {"before": 1, "after": 0},
                    "ownGroups": 1,
                },
                "fit": None,
            }
        },
        "attempt": {
            "outcome": "allocated",
            "nodes": {"allocated": 1, "unschedulable": 0, "error": 0, "unknown": 0},
        },
        "ignored": [],
    }
    assert list(document) == ["apiVersion", "kind", "pod", "kubernetes", "attempt", "ignored", "nodes"]
    assert list(document["nodes"]["near"]) == NODE_KEYS


async def test_what_is_predicted_is_told_apart_from_what_is_best(explain):
    """First fit takes the far NIC although a near one is free."""
    node = (await explain("far"))["nodes"]["far"]
    assert [device["device"] for device in node["devices"]] == ["gpu-0", "nic-0"]
    assert node["alignment"]["pairs"][0]["distance"] == "remote"
    assert node["alignment"]["predicted"] < node["alignment"]["best"] == 1.0


async def test_every_name_has_an_entry_in_the_order_given(explain):
    """A node that is not known has all keys too, and a number for a score."""
    nodes = (await explain("node-z", "far", "near"))["nodes"]
    assert list(nodes) == ["node-z", "far", "near"]
    assert nodes["node-z"] == {
        "outcome": "unknown",
        "certainty": "exact",
        "reason": "node-unknown",
        "message": "the node is not known (yet)",
        "devices": [],
        "score": 50,
        "alignment": {"predicted": None, "best": None, "bestComplete": True, "pairs": []},
        "fragmentation": None,
        "fit": None,
    }


async def test_a_name_sent_twice_is_explained_once(explain):
    """Names are keys."""
    assert list((await explain("near", "far", "near"))["nodes"]) == ["near", "far"]


async def test_no_names_are_no_nodes(explain):
    """An empty list is a request like any other."""
    assert (await explain())["nodes"] == {}


async def test_a_claim_that_is_allocated_is_listed_so(explain, world):
    """Its devices are those of the allocation, marked; only what is predicted has no mark."""
    held = b.holding(
        "job-1-claim-0",
        DeviceID("gpu.nvidia.com", "near", "gpu-0"),
        DeviceID("dra.net", "near", "nic-1"),
    )
    world["claims"] = [held]
    node = (await explain("near"))["nodes"]["near"]
    assert [(device["device"], device["allocated"]) for device in node["devices"]] == [
        ("gpu-0", True),
        ("nic-1", True),
    ]
    assert node["alignment"]["pairs"][0]["distance"] == "remote"


async def test_claims_are_in_the_order_of_the_pod(frozen, world):
    """An allocated claim that comes second is listed second."""
    world["claims"] = [
        b.claim("first", b.spec(b.request("nic", "nic"))),
        b.holding("second", DeviceID("gpu.nvidia.com", "near", "gpu-0")),
    ]
    pod = {
        "metadata": {"name": "p", "namespace": "default"},
        "spec": {
            "resourceClaims": [{"name": name, "resourceClaimName": name} for name in ("first", "second")]
        },
    }
    client = await frozen(world)
    response = await client.post("/explain", json={"Pod": pod, "NodeNames": ["near"]})
    devices = (await response.json())["nodes"]["near"]["devices"]
    assert [(device["claim"], device.get("allocated")) for device in devices] == [
        ("first", None),
        ("second", True),
    ]


async def test_a_subrequest_is_named_with_its_parent(explain, world):
    """As the allocator writes it: parent/sub."""
    first = b.request("x", "gpu").exactly
    assert first is not None
    request = Request("device", first_available=(first,))
    world["claims"] = [b.claim("job-1-claim-0", b.spec(request))]
    (device,) = (await explain("near"))["nodes"]["near"]["devices"]
    assert device["request"] == "device/x"


@pytest.mark.parametrize(
    ("claims", "classes", "outcome", "reason", "score"),
    [
        ([], b.CLASSES, "unknown", "claim-missing", 50),
        ([b.claim("job-1-claim-0")], [b.GPU_CLASS], "unschedulable", "class-missing", 0),
        (
            [
                b.claim("job-1-claim-0"),
                b.holding("other", DeviceID("gpu.nvidia.com", "near", "gpu-0")),
            ],
            b.CLASSES,
            "unschedulable",
            "no-fit",
            0,
        ),
    ],
    ids=["missing claim", "missing class", "no free device"],
)
async def test_why_there_are_no_devices(explain, world, claims, classes, outcome, reason, score):
    """Without a prediction of devices there is a reason, in a word and in a sentence."""
    world.update(claims=claims, classes=classes)
    node = (await explain("near"))["nodes"]["near"]
    assert list(node) == NODE_KEYS
    assert (node["outcome"], node["reason"], node["score"]) == (outcome, reason, score)
    assert node["message"]
    assert node["devices"] == []
    assert node["alignment"] == {"predicted": None, "best": None, "bestComplete": True, "pairs": []}
    assert (node["fit"] is not None) is (reason == "no-fit")


async def test_a_pod_without_claims_is_allocated_with_nothing(frozen, world):
    """There is nothing to predict, and nothing to say against any node."""
    client = await frozen(world)
    pod = {"metadata": {"name": "web", "namespace": "shop"}, "spec": {}}
    document = await (await client.post("/explain", json={"Pod": pod, "NodeNames": ["near"]})).json()
    node = document["nodes"]["near"]
    assert document["pod"] == "shop/web"
    assert (node["outcome"], node["reason"], node["devices"]) == ("allocated", None, [])


async def test_the_policy_ignore_is_the_neutral_score(explain):
    """What is predicted is told all the same."""
    nodes = (await explain("near", "far", alignment="ignore"))["nodes"]
    assert {node["score"] for node in nodes.values()} == {50}
    assert all(node["devices"] for node in nodes.values())


async def test_the_release_that_is_modelled_is_told(explain):
    """The document names the full version."""
    assert (await explain("near", kubernetes="1.37.2"))["kubernetes"] == "1.37.2"


async def test_a_frozen_cluster_gives_the_same_answer_twice(frozen, world, args):
    """Neither explain nor the verbs in between leave anything behind."""
    client = await frozen(world)
    body = args("far", "near", "node-z", alignment="required")
    first = await (await client.post("/explain", data=body)).read()
    for verb in ("filter", "prioritize", "explain"):
        assert (await client.post(f"/{verb}", data=body)).status == 200
    binding = {"PodName": "job-1", "PodNamespace": "default", "PodUID": "1", "Node": "near"}
    assert (await client.post("/bind", json=binding)).status == 200
    assert await (await client.post("/explain", data=body)).read() == first


async def test_it_agrees_with_prioritize(frozen, world, args):
    """The score explained is the score given."""
    client = await frozen(world)
    body = args("far", "near", "node-z")
    nodes = (await (await client.post("/explain", data=body)).json())["nodes"]
    entries = await (await client.post("/prioritize", data=body)).json()
    assert {name: node["score"] for name, node in nodes.items()} == {
        entry["Host"]: entry["Score"] for entry in entries
    }


async def test_node_objects_are_explained_by_name(frozen, world, pod):
    """The body is that of filter, in both forms."""
    client = await frozen(world)
    body = {"Pod": pod(), "Nodes": {"items": [{"metadata": {"name": "near"}}]}, "NodeNames": None}
    document = await (await client.post("/explain", json=body)).json()
    assert document["nodes"]["near"]["outcome"] == "allocated"


async def test_before_the_cluster_is_listed_all_is_unknown(client, args, store, facade):
    """A half-read cluster would explain wrongly, so every name is unknown, with all keys."""
    store.ready = False
    document = await (await client.post("/explain", data=args("node-b", "node-a"))).json()
    assert list(document["nodes"]) == ["node-b", "node-a"]
    for node in document["nodes"].values():
        assert list(node) == NODE_KEYS
        assert (node["outcome"], node["score"]) == ("unknown", 50)
        assert isinstance(node["message"], str)
    assert facade.calls == 0


async def test_only_the_first_nodes_are_told_why_nothing_fits(explain, world, monkeypatch):
    """A request costs a bounded number of diagnoses, whatever it asks about; the reason stays."""
    monkeypatch.setattr(verbs, "MOST_DIAGNOSED", 1)
    world["claims"] = [b.claim("job-1-claim-0", b.spec(b.request("gpu", "gpu", 9)))]
    nodes = (await explain("near", "far"))["nodes"]
    assert {name: node["reason"] for name, node in nodes.items()} == {"near": "no-fit", "far": "no-fit"}
    assert [name for name, node in nodes.items() if node["fit"] is not None] == ["far"]
