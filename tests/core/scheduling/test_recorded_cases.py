"""
Generated pods, recorded with what the real plugins of each minor answered.

``python -m tests.differential.scheduling_record`` records them anew.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import fields, replace

import pytest

from extender.core.scheduling import RULES
from tests.differential.scheduling_case import answer
from tests.differential.scheduling_compare import differences
from tests.differential.scheduling_record import recorded

PLUGINS_THAT_REFUSE = {
    "InterPodAffinity",
    "NodeAffinity",
    "NodeName",
    "NodePorts",
    "NodeResourcesFit",
    "NodeUnschedulable",
    "PodTopologySpread",
    "TaintToleration",
}
PLUGINS_THAT_SCORE = {
    "ImageLocality",
    "InterPodAffinity",
    "NodeAffinity",
    "NodeResourcesBalancedAllocation",
    "NodeResourcesFit",
    "PodTopologySpread",
    "TaintToleration",
}
SWITCHES = [
    field.name
    for field in fields(next(iter(RULES.values())))
    if field.name not in {"minor", "known", "dra_score", "dra_scores_allocated"}
]


@pytest.mark.parametrize("minor", RULES)
def test_same_answers(minor):
    """Every node is refused by the same plugins for the same reason, and scored alike by each plugin."""
    wrong = {}
    for line in recorded(minor):
        found = list(differences(answer(line["case"], RULES[minor]), line["answer"]))
        if found:
            wrong[line["case"]["seed"]] = found
    assert wrong == {}


@pytest.mark.parametrize("minor", RULES)
def test_every_plugin_has_a_say(minor):
    """Among the recorded pods are some that each plugin refuses, and some that it scores differently."""
    refusing: Counter[str] = Counter()
    scoring: Counter[str] = Counter()
    for line in recorded(minor):
        for plugins in line["answer"]["filters"].values():
            refusing.update(list(plugins))
        for plugin, scores in line["answer"].get("scores", {}).items():
            if plugin != "failed" and len(set(scores["normalised"].values())) > 1:
                scoring[plugin] += 1
    features = {"NodeDeclaredFeatures"} if RULES[minor].node_features else set()
    assert refusing.keys() >= PLUGINS_THAT_REFUSE | features
    assert scoring.keys() >= PLUGINS_THAT_SCORE


@pytest.mark.parametrize("switch", SWITCHES)
def test_every_switch_matters(switch):
    """With a rule of another release in the place of its own, some minor's answers are wrong."""
    noticed = False
    for minor, rules in RULES.items():
        for other in RULES.values():
            value = getattr(other, switch)
            if value == getattr(rules, switch) or noticed:
                continue
            changed = replace(rules, **{switch: value})
            noticed = any(
                list(differences(answer(line["case"], changed), line["answer"])) for line in recorded(minor)
            )
    assert noticed
