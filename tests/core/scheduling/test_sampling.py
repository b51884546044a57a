"""After how many feasible nodes the search ends."""

from __future__ import annotations

import re

import pytest

from extender.core.scheduling import feasible_nodes_to_find
from tests.pages import part
from tests.paths import ROOT


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


def test_the_table_of_large_clusters():
    """docs/upgrade.md says for each size what we compute, and names the largest number."""
    text = part(ROOT / "docs/upgrade.md", "Large clusters").replace(",", "")
    rows = [
        (int(nodes), int(offered))
        for nodes, offered in re.findall(r"^\| (\d+) \| (\d+) \|$", text, re.MULTILINE)
    ]
    assert len(rows) > 5
    assert [(nodes, feasible_nodes_to_find(nodes)) for nodes, _ in rows] == rows
    claim = re.compile(r"Up to (\d+) nodes that is never more than (\d+)")
    ((limit, most),) = claim.findall(" ".join(text.split()))
    assert max(map(feasible_nodes_to_find, range(int(limit) + 1))) == int(most)
