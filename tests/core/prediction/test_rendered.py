"""Entries that are shared by all plans."""

from __future__ import annotations

from collections.abc import Sequence

from extender.core.prediction import rendered as rendered_module
from extender.core.prediction.rendered import Rendered
from extender.model import Node
from tests import builders as b

NODES = ["a", "b", "c"]


def test_entries_are_rendered_once_for_a_name_and_a_score():
    """Nothing is kept of names that no node has, nor too much of all."""
    made: list[str] = []

    def render(names: Sequence[str], score: int) -> list[str]:
        made.extend(names)
        return [f"{name}={score}" for name in names]

    rendered, snapshot = Rendered(render), b.snapshot(nodes=map(Node, NODES))
    for _ in range(2):
        assert rendered.of(7, ("c", "a"), snapshot) == ["c=7", "a=7"]
        assert rendered.passing(7, ["absent"]) == ["absent=7"]
    assert rendered.of(8, ("a",), snapshot) == ["a=8"]
    assert made == ["c", "a", "absent", "absent", "a"]
    for score in range(100, 100 + rendered_module._PER_NODE):
        assert rendered.of(score, NODES, snapshot) == [f"{name}={score}" for name in NODES]
    made.clear()
    assert rendered.of(7, ("c",), snapshot) == ["c=7"]
    assert rendered.of(9, NODES, snapshot) == ["a=9", "b=9", "c=9"]
    assert rendered.of(7, ("c",), snapshot) == ["c=7"]
    assert made == [*NODES, "c"]
