"""Claims of pod groups: whose they are, as IsForPod and IsReservedForPod say."""

from __future__ import annotations

from dataclasses import replace

import pytest

from extender.core.claims.given_back import given_back
from extender.core.claims.pod_claims import MAX_CONSUMERS, PodClaims, claims_of
from extender.core.claims.pod_groups import group_of, is_for_pod, is_reserved_for_pod, user_uid
from extender.core.reasons import Reason, ReasonCode
from extender.core.releases.feature_gates import WrongGate
from extender.core.releases.history import release_for
from extender.model import Consumer, PodClaim
from tests import builders as b

GATE = {"DRAWorkloadResourceClaims": True}
POD = replace(b.pod("p"), pod_group="crew", claims=(PodClaim("devices", "crew-devices", "t"),))
CREW = Consumer("podgroups", "crew", "uid-crew", "scheduling.k8s.io")
CLAIM = replace(b.claim("crew-devices"), owner_uid="uid-crew", pod_group="crew")


def found(pod, claim, version="1.36", gates=GATE):
    return claims_of(pod, {claim.key: claim}, {"gpu": b.GPU_CLASS}, release_for(version, gates))


@pytest.mark.parametrize("version", ["1.36", "1.37", "1.38"])
def test_the_claim_of_its_group_is_a_pods_claim(version):
    """With the gate; without it, it was made for somebody else."""
    assert found(POD, CLAIM, version) == PodClaims((CLAIM,))
    refused = found(POD, CLAIM, version, gates={})
    assert isinstance(refused, Reason)
    assert refused.code is ReasonCode.CLAIM_NOT_OWNED


@pytest.mark.parametrize("version", ["1.34", "1.35"])
def test_releases_without_the_gate(version):
    """They do not know it."""
    with pytest.raises(WrongGate, match="DRAWorkloadResourceClaims"):
        release_for(version, GATE)


@pytest.mark.parametrize(
    ("pod", "claim"),
    [
        (replace(POD, pod_group="other"), CLAIM),
        (replace(POD, pod_group=""), CLAIM),
        (replace(POD, pod_group=""), replace(CLAIM, pod_group="")),
        (POD, replace(CLAIM, pod_group="")),
    ],
)
def test_claims_of_others(pod, claim):
    """Another group's claim, and one of an owner that is no group, even where neither has a name."""
    assert not is_for_pod(claim, pod, or_group=True)
    refused = found(pod, claim)
    assert isinstance(refused, Reason)
    assert refused.code is ReasonCode.CLAIM_NOT_OWNED


@pytest.mark.parametrize(
    ("consumer", "reserved"),
    [
        (CREW, True),
        (Consumer("pods", "p", "uid-p"), True),
        (replace(CREW, uid="uid-of-the-group-before"), True),
        (replace(CREW, name="other"), False),
        (replace(CREW, api_group="example.com"), False),
        (replace(CREW, resource="pods"), False),
    ],
)
def test_reservations_by_name(consumer, reserved):
    """A pod knows the name of its group only."""
    claim = replace(CLAIM, reserved_for=(Consumer("pods", "q", "uid-q"), consumer))
    assert is_reserved_for_pod(claim, POD, or_group=True) is reserved
    assert is_reserved_for_pod(claim, POD, or_group=False) is (consumer.uid == "uid-p")


def test_a_claim_without_room_is_usable_by_the_group_that_has_it():
    """The group's reservation counts for each of its pods."""
    others = tuple(Consumer("pods", f"q{number}", f"uid-q{number}") for number in range(MAX_CONSUMERS - 1))
    claim = replace(CLAIM, allocation=b.holding("x").allocation, reserved_for=(*others, CREW))
    assert found(POD, claim) == PodClaims((claim,))
    full = replace(claim, reserved_for=(*others, Consumer("pods", "q", "uid-q")))
    refused = found(POD, full)
    assert isinstance(refused, Reason)
    assert refused.code is ReasonCode.CLAIM_IN_USE


def test_whose_a_claim_is():
    """The group by its claim or by the reservation; the user by the first reservation, else the owner."""
    by_name = replace(b.claim("c"), reserved_for=(Consumer("pods", "q", "uid-q"), CREW))
    assert (group_of(CLAIM), group_of(by_name), group_of(b.claim("c"))) == ("crew", "crew", "")
    assert (user_uid(CLAIM), user_uid(by_name), user_uid(b.claim("c"))) == ("uid-crew", "uid-q", "")


def test_a_pod_that_comes_anew_keeps_the_claim_of_its_group():
    """The other pods of the group may use it."""
    held = replace(CLAIM, allocation=b.holding("x").allocation, reserved_for=(CREW,))
    anew = given_back(POD, b.snapshot(claims=[held]))
    assert anew.kept == ("crew-devices",)
    assert anew.snapshot.claims[held.key] == held
