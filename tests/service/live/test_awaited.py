"""Who waits for an object is told when the watch shows it, and only so many wait."""

from __future__ import annotations

from extender.core.cluster.changes import Changes
from extender.model.kinds import POD, RESOURCE_CLAIM
from extender.service.live.awaited import AwaitedObjects
from tests import builders as b


def test_told_once(clock):
    """Of the object that it is, and of no other of that name or kind."""
    awaited, told = AwaitedObjects(10, 4, clock), []

    def is_it(shown):
        told.append(shown.uid)
        return shown.uid == "uid-job"

    awaited.add(POD.name, ("default", "job"), 1, is_it)
    awaited.on_changes(Changes.of(RESOURCE_CLAIM, [b.claim("job")]))
    awaited.on_changes(Changes.of(POD, [b.pod("other")]))
    assert told == []
    for _ in range(2):
        awaited.on_changes(Changes.of(POD, [b.pod("other"), b.pod("job")]))
    assert told == ["uid-job"]
    assert len(awaited) == 0


def test_waiting_ends(clock):
    """After its time, when it is told that nothing came, or at once where it is not wanted any more."""
    awaited, lost = AwaitedObjects(10, 4, clock), []
    awaited.add(POD.name, ("default", "a"), 1, lambda _: True, lambda: lost.append("a"))
    other = awaited.add(POD.name, ("default", "a"), 5, lambda _: True, lambda: lost.append("b"))
    assert other is not None
    clock.now += 1
    awaited.expire()
    assert lost == ["a"]
    awaited.remove(other)
    awaited.remove(other)
    assert (lost, len(awaited)) == (["a"], 0)


def test_bounds(clock):
    """One namespace leaves room for others; room is made by those whose time is over."""
    awaited = AwaitedObjects(10, 4, clock)

    def taken(namespace, count):
        return sum(
            awaited.add(POD.name, (namespace, str(number)), 1, lambda _: True) is not None
            for number in range(count)
        )

    assert taken("a", 7) == 4
    assert [taken(namespace, 4) for namespace in "bcd"] == [4, 2, 0]
    clock.now += 1
    assert taken("a", 1) == 1
    assert len(awaited) == 1
