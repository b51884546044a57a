"""A cluster to nominate in."""

from __future__ import annotations

import pytest

from tests import builders as b
from tests.service.nomination.nominated_cluster import NominatedCluster, near


@pytest.fixture
def cluster():
    """Two nodes with an aligned pair each, and one with its devices apart."""
    return NominatedCluster(near("x"), near("y"), b.pair_node("far", ["a"], ["b"], numa={"a": 0, "b": 1}))
