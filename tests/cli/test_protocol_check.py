"""The check of our answers sees what kube-scheduler would stumble over."""

from __future__ import annotations

import json

import pytest

from extender.cli.protocol_check import check_bind, check_filter, check_preempt, check_prioritize

BODY = json.dumps({"Pod": {}, "Nodes": None, "NodeNames": ["b", "a"]}).encode()
NODE_LIST = {"items": [{"metadata": {"name": "b"}}, {"metadata": {"name": "a"}}]}
NODES = json.dumps({"Pod": {}, "Nodes": NODE_LIST, "NodeNames": None}).encode()
PASSED: dict[str, object] = {
    "Nodes": None,
    "NodeNames": ["b", "a"],
    "FailedNodes": {},
    "FailedAndUnresolvableNodes": {},
    "Error": "",
}


def encode(value):
    return json.dumps(value).encode()


def test_a_filter_answer_that_passes_all():
    """All names in the order sent is right."""
    assert check_filter(BODY, encode(PASSED)) == []


def test_a_filter_answer_with_node_objects():
    """Node objects come back as Node objects."""
    answer = {**PASSED, "NodeNames": None, "Nodes": NODE_LIST}
    assert check_filter(NODES, encode(answer)) == []
    assert check_filter(NODES, encode(PASSED)) != []


def test_a_filter_answer_that_rejects():
    """A rejected node is left out of the names and has a reason."""
    answer = {**PASSED, "NodeNames": ["a"], "FailedAndUnresolvableNodes": {"b": "too far"}}
    assert check_filter(BODY, encode(answer)) == []


@pytest.mark.parametrize(
    "change",
    [
        {"NodeNames": ["a", "b"]},
        {"NodeNames": ["b"]},
        {"NodeNames": ["b", "b", "a"]},
        {"NodeNames": None},
        {"Error": "sorry"},
        {"FailedNodes": None},
        {"FailedNodes": {"a": 7}},
        {"nodenames": []},
    ],
    ids=str,
)
def test_a_wrong_filter_answer(change):
    """Order, completeness, types and keys are checked."""
    assert check_filter(BODY, encode({**PASSED, **change})) != []


def test_a_prioritize_answer():
    """Each name once with an integer is right, in any order."""
    assert check_prioritize(BODY, encode([{"Host": "a", "Score": 7}, {"Host": "b", "Score": 0}])) == []


@pytest.mark.parametrize(
    "answer",
    [
        b"{}",
        b"[",
        b'[{"Host":"a","Score":7}]',
        b'[{"Host":"a","Score":7.0},{"Host":"b","Score":0}]',
        b'[{"Host":"a","Score":true},{"Host":"b","Score":0}]',
        b'[{"Host":"a","Score":7},{"Host":"b","Score":0},{"Host":"b","Score":0}]',
        b'[{"Host":"a","Score":7},{"Host":"b","Score":0},{"Host":"c","Score":0}]',
        b'[{"host":"a","score":7},{"Host":"b","Score":0}]',
    ],
)
def test_a_wrong_prioritize_answer(answer):
    """Missing, double and unknown hosts are seen, and scores that Go refuses."""
    assert check_prioritize(BODY, answer) != []


def test_a_bind_answer():
    """An Error text is right, empty or not; anything else is wrong."""
    assert check_bind(b'{"Error":"frozen"}') == []
    assert check_bind(b'{"Error":null}') != []
    assert check_bind(b"{}") != []


def test_a_preempt_answer():
    """Victims of nodes that were sent are right; null entries and other nodes are wrong."""
    body = encode(
        {"Pod": {}, "NodeNameToMetaVictims": {"a": {"Pods": [{"UID": "1"}], "NumPDBViolations": 0}}}
    )
    right = {"NodeNameToMetaVictims": {"a": {"Pods": [{"UID": "1"}], "NumPDBViolations": 0}}}
    assert check_preempt(body, encode(right)) == []
    assert check_preempt(body, encode({"NodeNameToMetaVictims": {"a": None}})) != []
    assert check_preempt(body, encode({"NodeNameToMetaVictims": {"a": {"Pods": [None]}}})) != []
    assert check_preempt(body, encode({"NodeNameToMetaVictims": {"b": {"Pods": []}}})) != []
    assert check_preempt(body, b"null") != []
