"""
The oracle gives the answers that were recorded from Kubernetes.

Skipped where no oracle is built: ``make oracle``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any

import pytest

from tests.allocator_case import comparable, expected_allocations
from tests.cel.golden import CASES, DERIVED_FILE, DEVICES_FILE, SOURCES, word
from tests.oracle.client import Oracle
from tests.oracle.releases import MINORS, oracle_path
from tests.paths import DATA

FILES = sorted(path.stem for path in (DATA / "allocator").glob("allocator-*.jsonl"))
BUILT = [minor for minor in MINORS if oracle_path(minor) is not None]
DEVICE = {"name": "a", "attributes": {"model": {"string": "x"}}, "capacity": {"memory": {"value": "1Gi"}}}
UNWRITABLE = {"allocator-1.37-incubating": ["consumable-capacity-requests-are-not-modified"]}
"""Upstream writes 1000E, for which it has no suffix, as 1; the recording kept the value."""

ENOUGH_ORDERS = 1000
"""Tries in which a map of ten entries comes in an order that begins with each of them."""

pytestmark = pytest.mark.skipif(not BUILT, reason="no oracle is built (make oracle; needs Go)")


@pytest.fixture(params=BUILT)
def oracle(request):
    """The oracle of each minor that is built."""
    with Oracle(request.param) as opened:
        yield opened


def same(answer: Mapping[str, Any], recorded: Mapping[str, Any]) -> bool:
    """Error texts, share ids and the spelling of quantities do not count."""
    if "results" not in answer or "results" not in recorded:
        return "error" in answer and "error" in recorded
    made, wanted = answer["results"], recorded["results"]
    if made is None or wanted is None:
        return made is wanted
    return comparable(expected_allocations(made)) == comparable(expected_allocations(wanted))


@pytest.mark.parametrize("file", FILES)
def test_recorded_allocations(file):
    """On the implementation it was recorded from, every case takes as many steps to the same end."""
    _, minor, implementation = file.split("-")
    if minor not in BUILT:
        pytest.skip(f"the oracle of {minor} is not built")
    wrong = []
    with Oracle(minor) as oracle:
        for line in (DATA / "allocator" / f"{file}.jsonl").read_text().splitlines():
            case = json.loads(line)
            runs = 100 if case.get("orderDependent") else 1
            answer = oracle.allocate(case, implementation=implementation, runs=runs)
            seen = answer.get("answers", [answer])
            recorded = case["expect"].get("anyOf", [case["expect"]])
            if not all(any(same(one, other) for other in recorded) for one in seen):
                wrong.append(case["name"])
            steps = case.get("allocateOneInvocations") if "results" in answer else None
            if steps is not None and answer["steps"] != steps:
                wrong.append(f"{case['name']} (steps)")
    assert wrong == UNWRITABLE.get(file, [])


def test_recorded_expressions():
    """The recorded CEL cases: answers, what errors show, costs."""
    devices = json.loads(DEVICES_FILE.read_text())
    cases = [case for case in CASES if case.source.release in BUILT]
    wrong = []
    with ExitStack() as stack:
        oracles = {
            minor: stack.enter_context(Oracle(minor)) for minor in {case.source.release for case in cases}
        }
        for case in cases:
            device, source = devices[case.device], case.source
            asked = (case.expression, device, device["driver"], source.features)
            answer = oracles[source.release].cel(*asked)
            seen = {word(answer)}
            # An answer that depends on the order of a map is asked for until all have been seen.
            for _ in range(ENOUGH_ORDERS):
                if not seen < set(case.expect):
                    break
                seen.add(word(oracles[source.release].cel(*asked)))
            shown = case.value is None or answer["error"] == f"no such key: {case.value}|"
            if seen != set(case.expect) or not shown or case.cost not in (None, answer.get("cost")):
                wrong.append(case.name)
    assert wrong == []


def test_recorded_derived_attributes():
    """The recorded attributes that 1.37 derives."""
    if "1.37" not in BUILT:
        pytest.skip("the oracle of 1.37 is not built")
    devices = json.loads(DEVICES_FILE.read_text())
    wrong = []
    with Oracle("1.37") as oracle:
        for line in DERIVED_FILE.read_text().splitlines():
            case = json.loads(line)
            device = devices[case["device"]]
            answer = oracle.derive(case["expression"], device, device["driver"], SOURCES["1.37"].features)
            recorded = {key: case[key] for key in ("attribute", "cost", "expect") if key in case}
            if (answer if "attribute" in answer else {"expect": word(answer)}) != recorded:
                wrong.append(case["name"])
    assert wrong == []


def test_version(oracle):
    """The binary is made of the minor's own modules."""
    version = oracle.version()
    module = version["modules"]["k8s.io/dynamic-resource-allocation"]
    assert module.startswith(f"v0.{oracle.release.split('.')[1]}.")
    assert version["implementations"] == ["stable", "incubating", "experimental"]


def test_default_implementation(oracle):
    """Without a name the release picks: 1.34 and 1.35 support nothing in their stable one."""
    node, claim = {"metadata": {"name": "n"}}, {"metadata": {"name": "c"}, "spec": {"devices": {}}}
    answer = oracle.allocate({"features": ["AdminAccess"], "node": node, "claims": [claim]})
    assert answer["implementation"] == ("incubating" if oracle.release in ("1.34", "1.35") else "stable")


def test_distinct_answers():
    """On 1.35 it hangs on the order of pools which device is taken; the answers are counted."""
    if "1.35" not in BUILT:
        pytest.skip("the oracle of 1.35 is not built")
    slices = [
        {
            "metadata": {"name": pool},
            "spec": {
                "driver": "d",
                "pool": {"name": pool, "generation": 1, "resourceSliceCount": 1},
                "allNodes": True,
                "devices": [{"name": "a"}],
            },
        }
        for pool in ("p", "q")
    ]
    request = {"deviceClassName": "class", "allocationMode": "ExactCount", "count": 1}
    claim = {
        "metadata": {"name": "c"},
        "spec": {"devices": {"requests": [{"name": "r", "exactly": request}]}},
    }
    case = {
        "features": [],
        "node": {"metadata": {"name": "n"}},
        "classes": [{"metadata": {"name": "class"}, "spec": {}}],
        "slices": slices,
        "claims": [claim],
    }
    with Oracle("1.35") as oracle:
        answers = oracle.allocate(case, runs=100)["answers"]
    pools = {answer["results"][0]["devices"]["results"][0]["pool"] for answer in answers}
    assert pools == {"p", "q"}
    assert sum(answer["count"] for answer in answers) == 100


@pytest.mark.parametrize(
    ("expression", "answer"),
    [
        ("device.attributes['d'].model == 'x'", {"match": True, "cost": 5}),
        ("device.attributes['d'].model == 'y'", {"match": False, "cost": 5}),
        ("device.attributes['d'].missing == 'x'", {"error": "no such key: missing", "cost": 4}),
    ],
)
def test_expression(oracle, expression, answer):
    """Evaluation gives a verdict and what it cost, or an error."""
    seen = oracle.cel(expression, DEVICE, "d")
    assert seen.keys() == answer.keys()
    assert seen.get("match") == answer.get("match")


def test_cost_limit(oracle):
    """The scheduler's limit of 1 000 000 holds."""
    numbers = "lists.range(1100)"
    answer = oracle.cel(f"{numbers}.all(x, {numbers}.all(y, x + y >= 0))", DEVICE, "d")
    assert "cost limit" in answer["error"]


@pytest.mark.parametrize(
    ("request_", "part"),
    [
        ({"op": "dance"}, "unknown op"),
        ({"op": "allocate", "features": ["Dance"]}, "no feature"),
        ({"op": "allocate", "features": [], "allocatedDevices": ["a/b"]}, "parts"),
        ({"op": "allocate", "features": [], "implementation": "best"}, "best"),
        ({"op": "cel", "expression": 1}, "not a cel request"),
    ],
)
def test_invalid_request(oracle, request_, part):
    """A faulty request is answered as such, and the next one as usual."""
    assert part in oracle.ask(request_)["invalid"]
    assert oracle.cel("true", DEVICE, "d")["match"] is True


def test_replaced_after_death(oracle):
    """A process that died is reported once and replaced."""
    oracle.version()
    assert oracle._process is not None
    oracle._process.kill()
    assert "crash" in oracle.version()
    assert "modules" in oracle.version()


def test_replaced_after_silence():
    """An answer that takes too long is given up."""
    with Oracle(BUILT[0], patience=0.0) as oracle:
        assert oracle.version() == {"timeout": True}
