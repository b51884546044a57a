"""Claims as the search wants them, and what upstream refuses before it searches."""

from __future__ import annotations

from dataclasses import replace

import pytest

from extender.cel import unlimited
from extender.core.claims.compiled_claims import InvalidClaims, compile_claims
from extender.core.reasons import ReasonCode
from extender.core.releases.history import release_for
from extender.model import Constraint, ExactRequest, Request
from extender.model.quantity import parse_quantity
from tests import builders as b

CLASSES = {each.name: each for each in b.CLASSES}


def compiled(*requests, constraints=(), version="1.37", gates=None):
    spec = b.spec(*requests, constraints=constraints)
    return compile_claims([spec], CLASSES, release_for(version, gates), unlimited())


def exact(**fields):
    return Request("r", replace(ExactRequest("r", "gpu"), **fields))


EITHER = Request("r", first_available=(ExactRequest("a", "gpu"), ExactRequest("b", "nic")))
NEITHER = Request("r")


@pytest.mark.parametrize(
    ("request_", "quiet", "detail"),
    [
        (NEITHER, True, "neither exactly nor firstAvailable"),
        (exact(selectors=(None,)), False, "a selector is not CEL"),
        (exact(device_class=""), False, "the device class name is missing"),
        (exact(mode="Most"), False, "allocation mode 'Most' is not known"),
    ],
)
def test_requests_that_upstream_does_not_know(request_, quiet, detail):
    """Fields of a later release: the pod is unschedulable, or the attempt is aborted."""
    with pytest.raises(InvalidClaims) as refused:
        compiled(request_)
    assert refused.value.reason.code is ReasonCode.UNSUPPORTED_REQUEST
    assert detail in refused.value.reason.values["detail"]
    assert refused.value.quiet is quiet


@pytest.mark.parametrize(
    ("constraint", "version", "code"),
    [
        (Constraint(("r",)), "1.37", ReasonCode.UNSUPPORTED_REQUEST),
        (Constraint((), distinct_attribute=b.ROOT), "1.35", ReasonCode.FEATURE_DISABLED),
    ],
)
def test_constraints_that_upstream_does_not_know(constraint, version, code):
    """Of no known type, or of a type that needs a feature gate that is off."""
    with pytest.raises(InvalidClaims) as refused:
        compiled(b.request("r", "gpu"), constraints=[constraint], version=version)
    assert refused.value.reason.code is code
    assert refused.value.reason.values["where"] == "constraint 0"
    assert not refused.value.quiet


@pytest.mark.parametrize(
    ("request_", "gate", "version", "quiet"),
    [
        (EITHER, "DRAPrioritizedList", "1.34", True),
        (exact(admin_access=True), "DRAAdminAccess", "1.34", False),
        (exact(capacity=(("memory", parse_quantity("1Gi")),)), "DRAConsumableCapacity", "1.36", False),
    ],
)
def test_features_that_are_off(request_, gate, version, quiet):
    """The gate that is off is named."""
    assert compiled(request_, version=version, gates={gate: True}).claims
    with pytest.raises(InvalidClaims) as refused:
        compiled(request_, version=version, gates={gate: False})
    assert refused.value.reason.code is ReasonCode.FEATURE_DISABLED
    assert refused.value.reason.values["gate"] == gate
    assert refused.value.quiet is quiet


def test_derived_attributes_are_refused_where_they_are_known():
    """A release that does not know the field ignores it."""
    request = exact(derived=(("example.com/x", "device.driver"),))
    with pytest.raises(InvalidClaims) as refused:
        compiled(request, version="1.37")
    assert refused.value.reason.values["gate"] == "DRADerivedAttributes"
    assert compiled(request, version="1.36").claims


def test_a_constraint_applies_to_the_requests_that_it_names():
    """To all if it names none; to every alternative by its parent's name, to one by both names."""
    constraints = [Constraint(names, b.ROOT) for names in ((), ("r",), ("r/b",), ("s",))]
    first, second = compiled(EITHER, constraints=constraints).alternatives
    assert (first.constraints, second.constraints) == ((0, 1), (0, 1, 2))
