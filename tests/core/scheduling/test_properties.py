"""What holds of every pod and every cluster."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from extender.core.scheduling import RULES, feasible, node_info, nodes_of, placed_pod, scores
from extender.kube.decode import Interner
from extender.kube.decode.scheduling_nodes import scheduling_node
from extender.kube.decode.scheduling_pods import scheduling_pod
from extender.model import Toleration
from tests.differential.scheduling_case import generate

FEW = settings(max_examples=60, deadline=None)
SEEDS = st.integers(2_000_000, 3_000_000)
RULE = st.sampled_from(tuple(RULES.values()))


def decoded(case, rules):
    """The pod, and the information of each node, by which ``nodes_of`` makes the cluster."""
    interner = Interner()
    pods = [scheduling_pod(json.dumps(each).encode(), interner) for each in case["pods"]]
    infos = []
    for each in case["nodes"]:
        node = scheduling_node(json.dumps(each).encode(), interner)
        infos.append(node_info(node, [placed_pod(pod, rules) for pod in pods if pod.node_name == node.name]))
    spaces = {each["metadata"]["name"]: each["metadata"]["labels"] for each in case["namespaces"]}
    return scheduling_pod(json.dumps(case["pod"]).encode(), interner), infos, spaces


@FEW
@given(SEEDS, RULE, st.randoms(use_true_random=False))
def test_order_of_nodes(seed, rules, random):
    """A node's verdict and score do not depend on where it stands in the list."""
    pod, infos, spaces = decoded(generate(seed), rules)
    mixed = list(infos)
    random.shuffle(mixed)
    found = []
    for order in (infos, mixed):
        nodes = nodes_of(order, spaces)
        answer = feasible(pod, nodes, rules)
        totals = scores(pod, nodes, answer.feasible, rules).totals
        names = [info.node.name for info in order]
        refusals = dict(zip(names, answer.refusals, strict=True))
        ranked = dict(zip((names[each] for each in answer.feasible), totals, strict=True))
        found.append((refusals, ranked, answer.not_modelled))
    assert found[0] == found[1]


@FEW
@given(SEEDS, RULE)
def test_tolerating_more_never_hurts(seed, rules):
    """Every node that is accepted is accepted still, where taints do not decide about spreading."""
    pod, infos, spaces = decoded(generate(seed), rules)
    if any(each.honor_taints for each in pod.spread):
        return
    nodes = nodes_of(infos, spaces)
    fields = {name: getattr(pod, name) for name in pod.__slots__}
    tolerant = type(pod)(**fields | {"tolerations": (*pod.tolerations, Toleration(operator="Exists"))})
    before, after = feasible(pod, nodes, rules).feasible, feasible(tolerant, nodes, rules).feasible
    assert set(before) <= set(after)


@FEW
@given(SEEDS, RULE)
def test_scores_are_bounded(seed, rules):
    """Of every plugin 0 to 100, so that the total is between 0 and 100 times the weights."""
    pod, infos, spaces = decoded(generate(seed), rules)
    nodes = nodes_of(infos, spaces)
    found = scores(pod, nodes, feasible(pod, nodes, rules).feasible, rules)
    assert all(0 <= total <= 100 * 14 for total in found.totals)


@FEW
@given(SEEDS, RULE)
def test_the_pod_takes_room(seed, rules):
    """With the pod on a node its node never has more left, and the node holds one pod more."""
    pod, infos, _ = decoded(generate(seed), rules)
    for info in infos:
        fuller = node_info(info.node, (*info.pods, placed_pod(pod, rules)))
        assert fuller.requested.milli_cpu >= info.requested.milli_cpu
        assert fuller.requested.memory >= info.requested.memory
        assert len(fuller.pods) == len(info.pods) + 1
