"""The claims of a pod, and why no node can work."""

from __future__ import annotations

from dataclasses import replace

import pytest

from extender.core.claims.pod_claims import PodClaims, claims_of
from extender.core.reasons import ReasonCode
from extender.core.releases.history import release_for
from extender.model import Container, PodClaim
from extender.model.quantity import parse_quantity
from tests import builders as b

GPU = "example.com/gpu"
EXTENDED = replace(b.GPU_CLASS, extended_resource_name=GPU)
ON = {"DRAExtendedResource": True}


def found(pod, *claims, version="1.36.2", gates=None):
    by_key = {claim.key: claim for claim in claims}
    return claims_of(pod, by_key, {"gpu": EXTENDED}, release_for(version, gates))


def asking_for_gpus(*claims):
    container = Container("main", ((GPU, parse_quantity("1")),))
    return replace(b.pod("p", *claims), containers=(container,))


def test_claims_come_in_the_pods_order():
    """Those that hold devices count, and only the others are pending."""
    held, wanted = b.holding("held"), b.claim("wanted")
    claims = found(b.pod("p", "wanted", "held"), held, wanted)
    assert claims == PodClaims((wanted, held))
    assert claims.pending == (wanted,)


def test_a_claim_from_a_template_is_found_by_its_owner():
    """Before the pod's status names it; another pod's is not."""
    pod = replace(b.pod("p"), claims=(PodClaim("devices", template="t"),))
    mine = replace(b.claim("p-devices-x"), owner_uid="uid-p", pod_claim_name="devices")
    assert found(pod, mine) == PodClaims((mine,))
    for other in (replace(mine, owner_uid="uid-q"), replace(mine, pod_claim_name="more")):
        assert found(pod, other).code is ReasonCode.CLAIM_MISSING


@pytest.mark.parametrize(
    ("gates", "version", "code"),
    [(ON, "1.34", ReasonCode.NOT_MODELLED), ({"DRAExtendedResource": False}, "1.36.2", None)],
)
def test_extended_resources_by_release(gates, version, code):
    """1.34's are not modelled; without the feature they are none of DRA's business."""
    claims = found(asking_for_gpus(), version=version, gates=gates)
    assert claims == PodClaims(()) if code is None else claims.code is code


def test_a_made_up_claim_that_was_left_behind():
    """One of this pod that exists already: the scheduler deletes it before it tries again."""
    pod = asking_for_gpus()
    left = replace(b.claim("p-extended"), owner_uid="uid-p", extended_resource=True)
    assert found(pod, left).code is ReasonCode.STALE_EXTENDED_CLAIM
    assert found(pod, replace(left, owner_uid="uid-q")) == PodClaims((), (GPU,))
