"""What is said of devices that somebody holds."""

from __future__ import annotations

import pytest

from extender.core.advice.advisor import Subject, advise
from extender.core.advice.claim_warnings import WarningCode, render_warning
from extender.core.cluster.snapshot import Snapshot
from extender.core.prediction.evaluate import Settings
from extender.model import Claim, Device, DeviceID, Node
from tests import builders as b

GPU = "gpu.nvidia.com"
CARD = [
    Device("gpu-0", {f"{GPU}/uuid": b.text("GPU-0")}),
    Device("gpu-0-mig-0", {f"{GPU}/uuid": b.text("MIG-0"), f"{GPU}/parentUUID": b.text("GPU-0")}),
    Device("gpu-1", {f"{GPU}/uuid": b.text("GPU-1")}),
]


def cluster(nodes: int, *claims: Claim) -> Snapshot:
    names = [f"n-{number}" for number in range(nodes)]
    slices = [b.slice_of(GPU, name, CARD) for name in names]
    return b.snapshot(nodes=[Node(name) for name in names], slices=slices, claims=claims)


def warned(snapshot: Snapshot, claim: Claim) -> dict[WarningCode, str]:
    subject = Subject(b.pod("p", claim.name), (claim,))
    advice = advise(subject, snapshot, Settings(), lambda _: None)
    return {each.code: render_warning(each) for each in advice.warnings}


@pytest.mark.parametrize(("held", "nodes"), [("gpu-0-mig-0", "1 node"), ("gpu-1", None)])
def test_a_card_that_would_be_used_twice(held, nodes):
    """The first device is the whole card, and another pod may hold a slice of it, on one of two nodes."""
    snapshot = cluster(2, b.holding("other", DeviceID(GPU, "n-1", held)))
    found = warned(snapshot, b.claim("c", b.spec(b.request("gpu", "gpu"))))
    assert (WarningCode.CARD_USED_TWICE in found) == bool(nodes)
    if nodes:
        text = found[WarningCode.CARD_USED_TWICE]
        assert text.startswith(f"on {nodes} ")
        assert text.endswith(
            "on n-1, gpu-0 (the whole card, for this pod) and gpu-0-mig-0 (a part of it, held by claim "
            "default/other) are one card"
        )


def test_a_pod_that_gets_the_card_and_its_slice():
    """One claim for both: nobody else holds anything, and still it is one card."""
    snapshot = cluster(1)
    found = warned(snapshot, b.claim("c", b.spec(b.request("gpu", "gpu", 2))))
    assert found[WarningCode.CARD_USED_TWICE].endswith(
        "on n-0, gpu-0 (the whole card, for this pod) and gpu-0-mig-0 (a part of it, for this pod) are "
        "one card"
    )


@pytest.mark.parametrize(("held", "gone"), [("gpu-0", False), ("gpu-9", True)])
def test_a_device_that_no_slice_lists(held, gone):
    claim = b.holding("c", DeviceID(GPU, "n-0", held), of=b.spec(b.request("r", "gpu")))
    found = warned(cluster(1, claim), claim)
    assert (WarningCode.DEVICE_NOT_LISTED in found) == gone
    if gone:
        assert found[WarningCode.DEVICE_NOT_LISTED].startswith("claim c holds gpu.nvidia.com/n-0/gpu-9,")
