"""Pods that wait for devices, and why."""

from __future__ import annotations

from dataclasses import replace

from extender.core.audit import pending
from extender.core.audit.pending import pending_pods
from extender.core.cluster.changes import Changes
from extender.core.scheduling import AcceptingNodes
from extender.model.scheduling_kinds import SCHEDULING_POD
from tests import builders as b


def waiting(*specs, bound=(), told=(), namespaces=()):
    """One node with a pair; a pod for each spec, those numbered in ``bound`` on a node."""
    claims = [b.claim(f"p{number}", spec) for number, spec in enumerate(specs)]
    pods = [
        replace(b.pod(claim.name, claim.name), node_name="n" if number in bound else "")
        for number, claim in enumerate(claims)
    ]
    snapshot = b.snapshot(b.pair_node("n", ["r0"], ["r0"]), claims=claims, pods=pods)
    snapshot = snapshot.updated(Changes.of(SCHEDULING_POD, told))
    return pending_pods(snapshot, AcceptingNodes(snapshot.objects, snapshot.release), namespaces)


THREE = b.spec(b.request("gpu", "gpu", 3))


def test_pods_without_a_node_wait():
    """Alike ones in one entry, on how many nodes they fit, and what is in the way elsewhere."""
    many, fits = waiting(THREE, b.PAIR, THREE, b.PAIR, bound={3})
    assert (many.pods, many.fit) == (("default/p0", "default/p2"), 0)
    assert [count for _, count in many.reasons] == [1]
    assert (fits.pods, fits.fit, fits.reasons) == (("default/p1",), 1, ())


def test_pods_that_go_do_not_wait():
    """Finished ones, those that are being deleted, and those of other namespaces."""
    told = [b.scheduling_pod("p0", finished=True), b.scheduling_pod("p1", deleting=True)]
    assert waiting(THREE, THREE, told=told) == ()
    assert waiting(THREE, namespaces=["elsewhere"]) == ()


def test_more_than_are_looked_at_are_counted(monkeypatch):
    """Too many kinds, or too many pods."""
    monkeypatch.setattr(pending, "MOST_QUESTIONS", 1)
    first, rest = waiting(b.PAIR, THREE)
    assert (first.judged, rest.judged, rest.pods) == (True, False, ("default/p1",))
    monkeypatch.setattr(pending, "MOST_PODS", 1)
    first, rest = waiting(b.PAIR, b.PAIR)
    assert (first.pods, rest.pods) == (("default/p0",), ("default/p1",))
