"""
A generated case for the scheduling plugins, and what we answer to it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from random import Random
from typing import Any

from extender.core.scheduling import (
    Nodes,
    Profile,
    SchedulingRules,
    default_selector,
    node_info,
    nodes_of,
    placed_pod,
)
from extender.core.scheduling.filtering import filter_columns
from extender.core.scheduling.not_modelled import filters_not_modelled
from extender.core.scheduling.reasons import render_not_modelled
from extender.core.scheduling.scoring import plugin_scores
from extender.core.scheduling.scoring_strategy import DEFAULT_STRATEGY, ScoringStrategy, StrategyType
from extender.kube.decode import Interner
from extender.kube.decode.label_selectors import LabelSelectorJSON, label_selector
from extender.kube.decode.scheduling_nodes import scheduling_node
from extender.kube.decode.scheduling_pods import scheduling_pod
from extender.model.scheduling import SchedulingPod
from tests.differential.scheduling_nodes import GPU, NAMESPACES, labels, namespace, node, service
from tests.differential.scheduling_pods import pending, placed, undemanding

JSON = dict[str, Any]


def generate(seed: int) -> JSON:
    """One case, in the form of a ``schedule`` request."""
    random = Random(seed)
    names = [f"n{index}" for index in range(random.choice((1, 3, 3, 5, 5, 8, 8, 20)))]
    nodes = [node(random, name) for name in names]
    pods = [
        placed(random, f"{name}-{index}", name)
        for name in names
        for index in range(random.choice((0, 1, 2, 4)))
    ]
    pod = pending(random)
    if random.random() < 0.5:
        pod = undemanding(pod)
    case: JSON = {
        "seed": seed,
        "nodes": nodes,
        "pods": pods,
        "pod": pod,
        "namespaces": [namespace(random, name) for name in NAMESPACES if random.random() < 0.8],
    }
    if random.random() < 0.4:
        case["services"] = [service(random, f"s{index}") for index in range(random.randint(1, 2))]
    if random.random() < 0.3:
        selector = {"matchLabels": labels(random, 0.6)}
        case["replicaSets"] = [
            {
                "metadata": {"name": "rs", "namespace": random.choice(NAMESPACES)},
                "spec": {"selector": selector},
            }
        ]
    if random.random() < 0.2:
        name = random.choice((GPU, "example.com/x"))
        case["classes"] = [{"metadata": {"name": "gpu"}, "spec": {"extendedResourceName": name}}]
        requests = pod["spec"]["containers"][0].setdefault("resources", {}).setdefault("requests", {})
        requests[GPU] = "1"
    elif random.random() < 0.3:
        case["scoringStrategy"] = strategy(random)
    return case


def strategy(random: Random) -> JSON:
    """A scoring strategy with the keys of the scheduler's internal configuration."""
    resources = [
        {"Name": name, "Weight": random.choice((1, 1, 3, 5))}
        for name in ("cpu", "memory", "ephemeral-storage", GPU)
        if random.random() < 0.6
    ] or [{"Name": "cpu", "Weight": 1}]
    kind = random.choice(tuple(StrategyType))
    made: JSON = {"Type": str(kind), "Resources": resources}
    if kind is StrategyType.REQUESTED_TO_CAPACITY_RATIO:
        at = sorted(random.sample(range(101), random.randint(1, 4)))
        made["RequestedToCapacityRatio"] = {
            "Shape": [{"Utilization": each, "Score": random.randint(0, 10)} for each in at]
        }
    return made


def nodes_in(case: Mapping[str, Any], rules: SchedulingRules) -> Nodes:
    """The nodes of a case, with its pods on them."""
    interner = Interner()
    on: dict[str, list[Any]] = {}
    for each in case["pods"]:
        pod = scheduling_pod(json.dumps(each).encode(), interner)
        on.setdefault(pod.node_name, []).append(placed_pod(pod, rules))
    infos = []
    for each in case["nodes"]:
        made = scheduling_node(json.dumps(each).encode(), interner)
        infos.append(node_info(made, on.get(made.name, ())))
    spaces = {each["metadata"]["name"]: each["metadata"]["labels"] for each in case["namespaces"]}
    return nodes_of(infos, spaces)


def profile_of(case: Mapping[str, Any]) -> Profile:
    given = case.get("scoringStrategy")
    if given is None:
        return Profile(strategy=DEFAULT_STRATEGY)
    shape = given.get("RequestedToCapacityRatio", {"Shape": ()})["Shape"]
    return Profile(
        strategy=ScoringStrategy(
            StrategyType(given["Type"]),
            tuple((each["Name"], each["Weight"]) for each in given["Resources"]),
            tuple((each["Utilization"], each["Score"]) for each in shape),
        )
    )


def selector_in(case: Mapping[str, Any], pod: SchedulingPod) -> Any:
    """What selects the pod by default."""
    services = [
        each["spec"]["selector"]
        for each in case.get("services", ())
        if each["metadata"]["namespace"] == pod.namespace and "selector" in each["spec"]
    ]
    controller = None
    for each in case.get("replicaSets", ()):
        owned = pod.owner is not None and pod.owner.name == each["metadata"]["name"]
        if owned and each["metadata"]["namespace"] == pod.namespace:
            given = each["spec"]["selector"]
            controller = label_selector(LabelSelectorJSON(match_labels=given["matchLabels"]))
    return default_selector(pod, services, controller)


def answer(case: Mapping[str, Any], rules: SchedulingRules) -> JSON:
    """Our answer, in the form of the oracle's as far as the two are compared."""
    nodes = nodes_in(case, rules)
    pod = scheduling_pod(json.dumps(case["pod"]).encode(), Interner())
    missing = filters_not_modelled(pod, nodes, rules)
    if missing:
        return {"notModelled": [render_not_modelled(each) for each in missing]}
    names = [info.node.name for info in nodes.infos]
    refused: dict[str, dict[str, Any]] = {name: {} for name in names}
    dra = {each["spec"]["extendedResourceName"] for each in case.get("classes", ())}
    for plugin, column in filter_columns(pod, nodes, rules, dra):
        for name, refusal in zip(names, column, strict=True):
            if refusal is not None:
                refused[name][plugin] = refusal
    feasible = [position for position, name in enumerate(names) if not refused[name]]
    found: JSON = {"filters": refused, "scores": {}, "totals": {}}
    if not feasible:
        return found
    profile = profile_of(case)
    totals = dict.fromkeys((names[each] for each in feasible), 0)
    for plugin, made in plugin_scores(
        pod, nodes, feasible, rules, profile=profile, default_selector=selector_in(case, pod)
    ):
        raw = dict(zip((names[each] for each in feasible), made.raw, strict=True))
        normalised = dict(zip((names[each] for each in feasible), made.normalised, strict=True))
        weight = profile.weights[plugin]
        found["scores"][plugin] = {"raw": raw, "normalised": normalised, "weight": weight}
        for name, score in normalised.items():
            totals[name] += weight * score
    found["totals"] = totals
    return found
