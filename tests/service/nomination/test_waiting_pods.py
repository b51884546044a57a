"""The pods that wait for a nomination."""

from __future__ import annotations

from dataclasses import replace

from extender.model.pending_pods import PendingPod
from extender.service.nomination import waiting_pods
from extender.service.nomination.waiting_pods import MOST_BACKOFF_SECONDS, WaitingPods
from tests.service.nomination.nominated_cluster import there


def pod(name, priority=0):
    return PendingPod("default", name, f"uid-{name}", priority=priority)


def names(waiting, now):
    """Take all that are ready."""
    found = []
    while (each := waiting.next_ready(now)) is not None:
        waiting.remove(each.pod.uid)
        found.append(each.pod.name)
    return found


def test_order():
    """Priority, then arrival, whatever comes in between."""
    waiting = WaitingPods()
    for each in (pod("a"), pod("b", 1), pod("c"), pod("d", 1)):
        assert waiting.add(each, 0.0)
    waiting.remove("uid-c")
    waiting.add(pod("e"), 0.0)
    assert names(waiting, 0.0) == ["b", "d", "a", "e"]


def test_a_changed_pod_keeps_its_place_and_its_age():
    """But not where its priority changes."""
    waiting = WaitingPods()
    for each in (pod("a"), pod("b")):
        waiting.add(each, 1.0)
    waiting.add(replace(pod("a"), version="2"), 5.0)
    assert there(waiting.get("uid-a")).since == 1.0
    assert len(waiting) == 2
    waiting.add(pod("b", 7), 5.0)
    assert names(waiting, 5.0) == ["b", "a"]


def test_backoff():
    """Twice as long each time, bounded, and in the old place again."""
    waiting, now, waits = WaitingPods(), 0.0, []
    waiting.add(pod("a"), now)
    waiting.add(pod("z"), now)
    for _ in range(12):
        each = there(waiting.next_ready(now))
        assert each.pod.name == "a"
        waiting.put_back(each, each.pod, now, backoff=True)
        assert there(waiting.next_ready(now)).pod.name == "z"
        ready = there(waiting.get("uid-a")).ready_at
        assert there(waiting.next_ready(ready - 0.001)).pod.name == "z"
        waits.append(round(ready - now, 3))
        now = ready
    assert waits == sorted(waits)
    assert waits[:3] == [0.05, 0.1, 0.2]
    assert waits[-1] == MOST_BACKOFF_SECONDS


def test_retry_all():
    """Everybody is ready at once, and later waits go on from where they were."""
    waiting = WaitingPods()
    for each in (pod("a"), pod("b")):
        waiting.add(each, 0.0)
        found = there(waiting.get(each.uid))
        waiting.put_back(replace(found, fruitless=3), each, 0.0, backoff=True)
    assert waiting.next_ready(0.0) is None
    waiting.retry_all()
    assert there(waiting.next_ready(0.0)).fruitless == 4
    assert names(waiting, 0.0) == ["a", "b"]


def test_no_more_than_the_limit(monkeypatch):
    """Further pods go the usual way; those that wait are still updated."""
    monkeypatch.setattr(waiting_pods, "MAX_PODS", 2)
    waiting = WaitingPods()
    assert [waiting.add(pod(name), 0.0) for name in "abc"] == [True, True, False]
    assert waiting.add(replace(pod("a"), version="2"), 0.0)
    assert names(waiting, 0.0) == ["a", "b"]
