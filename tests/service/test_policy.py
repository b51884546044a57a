"""The pod's policy: what is asked with the annotation, and that required rejects only what is sure."""

from __future__ import annotations

from dataclasses import replace

import pytest

from extender.core.alignment.pairs import Alignment, Pair
from extender.core.prediction.evaluate import Settings
from extender.core.topology.locations import Distance
from extender.model import Constraint, DeviceID, Devices, Namespace, Pod, ResourceSlice
from extender.service.http.web import make_app
from extender.service.policy import ANNOTATION, Policy, policy_of
from tests import builders as b

PASSED = {"FailedNodes": {}, "FailedAndUnresolvableNodes": {}, "Error": ""}


@pytest.fixture
def rejected(frozen, world, args):
    """Filter real predictions with policy required; answers the rejected nodes and why."""

    async def ask(*names, alignment="required", **options):
        client = await frozen(world, **options)
        response = await client.post("/filter", data=args(*names, alignment=alignment))
        answer = await response.json()
        assert (response.status, answer["FailedNodes"], answer["Error"]) == (200, {}, "")
        unresolvable = answer["FailedAndUnresolvableNodes"]
        assert answer["NodeNames"] == [name for name in names if name not in unresolvable]
        return unresolvable

    return ask


async def test_required_rejects_what_first_fit_makes_far(rejected):
    """Preemption brings no other devices, so the node is unresolvable; the rest passes in order."""
    assert list(await rejected("node-z", "far", "near")) == ["far"]


async def test_the_reason_names_devices_distance_and_three_ways_out(rejected):
    """The text ends up in the pod's condition, where its author reads it."""
    (text,) = (await rejected("far")).values()
    assert text == (
        "dra-extender.io/alignment is required, but gpu.nvidia.com/far/gpu-0 and dra.net/far/nic-0, "
        "which would be allocated here, share no NUMA node (distance remote): constrain them with "
        "matchAttribute, free a nearer pair, or set the annotation to preferred"
    )


async def test_a_constraint_is_the_way_out(rejected, world):
    """What the reason advises helps: with matchAttribute the near NIC is taken."""
    constraint = Constraint(match_attribute=b.ROOT)
    world["claims"] = [b.claim("job-1-claim-0", replace(b.PAIR, constraints=(constraint,), fingerprint="c"))]
    assert await rejected("far", "near") == {}


async def test_a_node_where_nothing_fits_is_not_ours_to_reject(rejected, world):
    """The scheduler offered the node; what it found there we did not."""
    world["claims"].append(b.holding("other", DeviceID("gpu.nvidia.com", "far", "gpu-0")))
    assert await rejected("far") == {}


async def test_allocated_devices_count_too(rejected, world):
    """A claim that is allocated already is as exact as can be."""
    far_apart = DeviceID("gpu.nvidia.com", "near", "gpu-0"), DeviceID("dra.net", "near", "nic-1")
    world["claims"] = [b.holding("job-1-claim-0", *far_apart)]
    assert list(await rejected("near")) == ["near"]


@pytest.mark.parametrize(
    "claims",
    [[], [b.claim("job-1-claim-0", b.spec(b.request("gpu", "gpu")))]],
    ids=["claim missing", "a single device"],
)
async def test_without_a_pair_nothing_is_rejected(rejected, world, claims):
    """A prediction that is unknown, or that has nothing to align, passes every node."""
    world["claims"] = claims
    assert await rejected("far", "near", "node-z") == {}


@pytest.mark.parametrize(("kubernetes", "expected"), [("1.35.3", []), ("1.36.2", ["far"])])
async def test_an_order_dependent_prediction_rejects_nothing(rejected, world, kubernetes, expected):
    """Up to 1.35 pools are tried in random order: of two pools of NICs either may be taken."""
    far = [each for each in world["slices"] if each.pool != "far" or each.driver != "dra.net"]
    far += [
        ResourceSlice(
            f"far-{name}",
            "dra.net",
            f"far-{name}",
            node_name="far",
            devices=Devices.of((b.device("n", root, numa),)),
        )
        for name, root, numa in (("a", "pci0000:80", 1), ("b", "pci0000:10", 0))
    ]
    world["slices"] = far
    assert list(await rejected("far", kubernetes=kubernetes)) == expected


async def test_the_search_budget_rejects_nothing(frozen, world, args):
    """A search that was given up knows nothing."""
    client = await frozen(world, settings=Settings(search_steps=1, request_steps=1))
    response = await client.post("/filter", data=args("far", alignment="required"))
    assert (await response.json())["NodeNames"] == ["far"]


async def test_the_farthest_pair_is_named(client, args, facade, make_verdict):
    """Of several far pairs the text names the farthest."""
    found = make_verdict("socket")
    third = replace(
        found.devices[1], result=replace(found.devices[1].result, id=DeviceID("dra.net", "n", "net9"))
    )
    pairs = (
        Pair(0, 1, "gpu-nic", Distance.SOCKET, 0.3),
        Pair(0, 2, "gpu-nic", Distance.REMOTE, 0.1),
        Pair(1, 2, "nic-nic", Distance.NUMA, 0.5),
    )
    facade.table = {"n": replace(found, devices=(*found.devices, third), alignment=Alignment(0.2, pairs))}
    response = await client.post("/filter", data=args("n", alignment="required"))
    text = (await response.json())["FailedAndUnresolvableNodes"]["n"]
    assert "dra.net/n/net9" in text
    assert "distance remote" in text


WORDS = {
    None: "preferred",
    "ignore": "ignore",
    "preferred": "preferred",
    "required": "required",
    "": "preferred",
    "Required": "preferred",
    " required": "preferred",
    "requierd": "preferred",
}


@pytest.mark.parametrize("word", WORDS)
async def test_what_each_word_does(client, args, facade, make_verdict, word):
    """Only required rejects, only ignore makes all nodes equal; an unknown word does neither."""
    facade.table = {"node-a": make_verdict("remote", score=20)}
    filtered = await (await client.post("/filter", data=args("node-a", alignment=word))).json()
    scores = await (await client.post("/prioritize", data=args("node-a", alignment=word))).json()
    assert (filtered["NodeNames"] == []) == (WORDS[word] == "required")
    assert scores == [{"Host": "node-a", "Score": 50 if WORDS[word] == "ignore" else 20}]


@pytest.mark.parametrize("default", Policy)
async def test_the_default_is_for_pods_without_the_annotation(
    connect, service, args, facade, make_verdict, default
):
    """The option sets what a pod means that says nothing; a pod that says something means that."""
    facade.table = {"node-a": make_verdict("remote", score=20)}
    client = await connect(make_app(replace(service, default_policy=default)))

    async def rejects(alignment):
        answer = await (await client.post("/filter", data=args("node-a", alignment=alignment))).json()
        return answer["NodeNames"] == []

    assert await rejects(None) == (default is Policy.REQUIRED)
    assert await rejects("required")
    assert not await rejects("preferred")
    assert not await rejects("a typing error")


@pytest.mark.parametrize(
    ("of_pod", "of_namespace", "default", "want"),
    [
        ("ignore", "required", "preferred", "ignore"),
        ("preferred", "required", "required", "preferred"),
        (None, "required", "preferred", "required"),
        (None, "ignore", "required", "ignore"),
        (None, None, "required", "required"),
        ("a typing error", "required", "required", "preferred"),
        (None, "a typing error", "required", "preferred"),
    ],
)
def test_the_pod_then_its_namespace_then_the_default(of_pod, of_namespace, default, want):
    """The nearest word counts, also where it is none of ours."""
    pod = Pod("team-a", "p", annotations={ANNOTATION: of_pod} if of_pod else {})
    namespaces = {
        "team-a": Namespace("team-a", {ANNOTATION: of_namespace} if of_namespace else {}),
        "team-b": Namespace("team-b", {ANNOTATION: "ignore"}),
    }
    found = policy_of(pod, namespaces, Policy(default))
    assert found == (want, "a typing error" not in (of_pod, of_namespace))


async def test_the_namespace_of_the_snapshot_counts(rejected, world):
    """A cluster that holds the namespace answers by its annotation."""
    world["namespaces"] = [Namespace("default", {ANNOTATION: "required"})]
    assert list(await rejected("far", "near", alignment=None)) == ["far"]


def test_the_annotation_is_the_documented_one():
    """Pods in the field carry it."""
    assert ANNOTATION == "dra-extender.io/alignment"


@pytest.mark.parametrize("annotations", [{}, None, {"other": "required"}])
async def test_a_pod_without_the_annotation_passes(client, facade, make_verdict, annotations):
    """No annotations at all, and null, are as good as none of ours."""
    facade.table = {"node-a": make_verdict("remote")}
    pod = {"metadata": {"name": "p", "namespace": "d", "annotations": annotations}, "spec": {}}
    answer = await (await client.post("/filter", json={"Pod": pod, "NodeNames": ["node-a"]})).json()
    assert answer == {"Nodes": None, "NodeNames": ["node-a"], **PASSED}
