"""The objects of a cluster by kind, and what lists and events change of them."""

from __future__ import annotations

from dataclasses import replace

from extender.core.cluster.changes import Changes
from extender.core.cluster.differences import Difference
from extender.core.cluster.objects import Objects
from extender.model import Node
from extender.model.kinds import NODE, POD, RESOURCE_CLAIM, Key
from tests import builders as b

A, B, C = Node("a"), Node("b"), Node("c")
ZONED = Node("a", {"zone": "1"})


def objects(*nodes):
    return Objects().updated(Changes.of(NODE, nodes))


def test_the_last_of_a_name_counts_and_gone_is_gone():
    """Whatever the order in which an object and its name are given."""
    changes = Changes.of(NODE, [A, ZONED, B], gone=["b"])
    assert changes[NODE] == {"a": ZONED, "b": None}
    assert (changes.upserts(NODE), changes.gone(NODE, ())) == ([ZONED], ["b"])


def test_a_complete_list_drops_what_it_lacks():
    """Of its kind alone."""
    before = objects(A, B).updated(Changes.of(POD, [b.pod("p")]))
    changes = Changes.of(NODE, [C, B], complete=True)
    after = before.updated(changes)
    assert changes.gone(NODE, before[NODE]) == ["a"]
    assert list(after[NODE]) == ["b", "c"]
    assert after[POD] is before[POD]
    assert after.updated(Changes.of(NODE, complete=True))[NODE] == {}


def test_a_first_list_is_what_it_would_be_beside_others():
    """In its order, without what is gone; one of nothing, or of what is gone, changes nothing."""
    before = objects(C)
    first = Changes.of(POD, [b.pod("q"), b.pod("p")], gone=[("default", "none")], complete=True)
    assert before.updated(first) == before.after(before.differences(first))
    assert list(before.updated(first)[POD]) == [("default", "q"), ("default", "p")]
    assert before.updated(first)[NODE] is before[NODE]
    for nothing in (Changes.of(POD, complete=True), Changes.of(POD, gone=[("default", "p")], complete=True)):
        assert before.updated(nothing) is before


def test_only_what_differs_is_a_difference():
    """Each object is compared with what was there; values that are equal stay the same objects."""
    before = objects(A, B)
    changes = Changes.of(NODE, [ZONED, Node("b"), C], gone=["never-there"])
    assert before.differences(changes)[NODE] == {"a": Difference(A, ZONED), "c": Difference(None, C)}
    after = before.updated(changes)
    assert after[NODE]["b"] is B
    assert list(after[NODE]) == ["a", "b", "c"]
    assert before[NODE] == {"a": A, "b": B}


def test_nothing_changed_is_the_same_value():
    """So that whoever holds the old one need not look."""
    before = objects(A)
    for changes in (Changes(), Changes.of(NODE, [Node("a")]), Changes.of(NODE, [A], complete=True)):
        assert before.updated(changes) is before
    assert Objects()[NODE] == {}


def test_changes_add_up():
    """Of the same object the later one counts, and its JSON."""
    first = replace(Changes.of(NODE, [A, B]), json={NODE.name: {"a": b"1", "b": b"2"}})
    later = replace(Changes.of(NODE, [ZONED], complete=True), json={NODE.name: {"a": b"3"}})
    both = first | later | Changes.of(POD, gone=[("n", "p")])
    assert both[NODE] == {"a": ZONED, "b": B}
    assert both[POD] == {("n", "p"): None}
    assert both.complete == {"Node"}
    assert both.json == {"Node": {"a": b"3", "b": b"2"}}


def test_changes_can_be_taken_apart():
    """Some objects of a kind with their JSON, and all others."""
    claims = [b.claim("c"), b.claim("d")]
    keys = [claim.key for claim in claims]
    json: dict[Key, bytes] = dict.fromkeys(keys, b"{}")
    table = {RESOURCE_CLAIM.name: json}
    changes = replace(Changes.of(RESOURCE_CLAIM, claims) | Changes.of(NODE, [A]), json=table)
    part = changes.with_only(RESOURCE_CLAIM, keys[:1])
    assert (part[RESOURCE_CLAIM], part[NODE]) == ({keys[0]: claims[0]}, {})
    assert part.json == {RESOURCE_CLAIM.name: {keys[0]: b"{}"}}
    rest = changes.without(RESOURCE_CLAIM, keys[:1])
    assert (rest[RESOURCE_CLAIM], rest[NODE]) == ({keys[1]: claims[1]}, {"a": A})
    assert changes.without(RESOURCE_CLAIM, []) is changes


def test_other_changes_of_a_kind_make_no_complete_list():
    """What takes the place of a list says itself what is gone."""
    changes = Changes.of(NODE, [A], complete=True) | Changes.of(POD, complete=True)
    other = changes.replaced(NODE, [B], ["c"])
    assert other[NODE] == {"b": B, "c": None}
    assert other.complete == {"Pod"}


def test_there_is_something_to_do():
    """A complete list without objects says that there are none."""
    assert Changes.of(NODE, [A])
    assert Changes.of(NODE, complete=True)
    assert not Changes()
    assert not Changes.of(NODE, [A]).without(NODE, ["a"])
