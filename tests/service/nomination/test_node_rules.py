"""Where a pod may be nominated, after nodes and pods have changed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from extender.core.cluster.changes import Changes
from extender.core.scheduling import NotModelled, NotModelledCode, not_modelled
from extender.model import Taint
from extender.model.scheduling_kinds import SCHEDULING_NODE, SCHEDULING_POD
from extender.service.nomination.node_rules import NodeRules
from tests import builders as b

KEY = ("default", "p")
TAINT = (Taint("gpu", "NoSchedule"),)


@pytest.fixture
def rules():
    """Node rules that have seen one pod and the nodes a to d; the pod may go to a and b only."""
    made = NodeRules(b.NEWEST, dict)
    made.on_readings(Changes.of(SCHEDULING_POD, [b.scheduling_pod()]))
    made.on_readings(
        Changes.of(
            SCHEDULING_NODE,
            [b.scheduling_node(name, taints=TAINT if name in "cd" else ()) for name in "abcd"],
        )
    )
    return made


def test_a_change_of_one_node_judges_the_others_that_were_beyond_the_limit(rules, monkeypatch):
    """Where all nodes were too much work, none of them passes just because one of them changed."""
    monkeypatch.setattr(not_modelled, "WORK_LIMIT", 5)
    before = rules.nodes(KEY)
    assert isinstance(before, NotModelled)
    assert before.code is NotModelledCode.TOO_MUCH_WORK
    rules.on_readings(Changes.of(SCHEDULING_NODE, [b.scheduling_node("a", cpu="7")]))
    assert rules.nodes(KEY) == before
    monkeypatch.undo()
    rules.on_readings(Changes.of(SCHEDULING_NODE, [b.scheduling_node("a", cpu="6")]))
    assert rules.nodes(KEY).names == ["a", "b"]


def test_a_node_that_is_gone_and_comes_back_is_judged_anew(rules):
    """Nothing of its past counts."""
    assert rules.nodes(KEY).names == ["a", "b"]
    rules.on_readings(replace(Changes.of(SCHEDULING_NODE, []), complete=frozenset({SCHEDULING_NODE.name})))
    assert rules.nodes(KEY).names == []
    rules.on_readings(
        Changes.of(SCHEDULING_NODE, [b.scheduling_node("a", taints=TAINT), b.scheduling_node("c")])
    )
    assert rules.nodes(KEY).names == ["c"]
