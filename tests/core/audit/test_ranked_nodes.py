"""Nodes in the order in which pods go to them."""

from __future__ import annotations

from extender.core.audit.ranked_nodes import RankedNodes


def test_the_nearest_devices_come_first_then_the_fewest_arrivals_then_the_name():
    """Nodes without certain devices are not among them."""
    ranked = RankedNodes()
    for name, alignment, arrivals in (
        ("d", 0.5, 0),
        ("c", 1.0, 1),
        ("b", 1.0, 0),
        ("a", 1.0, 0),
        ("e", None, 0),
    ):
        ranked.put(name, alignment, arrivals)
    assert list(ranked.best_first()) == [(1.0, "a"), (1.0, "b"), (1.0, "c"), (0.5, "d")]


def test_a_node_that_is_put_again_has_its_last_rank():
    """With other devices, with more arrivals, or with no rank at all."""
    ranked = RankedNodes()
    for name in "abc":
        ranked.put(name, 1.0, 0)
    ranked.put("a", 1.0, 1)
    ranked.put("b", 0.5, 1)
    assert list(ranked.best_first()) == [(1.0, "c"), (1.0, "a"), (0.5, "b")]
    ranked.put("c", None, 1)
    assert list(ranked.best_first()) == [(1.0, "a"), (0.5, "b")]
