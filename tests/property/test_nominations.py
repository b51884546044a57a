"""Whatever pods, devices, the API and the scheduler do: the laws of nominations."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from extender.core.prediction.evaluate import Memo, Settings, evaluate
from extender.kube.api.nominations import Written
from extender.service.nomination.renewal import RENEW_PART
from tests import builders as b
from tests.service.nomination.nominated_cluster import SCHEDULER, SECONDS, NominatedCluster, near

NAMES = tuple("abcdefgh")
STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            [
                "create",
                "decide",
                "lose",
                "refuse",
                "bind",
                "elsewhere",
                "delete",
                "fail",
                "clear",
                "wait",
                "steal",
                "ask",
                "score",
            ]
        ),
        st.sampled_from(NAMES),
        st.integers(0, 2),
    ),
    max_size=40,
)


def check(cluster):
    """What holds at every moment."""
    open_ = [each for each in cluster.nominator.outstanding if not each.asked]
    devices = [device for each in open_ for device in each.devices]
    # At most one outstanding nomination for each device, and only for devices that nobody has.
    assert len(set(devices)) == len(devices)
    held = {
        result.id
        for claim in cluster.claims.values()
        if claim.allocation is not None
        for result in claim.allocation.results
        if claim.name.startswith("thief")
    }
    fresh = [each for each in open_ if each.decided == cluster.clock.now]
    assert held.isdisjoint(device for each in fresh for device in each.devices)
    assert len(set(cluster.assumed)) == len(cluster.assumed)
    # Whoever waits waits for no lower priority: checked where decisions are made.


def act(cluster, step, name, number):
    """Do one step, as far as it makes sense now."""
    key = ("default", name)
    pending = cluster.nominator._pending.get(key)
    nomination = pending and cluster.nominator.outstanding.get(pending.uid)
    node = f"n{number}"
    if step == "create" and key not in cluster.store.current.pods:
        cluster.create(name, priority=number)
    elif step in ("decide", "lose", "refuse"):
        waiting = cluster.nominator.next_ready()
        ready = [
            each.pod.priority
            for each in cluster.nominator._waiting._by_uid.values()
            if each.ready_at <= cluster.clock.now
        ]
        made = cluster.decide()
        assert waiting is None or waiting.pod.priority == max(ready)
        if made is not None and step == "decide":
            cluster.write(made)
        elif made is not None:
            cluster.nominator.writing(made)
            result = Written.UNANSWERED if step == "lose" else Written.REFUSED
            cluster.nominator.written(made, result)
    elif step == "bind" and nomination:
        cluster.allocate(name, nomination.node, nomination.devices)
        cluster.bind(name, nomination.node)
    elif step == "elsewhere" and pending:
        cluster.show(replace(pending, nominated_node=node, nominated_by=(SCHEDULER,)))
    elif step == "delete" and key in cluster.store.current.pods:
        cluster.delete(name)
    elif step == "fail" and pending:
        cluster.show(replace(pending, unschedulable=True))
    elif step == "clear" and pending:
        cluster.show(replace(pending, nominated_node="", nominated_by=()))
    elif step == "steal" and nomination:
        cluster.claim(b.holding(f"thief-{name}", *nomination.devices))
    elif step in ("ask", "score") and pending and not cluster.claims[f"c-{name}"].allocation:
        ask(cluster, name, node, "n0", "n1", "n2") if step == "score" else ask(cluster, name, node)
    elif step == "wait":
        cluster.clock.now += SECONDS * (0.01, RENEW_PART, 1.1)[number]
        cluster.store.expire()
        cluster.nominator.expire()


def ask(cluster, name, *nodes):
    """Ask about a pod as a scheduler that filters; it gets what it would if nobody were nominated."""
    node = cluster.ask(name, *dict.fromkeys(nodes))
    got = cluster.store.current.claims["default", f"c-{name}"]
    if got.allocation is None:
        return
    node = got.allocation.results[0].id.pool
    without = cluster.store.confirmed.with_claims([replace(got, allocation=None)])
    pod = without.pods["default", name]
    evaluation = evaluate(without, pod, Memo(lambda names, _score: [b""] * len(names)), Settings())
    assert evaluation.allocated_on(node) == (got,)


@settings(max_examples=150, deadline=None)
@given(STEPS)
def test_no_device_is_promised_twice_and_order_is_kept(steps):
    """After every step, and in the end nothing is left of pods that are gone."""
    cluster = NominatedCluster(near("n0", 2), near("n1"), near("n2"))
    for step in steps:
        act(cluster, *step)
        check(cluster)
    for _, name in list(cluster.store.current.pods):
        cluster.delete(name)
    assert cluster.assumed == []
    assert len(cluster.nominator.outstanding) == 0
    assert cluster.nominator.waiting == 0


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(NAMES), st.sampled_from(("ask", "score", "bind", "delete"))), max_size=8
    )
)
def test_whoever_is_asked_about_gets_the_first_devices(steps):
    """All pods are nominated, three for each node or more, and the scheduler takes them in any order."""
    cluster = NominatedCluster(near("n0", 4), near("n1", 4))
    for name in NAMES[:-1]:
        cluster.create(name)
    for made in cluster.decide_all():
        cluster.write(made)
    cluster.create(NAMES[-1])
    for name, step in steps:
        nomination = cluster.nominator.outstanding.get(f"uid-{name}")
        if step != "score" and nomination is not None:
            act(cluster, step, name, int(nomination.node[1:]))
        elif step == "score":
            act(cluster, step, name, 0)
        check(cluster)
