"""Which taints keep a request off a device."""

from __future__ import annotations

import pytest

from extender.core.cluster.taints import taints_block, tolerates
from extender.model import Taint, Toleration

BROKEN = Taint("broken", "NoSchedule", "yes")


@pytest.mark.parametrize(
    ("toleration", "tolerated"),
    [
        (Toleration("broken", "Equal", "yes", "NoSchedule"), True),
        (Toleration("broken", "", "yes"), True),
        (Toleration("broken", "Equal", "no"), False),
        (Toleration("broken", "Equal"), False),
        (Toleration("broken", "Exists"), True),
        (Toleration(operator="Exists"), True),
        (Toleration("other", "Exists"), False),
        (Toleration("broken", "Exists", effect="NoExecute"), False),
        (Toleration("broken", "In", "yes"), False),
    ],
)
def test_tolerations(toleration, tolerated):
    """An empty key or effect is any; without an operator it is Equal, and an unknown one matches nothing."""
    assert tolerates(toleration, BROKEN) is tolerated


@pytest.mark.parametrize(
    ("effect", "blocks", "blocks_with_any"),
    [("NoSchedule", True, True), ("NoExecute", True, True), ("None", False, True), ("Slow", False, True)],
)
def test_effects(effect, blocks, blocks_with_any):
    """Only those two effects block; 1.34 blocks whatever the effect."""
    taints = [Taint("broken", effect)]
    assert taints_block(taints, []) is blocks
    assert taints_block(taints, [], any_effect=True) is blocks_with_any
    assert not taints_block(taints, [Toleration("broken", "Exists")], any_effect=True)


def test_each_taint_needs_a_toleration():
    """One that is tolerated does not make up for another."""
    tolerations = [Toleration("broken", "Exists"), Toleration("hot", "Exists")]
    taints = [Taint("hot", "NoExecute"), BROKEN]
    assert not taints_block(taints, tolerations)
    assert taints_block(taints, tolerations[:1])
    assert not taints_block([], [])
