"""Which nodes a filter answer named: the last one, not too old, in bounded memory."""

from __future__ import annotations

import pytest

from extender.service.live import offered_nodes
from extender.service.live.offered_nodes import OFFER_SECONDS, Offer, OfferedNodes


@pytest.fixture
def dropped():
    return []


@pytest.fixture
def offered(clock, dropped):
    return OfferedNodes(clock, lambda: dropped.append(1))


@pytest.mark.parametrize("shown", [True, False])
def test_the_last_answer_counts(offered, shown):
    """Whole names only; an answer replaces the one before it."""
    offered.remember("u", ["node-a", "node-bb"], shown=shown)
    assert offered.offer("u", "node-a") is Offer.NAMED
    others = ["node-b", "ode-a", "", "node-a\nnode-bb"]
    assert {offered.offer("u", name) for name in others} == {Offer.OTHER}
    offered.remember("u", ["node-c"], shown=True)
    assert offered.offer("u", "node-a") is Offer.OTHER
    assert offered.offer("v", "node-c") is Offer.NONE
    offered.forget("u")
    assert offered.offer("u", "node-c") is Offer.NONE
    assert offered.held_bytes == 0


def test_an_old_answer_does_not_count(offered, clock):
    """It was given for a cluster that is no more."""
    offered.remember("u", ["node-a"], shown=True)
    clock.now += OFFER_SECONDS
    assert offered.offer("u", "node-a") is Offer.NAMED
    clock.now += 1
    assert offered.offer("u", "node-a") is Offer.LATE


def test_equal_answers_share_their_names(offered):
    """A scheduler offers the same nodes to pod after pod."""
    names = tuple(f"node-{number:04}" for number in range(1000))
    offered.remember("u-0", names, shown=True)
    once = offered.held_bytes
    for number in range(100):
        offered.remember(f"u-{number}", names, shown=True)
    assert offered.held_bytes == once
    assert offered.offer("u-99", "node-0999") is Offer.NAMED


@pytest.mark.parametrize("limit", ["pods", "bytes"])
def test_the_oldest_is_forgotten(monkeypatch, clock, dropped, limit):
    """Both limits hold, and what is forgotten is counted."""
    if limit == "pods":
        monkeypatch.setattr(offered_nodes, "MAX_PODS", 3)
    else:
        monkeypatch.setattr(offered_nodes, "MAX_BYTES", 3 * len("\nnode-0\n"))
    offered = OfferedNodes(clock, lambda: dropped.append(1))
    for number in range(5):
        offered.remember(f"u-{number}", [f"node-{number}"], shown=True)
    offers = [offered.offer(f"u-{number}", f"node-{number}") for number in range(5)]
    assert offers == [Offer.NONE] * 2 + [Offer.NAMED] * 3
    assert len(dropped) == 2


def test_pods_that_the_api_does_not_show_displace_no_other(offered, dropped):
    """However many are made up."""
    offered.remember("real", ["node-a"], shown=True)
    for number in range(3 * offered_nodes.MAX_UNSHOWN_PODS):
        offered.remember(f"made-up-{number}", ["node-b" * 10_000], shown=False)
    assert offered.offer("real", "node-a") is Offer.NAMED
    assert offered.held_bytes <= offered_nodes.MAX_UNSHOWN_BYTES + 100
    assert dropped
