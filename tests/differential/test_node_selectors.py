"""Node selectors of slices that the API server may let through, as Kubernetes' allocator takes them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.differential.allocation_compare import VERSIONS, Finding, compare
from tests.oracle.client import Oracle
from tests.oracle.releases import oracle_path

LABELS = {"count": "5", "negative": "-3", "long": "1" * 25, "zone": "a"}
EXPRESSIONS: dict[tuple[str, ...], str] = {
    ("count", "Gt", "4"): "allocated",
    ("count", "Gt", "-2"): "error",
    ("count", "Lt", "1" * 25): "error",
    ("count", "Lt", "1" * 5000): "error",
    ("negative", "Lt", "0"): "allocated",
    ("long", "Gt", "0"): "does not fit",
    ("zone", "In", "a", "not a value"): "error",
    ("zone", "NotIn", "b" * 64): "error",
    ("not/a/key", "Exists"): "error",
    ("Zone.x/zone", "DoesNotExist"): "error",
}
FIELDS: dict[tuple[str, ...], str] = {
    ("metadata.name", "In", "n"): "allocated",
    ("metadata.name", "In", "n", "m"): "error",
    ("metadata.namespace", "In", ""): "allocated",
    ("metadata.namespace", "NotIn", ""): "does not fit",
}
TERMS = [
    *(("matchExpressions", *item) for item in EXPRESSIONS.items()),
    *(("matchFields", *item) for item in FIELDS.items()),
]


@pytest.mark.parametrize("minor", sorted(VERSIONS))
def test_the_allocator_agrees(minor):
    """Each selector is taken, matched or refused as we say."""
    if oracle_path(minor) is None:
        pytest.skip(f"the oracle of {minor} is not built: run 'make oracle' (needs Go)")
    with Oracle(minor) as oracle:
        for kind, requirement, end in TERMS:
            found = compare(case(kind, requirement), minor, oracle)
            assert found.finding is Finding.AGREED, (requirement, found)
            assert {theirs[0] for theirs in found.theirs} == {end}, requirement


def case(kind: str, requirement: tuple[str, ...]) -> dict[str, Any]:
    """A node, one slice that is for the nodes which meet the requirement, and a claim for its device."""
    key, operator, *values = requirement
    term = {kind: [{"key": key, "operator": operator, "values": values}]}
    exact = {"deviceClassName": "c", "allocationMode": "ExactCount", "count": 1}
    return {
        "features": [],
        "node": {"metadata": {"name": "n", "labels": LABELS}},
        "classes": [{"metadata": {"name": "c"}, "spec": {}}],
        "slices": [
            {
                "metadata": {"name": "s"},
                "spec": {
                    "driver": "d.example",
                    "pool": {"name": "p", "generation": 1, "resourceSliceCount": 1},
                    "devices": [{"name": "d0"}],
                    "nodeSelector": {"nodeSelectorTerms": [term]},
                },
            }
        ],
        "claims": [
            {
                "metadata": {"name": "claim-0"},
                "spec": {"devices": {"requests": [{"name": "r", "exactly": exact}]}},
            }
        ],
        "allocatedDevices": [],
        "allocatedSharedDeviceIDs": [],
        "allocatedCapacity": {},
    }
