"""After how many feasible nodes the search ends."""

from __future__ import annotations

import pytest

from extender.core.scheduling import feasible_nodes_to_find


@pytest.mark.parametrize(
    ("nodes", "percentage", "expected"),
    [
        (0, None, 0),
        (99, None, 99),
        (99, 1, 99),
        (100, None, 100),
        (300, None, 144),
        (1000, None, 420),
        (1000, 0, 420),
        (5000, None, 500),
        (6000, None, 300),
        (20000, None, 1000),
        (1000, 5, 100),
        (1000, 30, 300),
        (1000, 100, 1000),
    ],
)
def test_feasible_nodes_to_find(nodes, percentage, expected):
    """At least 100, and of larger clusters a smaller part."""
    assert feasible_nodes_to_find(nodes, percentage) == expected
