"""Law: what is kept of nodes and pods from change to change is what a new start would find."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from extender.core.cluster.changes import Changes
from extender.core.releases.history import release_for
from extender.core.scheduling import rules_of
from extender.model.quantity import parse_quantity
from extender.model.scheduling import ContainerResources, PodResources, SchedulingNode, SchedulingPod
from extender.model.scheduling_kinds import SCHEDULING_NODE, SCHEDULING_POD
from extender.service.nomination.node_rules import NodeRules

RULES = rules_of(release_for("1.36.2"))
NODES = ("a", "b", "c")
PODS = ("p", "q", "r")
PENDING = SchedulingPod("default", "asked", "uid-asked", claims=True)
ASKED = tuple(
    replace(
        PENDING,
        name=f"asked-{amount}",
        resources=PodResources((ContainerResources((("cpu", parse_quantity(amount)),)),)),
    )
    for amount in ("1", "5")
)

amounts = st.sampled_from(["2", "4", "8"])
nodes = st.builds(
    lambda name, amount, cordoned: SchedulingNode(
        name,
        allocatable=(("cpu", parse_quantity(amount)), ("pods", parse_quantity("3"))),
        unschedulable=cordoned,
    ),
    st.sampled_from(NODES),
    amounts,
    st.booleans(),
)
pods = st.builds(
    lambda name, amount, node, nominated: SchedulingPod(
        "default",
        name,
        f"uid-{name}",
        node_name=node,
        nominated_node_name=nominated,
        resources=PodResources((ContainerResources((("cpu", parse_quantity(amount)),)),)),
    ),
    st.sampled_from(PODS),
    amounts,
    st.sampled_from(["", *NODES]),
    st.sampled_from(["", *NODES]),
)
steps = st.one_of(
    st.tuples(st.just("node"), nodes),
    st.tuples(st.just("node goes"), st.sampled_from(NODES)),
    st.tuples(st.just("pod"), pods),
    st.tuples(st.just("pod goes"), st.sampled_from(PODS)),
    st.tuples(st.just("send"), st.sampled_from(PODS), st.sampled_from(NODES)),
    st.tuples(st.just("take back"), st.sampled_from(PODS)),
)


class Followed:
    """Rules that follow, and what there is by now."""

    def __init__(self):
        self.rules = NodeRules(RULES, dict)
        self.nodes, self.pods, self.sent = {}, {}, {}
        self.rules.on_readings(Changes.of(SCHEDULING_POD, ASKED))

    def step(self, what, *given):
        match what:
            case "node":
                self.nodes[given[0].name] = given[0]
                self.rules.on_readings(Changes.of(SCHEDULING_NODE, given))
            case "node goes":
                self.nodes.pop(given[0], None)
                self.rules.on_readings(Changes.of(SCHEDULING_NODE, (), given))
            case "pod":
                # What runs has been pending, and does not go elsewhere.
                before = self.pods.get(given[0].name)
                if before is None or not before.node_name:
                    self.pods[given[0].name] = given[0]
                    self.rules.on_readings(Changes.of(SCHEDULING_POD, given))
            case "pod goes":
                self.pods.pop(given[0], None)
                self.rules.on_readings(Changes.of(SCHEDULING_POD, (), [("default", given[0])]))
            case "send":
                pod = self.pods.get(given[0])
                if pod is not None and not pod.node_name:
                    self.sent[given[0]] = given[1]
                    self.rules.send(("default", given[0]), given[1])
            case "take back":
                self.sent.pop(given[0], None)
                self.rules.take_back(("default", given[0]))

    def anew(self):
        """Rules that are told only what there is."""
        rules = NodeRules(RULES, dict)
        rules.on_readings(Changes.of(SCHEDULING_POD, [*ASKED, *self.pods.values()]))
        rules.on_readings(Changes.of(SCHEDULING_NODE, list(self.nodes.values())))
        for name, node in self.sent.items():
            if name in self.pods and not self.pods[name].node_name:
                rules.send(("default", name), node)
        return rules


def answers(rules):
    """Which nodes pass for each pod that asks, and their scores."""
    found = []
    for pod in ASKED:
        passing = rules.nodes((pod.namespace, pod.name))
        names = list(passing.names)
        for name in NODES:
            only = rules.nodes((pod.namespace, pod.name), (name,)).names
            assert list(only) == [each for each in names if each == name]
        found.append((names, dict(passing.scores(names)) if names else {}))
    return found


@given(st.lists(nodes, max_size=3), st.lists(st.tuples(steps, st.booleans()), max_size=20))
def test_followed_is_as_good_as_new(first, history):
    """Also where nobody asked between two changes."""
    followed = Followed()
    for node in first:
        followed.step("node", node)
    answers(followed.rules)
    for step, asks in history:
        followed.step(*step)
        if asks:
            assert answers(followed.rules) == answers(followed.anew())
    assert answers(followed.rules) == answers(followed.anew())
