"""Node selectors as kube-scheduler matches them."""

from __future__ import annotations

import pytest

from extender.core.cluster.node_selection import (
    HOSTNAME,
    NAME_ANCHOR,
    NodeSelectorError,
    anchors_of,
    node_matches,
    selector_matches,
    ties_to,
)
from extender.model import Node, NodeRequirement, NodeSelector, NodeSelectorTerm

LONG = {"long": "1" * 25, "longest": "1" * 5000}
NODE = Node(
    "n", {"zone": "a", "count": "5", "empty": "", "signed": "+5", "word": "five", "negative": "-3"} | LONG
)


def requirement(key: str, operator: str, *values: str) -> NodeRequirement:
    return NodeRequirement(key, operator, values)


def selector(*expressions: NodeRequirement, fields: tuple[NodeRequirement, ...] = ()) -> NodeSelector:
    return NodeSelector((NodeSelectorTerm(expressions, fields),))


LABELS = {
    ("zone", "In", "a", "b"): True,
    ("zone", "In", "b"): False,
    ("absent", "In", ""): False,
    ("empty", "In", ""): True,
    ("zone", "NotIn", "b"): True,
    ("zone", "NotIn", "a", "b"): False,
    ("absent", "NotIn", "a"): True,
    ("zone", "Exists"): True,
    ("empty", "Exists"): True,
    ("absent", "Exists"): False,
    ("absent", "DoesNotExist"): True,
    ("zone", "DoesNotExist"): False,
    ("count", "Gt", "4"): True,
    ("count", "Gt", "5"): False,
    ("count", "Lt", "6"): True,
    ("count", "Lt", "5"): False,
    ("negative", "Lt", "0"): True,
    ("signed", "Gt", "4"): True,
    ("long", "Gt", "0"): False,
    ("longest", "Gt", "0"): False,
    ("word", "Gt", "9223372036854775807"): False,
    ("word", "Gt", "0"): False,
    ("empty", "Lt", "9"): False,
    ("absent", "Gt", "0"): False,
    ("absent", "Lt", "0"): False,
}


@pytest.mark.parametrize(("expression", "matches"), LABELS.items(), ids=str)
def test_labels(expression, matches):
    """Each operator, on labels that are there, empty, absent or no numbers."""
    assert selector_matches(selector(requirement(*expression)), NODE) is matches


@pytest.mark.parametrize(
    "expression",
    [
        ("zone", "In"),
        ("zone", "NotIn"),
        ("zone", "Exists", "a"),
        ("zone", "DoesNotExist", "a"),
        ("count", "Gt"),
        ("count", "Gt", "1", "2"),
        ("count", "Lt", "four"),
        ("count", "Lt", "-2"),
        ("count", "Lt", "9223372036854775808"),
        ("count", "Lt", "1" * 5000),
        ("zone", "In", "a", "not a value"),
        ("zone", "In", "a" * 64),
        ("not/a/key", "Exists"),
        ("count", "Gt", "1_0"),
        ("count", "Gt", " 4"),
        ("count", "Gt", ""),
        ("zone", "in", "a"),
        ("zone", "", "a"),
    ],
    ids=str,
)
def test_requirements_that_cannot_be_parsed(expression):
    """The error names the key; it is raised even where another term matches already."""
    wrong = requirement(*expression)
    fine = NodeSelectorTerm((requirement("zone", "In", "a"),))
    with pytest.raises(NodeSelectorError, match=f"^{wrong.key}: operator"):
        selector_matches(NodeSelector((fine, NodeSelectorTerm((wrong,)))), NODE)


@pytest.mark.parametrize(
    ("operator", "values", "matches"),
    [("In", ("n",), True), ("In", ("m",), False), ("NotIn", ("m",), True), ("NotIn", ("n",), False)],
)
def test_the_name_as_a_field(operator, values, matches):
    """Fields select by name, with one value."""
    by_name = requirement("metadata.name", operator, *values)
    assert selector_matches(selector(fields=(by_name,)), NODE) is matches


@pytest.mark.parametrize(
    ("operator", "value", "matches"),
    [("In", "n", False), ("In", "", True), ("NotIn", "n", True), ("NotIn", "", False)],
)
def test_another_field_is_empty(operator, value, matches):
    """Nodes are matched by name only; any other field is like one that is empty."""
    other = requirement("metadata.namespace", operator, value)
    assert selector_matches(selector(fields=(other,)), NODE) is matches


@pytest.mark.parametrize(
    "wrong",
    [
        requirement("metadata.name", "In", "a", "b"),
        requirement("metadata.name", "In"),
        requirement("metadata.name", "Exists"),
    ],
    ids=str,
)
def test_fields_that_cannot_be_parsed(wrong):
    """Other operators and numbers of values are refused."""
    with pytest.raises(NodeSelectorError, match=r"field metadata\.name"):
        selector_matches(selector(fields=(wrong,)), NODE)


IN_A, IN_B = requirement("zone", "In", "a"), requirement("zone", "In", "b")
NAMED = requirement("metadata.name", "In", "n")


@pytest.mark.parametrize(
    ("terms", "matches"),
    [
        ((), False),
        ((NodeSelectorTerm(),), False),
        ((NodeSelectorTerm((IN_A, IN_B)),), False),
        ((NodeSelectorTerm((IN_B,)), NodeSelectorTerm((IN_A,))), True),
        ((NodeSelectorTerm(), NodeSelectorTerm((IN_A,))), True),
        ((NodeSelectorTerm((IN_B,), (NAMED,)),), False),
        ((NodeSelectorTerm((IN_A,), (NAMED,)),), True),
    ],
    ids=["no term", "empty term", "all of a term", "any term", "empty beside one", "label differs", "both"],
)
def test_terms_are_ored_and_their_requirements_anded(terms, matches):
    """An empty term matches nothing."""
    assert selector_matches(NodeSelector(terms), NODE) is matches


@pytest.mark.parametrize(
    ("name", "all_nodes", "of", "matches"),
    [
        ("n", False, None, True),
        ("m", True, selector(IN_A), False),
        ("", True, selector(IN_B), True),
        ("", False, selector(IN_A), True),
        ("", False, selector(IN_B), False),
        ("", False, None, False),
    ],
)
def test_the_first_rule_that_is_set_decides(name, all_nodes, of, matches):
    """Name, then all nodes, then selector; with none, no node."""
    assert node_matches(NODE, name, all_nodes, of) is matches


NAMED = NodeRequirement("metadata.name", "In", ("n",))
HOST = NodeRequirement(HOSTNAME, "In", ("host",))
BROAD = NodeRequirement("zone", "In", ("a",))


@pytest.mark.parametrize(
    ("terms", "tied"),
    [
        ((NodeSelectorTerm((), (NAMED,)),), True),
        ((NodeSelectorTerm((HOST,)),), True),
        ((NodeSelectorTerm((BROAD, HOST)), NodeSelectorTerm()), True),
        ((NodeSelectorTerm((BROAD,)),), False),
        ((NodeSelectorTerm((HOST,)), NodeSelectorTerm((BROAD,))), False),
        ((NodeSelectorTerm((NodeRequirement(HOSTNAME, "In", ("host", "other")),)),), False),
        ((NodeSelectorTerm((NodeRequirement(HOSTNAME, "Exists", ()),)),), False),
        ((NodeSelectorTerm((), (NodeRequirement("metadata.name", "In", ("m",)),)),), False),
    ],
)
def test_a_selector_can_tie_to_one_node(terms, tied):
    """By its name or its hostname, in every term that can match."""
    node = Node("n", {HOSTNAME: "host", "zone": "a"})
    assert ties_to(NodeSelector(terms), node) is tied
    assert not ties_to(NodeSelector(terms), Node("x", {"zone": "a"}))
    assert not ties_to(None, node)


@pytest.mark.parametrize(
    ("terms", "anchors"),
    [
        ((), set()),
        ((NodeSelectorTerm(),), set()),
        ((NodeSelectorTerm((), (NAMED,)),), {(NAME_ANCHOR, "n")}),
        ((NodeSelectorTerm((BROAD,), (NAMED,)),), {(NAME_ANCHOR, "n")}),
        ((NodeSelectorTerm((BROAD, HOST)), NodeSelectorTerm((HOST,))), {("zone", "a"), (HOSTNAME, "host")}),
        ((NodeSelectorTerm((NodeRequirement("zone", "In", ("a", "b")),)),), {("zone", "a"), ("zone", "b")}),
        ((NodeSelectorTerm((BROAD,)), NodeSelectorTerm((NodeRequirement("zone", "Exists", ()),))), None),
        ((NodeSelectorTerm((NodeRequirement("zone", "NotIn", ("b",)),)),), None),
        ((NodeSelectorTerm((), (NodeRequirement("metadata.name", "NotIn", ("m",)),)),), None),
        ((NodeSelectorTerm((BROAD, NodeRequirement("zone", "IN", ("a",)))),), None),
        ((NodeSelectorTerm((BROAD,), (NodeRequirement("metadata.name", "In", ("n", "m")),)),), None),
    ],
)
def test_a_selector_tells_what_its_nodes_have(terms, anchors):
    """One for each term that can match; none is told where a term may match without, or does not parse."""
    found = anchors_of(NodeSelector(terms))
    assert found == anchors
    node = Node("n", {HOSTNAME: "host", "zone": "a"})
    if found is not None and selector_matches(NodeSelector(terms), node):
        assert not found.isdisjoint({(NAME_ANCHOR, "n"), *node.labels.items()})
