"""Why a search stops without devices."""

from __future__ import annotations

import pytest

from extender.cel import unlimited
from extender.core.allocator.answer import find
from extender.core.allocator.budget import Budget
from extender.core.allocator.layout_usage import usage_of
from extender.core.allocator.picking import Fatal, Unpredictable
from extender.core.allocator.problem import Problem
from extender.core.allocator.projection import Projector
from extender.core.claims.compiled_claims import compile_claims
from extender.core.reasons import ReasonCode
from extender.core.releases.history import release_for
from extender.model import Constraint
from tests import builders as b

ROOTED = b.machine("n", [b.device("gpu-0", "pci0000:10"), b.device("gpu-1", "pci0000:20")], ())
# What Kubernetes answers hangs on what it computed before, so it is not ours to say.
UNKNOWN = "cel.bind(a, [], (a + [1]) == [1] && a == [1])"
DERIVED = (("example.com/x", "device.attributes['example.com'].gone"),)
BY_X = Constraint((), "example.com/x")


def search(*requests, constraints=(), budget=1_000, gates=None):
    """Search one claim on node n."""
    release = release_for("1.37", gates)
    snapshot = b.snapshot(ROOTED, release=release)
    state = snapshot.nodes["n"]
    compiled = compile_claims(
        [b.spec(*requests, constraints=constraints)], snapshot.classes, release, unlimited()
    )
    placed = Projector(compiled, release).project(state.inventory, Budget(0, 2**62))
    assert placed is not None
    usage = usage_of(placed, state.inventory, state.usage, release)
    return find(Problem(compiled, placed.layout, usage, release), budget)


@pytest.mark.parametrize(
    ("request_", "constraints", "stopped", "code"),
    [
        (b.request("r", "gpu", selectors=("device.attributes['x'].y",)), (), Fatal, ReasonCode.CEL_ERROR),
        (b.request("r", "gpu", selectors=(UNKNOWN,)), (), Unpredictable, ReasonCode.CEL_UNKNOWN),
        (b.request("r", "gpu", derived=DERIVED), [BY_X], Fatal, ReasonCode.DERIVED_ATTRIBUTE),
        (
            b.request("r", "gpu", mode="All"),
            [Constraint((), b.ROOT)],
            Fatal,
            ReasonCode.ALL_CONSTRAINT,
        ),
        (b.request("r", "gpu", count=33), (), Fatal, ReasonCode.TOO_MANY_DEVICES),
    ],
    ids=[
        "selector fails",
        "selector unknown",
        "derived attribute fails",
        "all break a constraint",
        "too many",
    ],
)
def test_a_search_that_is_stopped(request_, constraints, stopped, code):
    """An error aborts the scheduler's attempt; what cannot be told is not guessed."""
    gates = {"DRADerivedAttributes": True} if request_.exactly.derived else None
    found = search(request_, constraints=constraints, gates=gates)
    assert isinstance(found.answer, stopped)
    assert found.answer.reason.code is code


def test_a_search_that_finds_nothing():
    """Two GPUs on one root are not there: no error, no devices."""
    found = search(b.request("r", "gpu", count=2), constraints=[Constraint((), b.ROOT)])
    assert found.answer is None


def test_a_search_that_is_given_up():
    """The budget is counted in steps and tried devices, and named."""
    found = search(b.request("r", "gpu", count=2), budget=2)
    assert isinstance(found.answer, Unpredictable)
    assert found.answer.reason.code is ReasonCode.SEARCH_BUDGET
    assert found.steps == 3
