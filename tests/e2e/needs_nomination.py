"""Tests of ``serve --nominate``, which refuses Kubernetes 1.34."""

from __future__ import annotations

import pytest

from tests.e2e.releases import MINOR

IS_NOMINATED = MINOR != "1.34"

NEEDS_NOMINATION = pytest.mark.skipif(
    not IS_NOMINATED, reason="1.34 leaves the nominated node on bound pods, so that we refuse to nominate"
)
