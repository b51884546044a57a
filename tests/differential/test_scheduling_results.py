"""The page about the model of the default scheduler shows the counts that lie in ``tests/data``."""

from __future__ import annotations

from extender.core.scheduling import RULES
from tests.differential import scheduling_results


def test_the_page_shows_the_last_comparison():
    """``python -m tests.differential.scheduling_results`` writes the table, and there is no difference."""
    page = scheduling_results.PAGE.read_text(encoding="utf-8")
    assert scheduling_results.with_table(page) == page
    last = scheduling_results.table().splitlines()[-1]
    assert last == f"| **pods with a difference** |{' 0 |' * len(RULES)}"
