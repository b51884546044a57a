"""What a claim holds is read, whatever else is wrong with it."""

from __future__ import annotations

import json

import pytest

from extender.core.cluster.changes import Changes
from extender.core.prediction.evaluate import Memo, Outcome, Settings, evaluate
from extender.core.reasons import ReasonCode
from extender.kube.decode import DecodeError, Interner, resource_claim
from extender.kube.encode import claim_json
from extender.model import Claim, Consumer, DeviceID, PoolID
from extender.model.kinds import RESOURCE_CLAIM
from extender.service.wire import host_priorities
from tests import builders as b

GPU, NIC = DeviceID("gpu.nvidia.com", "n", "gpu-0"), DeviceID("gpu.nvidia.com", "n", "gpu-1")
DEEP = b'{"a":' * 2000 + b"1" + b"}" * 2000
PLACE = "the place of what is bad"


def result(device=GPU, **fields):
    return {"request": "r", "driver": device.driver, "pool": device.pool, "device": device.device, **fields}


def claim(*results, spec=None, **status):
    return {
        "metadata": {
            "namespace": "default",
            "name": "bad",
            "uid": "u",
            "ownerReferences": [{"kind": "Pod", "name": "p", "uid": "p-1", "controller": True}],
        },
        "spec": spec or {"devices": {"requests": [{"name": "r", "exactly": {"deviceClassName": "gpu"}}]}},
        "status": {
            "allocation": {"devices": {"results": list(results), **status.pop("devices_of_allocation", {})}},
            "reservedFor": [{"resource": "pods", "name": "p", "uid": "p-1"}],
            **status,
        },
    }


def remains(document, bad=b"1e999"):
    data = json.dumps(document).encode().replace(json.dumps(PLACE).encode(), bad)
    with pytest.raises(DecodeError) as error:
        resource_claim(data, Interner())
    return error.value.remains


def opaque(parameters):
    return {"config": [{"opaque": {"driver": "d", "parameters": parameters}}]}


@pytest.mark.parametrize(
    "document",
    [
        claim(result(), devices_of_allocation=opaque(PLACE)),
        claim(result(), spec={"devices": opaque(PLACE)}),
        claim(result(), devices=[{"driver": "d", "pool": "p", "device": "d", "data": PLACE}], unread=PLACE),
        {**claim(result()), "unread": PLACE},
        claim(result(), spec={"devices": {"requests": 5}}, conditions=PLACE),
    ],
)
@pytest.mark.parametrize("bad", [DEEP, b"1e999"])
def test_the_devices_are_read_apart(document, bad):
    """Opaque parameters and the data of a device's status may hold anything; both are Kubernetes' own."""
    try:
        resource_claim(json.dumps(document).encode().replace(json.dumps(PLACE).encode(), bad), Interner())
    except DecodeError as error:
        held = error.remains
        assert isinstance(held, Claim)
        assert held.allocation is not None
        assert (held.key, held.uid, held.owner_uid) == (("default", "bad"), "u", "p-1")
        assert held.unreadable
        assert held.reserved_for == (Consumer("pods", "p", "p-1"),)
        assert [each.id for each in held.allocation.results] == [GPU]
        assert held.unclear_pools == ()
    else:
        # One number that is out of range is no fault where nobody reads it.
        assert bad != DEEP


@pytest.mark.parametrize(
    "fields",
    [
        {"consumedCapacity": {"memory": {"a": 1}}},
        {"adminAccess": "yes"},
        {"tolerations": [1]},
        {"shareID": PLACE},
    ],
)
def test_a_result_that_is_partly_readable_makes_its_pool_unclear(fields):
    """The device may be held wholly, in part or not at all."""
    held = remains(claim(result(**fields), result(NIC)))
    assert [each.id for each in held.allocation.results] == [GPU, NIC]
    assert held.unclear_pools == (PoolID("gpu.nvidia.com", "n"),)


@pytest.mark.parametrize(
    "document",
    [
        {**claim(), "spec": 1},
        {**claim(result()), "status": None, "spec": 1},
        claim({"driver": 1}, 5, None),
        {"metadata": {"name": "c"}, "spec": 1, "status": {"allocation": 7}},
        {"status": {"allocation": {"devices": {"results": [result()]}}}, "spec": 1},
    ],
)
def test_what_holds_nothing_is_left_out(document):
    """Or nothing of which a device can be read."""
    assert remains(document) is None


@pytest.mark.parametrize("data", [b"", b"[", b"{", b'{"status":{"allocation":{"devices":{"results":[{', b"5"])
def test_what_is_no_object(data):
    """It says nothing, and nothing else is raised."""
    with pytest.raises(DecodeError) as error:
        resource_claim(data, Interner())
    assert error.value.remains is None


def predicted(snapshot, pod):
    verdict = evaluate(snapshot, pod, Memo(host_priorities), Settings()).verdicts(["n"])["n"]
    return verdict.outcome, verdict.reason and verdict.reason.code


@pytest.fixture
def snapshot():
    return b.snapshot(b.pair_node("n", ["r0"], ["r0"]), claims=[b.claim("c")])


def with_claim(snapshot, held):
    return snapshot.updated(Changes.of(RESOURCE_CLAIM, [held]))


def test_its_devices_are_taken(snapshot):
    """A pod that wants the only GPU finds none, and a pod of that claim is unknown."""
    pod = b.pod("job", "c")
    assert predicted(snapshot, pod)[0] is Outcome.ALLOCATED
    held = remains(claim(result(), devices_of_allocation=opaque(PLACE)), DEEP)
    after = with_claim(snapshot, held)
    assert predicted(after, pod) == (Outcome.UNSCHEDULABLE, ReasonCode.NO_FIT)
    assert predicted(after, b.pod("own", "bad")) == (Outcome.UNKNOWN, ReasonCode.CLAIM_UNREADABLE)


def test_an_unclear_pool_is_unknown(snapshot):
    """Its devices are neither surely free nor surely taken; another claim there makes no difference."""
    held = remains(claim(result(NIC, adminAccess="yes")))
    after = with_claim(snapshot, held)
    pod = b.pod("job", "c")
    assert predicted(after, pod) == (Outcome.UNKNOWN, ReasonCode.ALLOCATION_UNREADABLE)
    assert after.nodes["n"].unclear == "default/bad"
    gone = after.updated(Changes.of(RESOURCE_CLAIM, (), [held.key]))
    assert predicted(gone, pod)[0] is Outcome.ALLOCATED


def test_what_remains_can_be_recorded():
    """As a claim that holds these devices and asks for nothing."""
    held = remains(claim(result(), devices_of_allocation=opaque(PLACE)), DEEP)
    again = resource_claim(json.dumps(claim_json(held)).encode(), Interner())
    assert again.allocation == held.allocation
    assert again.reserved_for == held.reserved_for
