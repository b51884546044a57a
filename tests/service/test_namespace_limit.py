"""How often something is done for a namespace."""

from __future__ import annotations

from extender.service import namespace_limit
from extender.service.namespace_limit import TIMES_A_MINUTE, NamespaceLimit


def test_each_namespace_has_its_own_limit(clock):
    """One that uses it up takes nothing from another, and a minute later it may again."""
    limit = NamespaceLimit(clock)
    assert [limit.take("a") for _ in range(TIMES_A_MINUTE + 2)] == [True] * TIMES_A_MINUTE + [False] * 2
    assert limit.take("b")
    clock.now += 59
    assert not limit.take("a")
    clock.now += 1
    assert limit.take("a")


def test_namespaces_are_bounded(clock, monkeypatch):
    """No more are counted than this; the next minute begins anew."""
    monkeypatch.setattr(namespace_limit, "MAX_NAMESPACES", 3)
    limit = NamespaceLimit(clock)
    assert [limit.take(str(number)) for number in range(5)] == [True] * 3 + [False] * 2
    assert limit.take("1")
    clock.now += 60
    assert limit.take("4")
