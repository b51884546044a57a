"""Both judges of what pods got, and the bounds, on a fleet without a control plane."""

from __future__ import annotations

import pytest

from extender.cli.bench.documents import documented_facts
from tests.e2e.documented import judged, most_by_first_fit, most_sharing_a_root, sentence
from tests.e2e.rewriting import pair_spec
from tests.waves.fleets import generated
from tests.waves.judgement import Pairs, told

FLEET = generated(20)


@pytest.fixture
def devices():
    """The first GPU and the NIC of that number on the node of a machine type."""

    def of(machine, nic=0):
        (name,) = (name for name in FLEET.nodes if name.startswith(machine))
        drivers = {slice_.driver: slice_ for slice_ in FLEET.nodes[name].inventory.slices}
        gpus = next(slice_ for driver, slice_ in drivers.items() if driver.startswith("gpu."))
        chosen = ((gpus, 0), (drivers["dra.net"], nic))
        return [f"{of.driver}/{of.pool}/{of.devices[number].name}" for of, number in chosen]

    return of


def test_pods_are_judged_twice(devices):
    """By what the machines are and by what is published; a pod without devices does not count."""
    allocated = {
        "known": devices("dgx-h100", nic=0),
        "silent": devices("azure-nd-h100-v5"),
        "switch": devices("dgx-b200-0"),
        "none": [],
    }
    found = judged(FLEET, allocated)
    assert found.documented == Pairs(root=2, numa=1)
    assert found.published == Pairs(root=1, unknown=2)
    assert (found.aligned, found.rated) == (3, 3)
    assert 0.9 < found.mean < 1.0


def test_a_far_pair_is_not_aligned(devices):
    """The last NIC of a machine is on the other side of its first GPU."""
    found = judged(FLEET, {"far": devices("azure-nd-h100-v5", nic=7)})
    assert found.documented == Pairs(farther=1)
    assert (found.aligned, found.rated) == (0, 1)
    assert found.mean < 0.5


def test_nobody_is_judged_of_nothing():
    """No pods, no mean."""
    assert judged(FLEET, {}) == (Pairs(), Pairs(), 0, 0, 0.0)


def test_bounds():
    """A choice of devices too reaches more than one of nodes; documents know more roots than drivers."""
    first_fit = most_by_first_fit(FLEET, [(1, 1)] * 500)
    anything = most_sharing_a_root(told(FLEET, documented_facts()), pair_spec("gpu"))
    assert first_fit.on_root <= first_fit.aligned
    assert first_fit.on_root <= anything
    assert most_sharing_a_root(FLEET, pair_spec("gpu")) < anything
    assert most_by_first_fit(FLEET, [(1, 1)] * 5) == (5, 5)


def test_a_sentence():
    """One for each judge."""
    assert sentence("documented", Pairs(4, 3, 2, 1)) == (
        "GPU-NIC pairs as documented: 4 on one root, 3 on one NUMA node, 2 farther, 1 unknown"
    )
