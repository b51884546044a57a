"""
The scheduler oracle is what it says, and agrees about what no generated pod shows.

Skipped where none is built: ``make scheduler-oracle``.
"""

from __future__ import annotations

import pytest

from extender.core.scheduling import RULES, feasible_nodes_to_find
from extender.core.scheduling.dynamic_resources import allocation_score
from extender.model import Allocation, ClaimSpec, DeviceID, DeviceResult, ExactRequest, Request
from tests.scheduler_oracle.client import SchedulerOracle
from tests.scheduler_oracle.releases import oracle_path

BUILT = [minor for minor in RULES if oracle_path(minor) is not None]

pytestmark = pytest.mark.skipif(not BUILT, reason="no scheduler oracle is built (needs Go)")


@pytest.fixture(params=BUILT)
def oracle(request):
    with SchedulerOracle(request.param) as opened:
        yield opened


def test_version(oracle):
    assert oracle.version()["version"].startswith(f"v{oracle.minor}.")


@pytest.mark.parametrize("percentage", [None, 0, 1, 5, 42, 100])
def test_sampling(oracle, percentage):
    """For clusters of every size."""
    for count in (0, 1, 99, 100, 101, 124, 125, 400, 999, 5000, 5624, 5625, 5626, 15000):
        assert oracle.sample(count, percentage) == {"nodes": feasible_nodes_to_find(count, percentage)}


@pytest.mark.parametrize(
    "got", [(), ("a/one",), ("a/two", "a/two"), ("a/three", "b/two"), ("plain", "b/one")]
)
@pytest.mark.parametrize("allocated", [False, True])
def test_score_of_alternatives(oracle, got, allocated):
    """A claim that gets devices now, beside one that has some; 1.34 does not score."""
    names = {"a": ("one", "two", "three"), "b": ("one", "two")}
    wire: list[dict[str, object]] = [{"name": "plain", "exactly": {"deviceClassName": "c"}}]
    requests = [Request("plain", ExactRequest("plain", "c"))]
    for name, alternatives in names.items():
        wire.append({"name": name, "firstAvailable": [{"name": each} for each in alternatives]})
        requests.append(
            Request(name, first_available=tuple(ExactRequest(each, "c") for each in alternatives))
        )
    spec = ClaimSpec("s", requests=tuple(requests))

    def allocation(*chosen):
        devices = [{"request": each, "driver": "d", "pool": "p", "device": "x"} for each in chosen]
        return {"devices": {"results": devices}}

    claims = [{"metadata": {"name": "new"}, "spec": {"devices": {"requests": wire}}}]
    ours = [(spec, got)]
    if allocated and oracle.minor not in {"1.34", "1.35"}:
        claims.append({**claims[0], "status": {"allocation": allocation("a/two")}})
        ours.append((spec, ("a/two",)))
    answer = oracle.ask({"op": "draScore", "claims": claims, "results": [allocation(*got)]})
    if not RULES[oracle.minor].dra_score:
        assert "does not score" in answer["error"]
        return
    made = [
        (each, Allocation(tuple(DeviceResult(name, DeviceID("d", "p", "x")) for name in chosen)))
        for each, chosen in ours
    ]
    assert answer == {"score": allocation_score(made)}


def test_invalid_requests(oracle):
    assert "unknown op" in oracle.ask({"op": "dance"})["invalid"]
    assert "not a request" in oracle.ask({"op": 1})["invalid"]
