"""What comes once and never again leaves nothing behind: counted in objects, not in bytes."""

from __future__ import annotations

import gc
from collections import Counter

import orjson
import pytest

from extender.core.allocator.layout import NodeLayout
from extender.core.cluster import signature
from extender.core.cluster.changes import Changes
from extender.core.cluster.node_state import NodeState
from extender.core.cluster.signature import NodeType
from extender.core.cluster.snapshot import Snapshot
from extender.core.prediction.claims_memo import ClaimsMemo
from extender.core.prediction.evaluate import Evaluation, Memo, NodeVerdict
from extender.core.prediction.memo import PlanMemo
from extender.core.prediction.predict import Prediction
from extender.kube import encode
from extender.kube.decode import Interner, interner
from extender.kube.decode.resources import BY_KIND
from extender.model import Attribute, Claim, ClaimSpec, Devices, DeviceTraits, Pod, ResourceSlice
from extender.model.device_columns import Heading, Names, Traits, Values
from extender.service.http import verbs
from extender.service.live.follower import LiveFollower
from extender.service.live.remembered import Attempt
from extender.service.wire import host_priorities
from tests.service.live.live_cluster import NODES, at_once, body, live_service

ROUNDS = 300
PLANS = 8
"""The capacity of the memo of requests here: the plans of the last so many claims."""

SPARE, TRAITS = 10, 20
"""Types that no node has, and traits of devices, that may be kept."""

SLACK = 40
"""What may be kept for those, and for the last few plans and pods; what grows, does so in each round."""

OF_CLUSTER = (
    Attempt,
    Attribute,
    Claim,
    Devices,
    DeviceTraits,
    Evaluation,
    Heading,
    Names,
    NodeState,
    Pod,
    ResourceSlice,
    Snapshot,
    Traits,
    Values,
)
OF_CLAIMS = (ClaimSpec, ClaimsMemo, NodeLayout, NodeVerdict, PlanMemo, Prediction)


class Soak:
    """
    A live service, and a scheduler that places every other pod.

    In each round a pod comes with a claim whose selector no claim had before, is asked about and goes.
    Meanwhile a slice is published with a value, a name, an attribute and a taint that no device had before.
    """

    def __init__(self, clock):
        self.clock = clock
        self.service = live_service(clock)
        live = self.service.follower
        assert isinstance(live, LiveFollower)
        self.live = live
        self.store = live.store
        self.interner = Interner()
        self.slices = [encode.slice_json(each) for each in live.store.current.published.values()]

    def shows(self, kind, document):
        key, value = BY_KIND[kind].read(orjson.dumps(document), self.interner)
        self.live.handler.apply(Changes({kind: {key: value}}))

    def gone(self, kind, name):
        self.live.handler.apply(Changes({kind: {("default", name): None}}))

    def round(self, number):
        self.clock.now += 0.5
        self.publish(number)
        name = f"new-{number}"
        claim = claim_json(name, f"'{name}' != ''")
        pod = orjson.loads(body(name, name))["Pod"]
        self.shows("ResourceClaim", claim)
        self.shows("Pod", pod)
        at_once(verbs.filter_(self.service, body(name, name)))
        answer = orjson.loads(at_once(verbs.prioritize(self.service, body(name, name))).body)
        assert [each["Host"] for each in answer] == NODES
        if number % 2:
            node = max(answer, key=lambda each: each["Score"])["Host"]
            self.place(claim, pod, node)
        self.gone("Pod", name)
        self.gone("ResourceClaim", name)
        self.live.handler.expire()
        self.store.expire()
        self.live.checks.settle(self.store.current)

    def place(self, claim, pod, node):
        evaluation = self.live.checks.evaluation_of(pod["metadata"]["uid"])
        assert evaluation is not None
        (allocated,) = evaluation.allocated_on(node)
        self.shows("ResourceClaim", orjson.loads(orjson.dumps(encode.claim_json(allocated))))
        self.shows("Pod", {**pod, "spec": {**pod["spec"], "nodeName": node}})

    def publish(self, number):
        document = orjson.loads(orjson.dumps(self.slices[number % len(self.slices)]))
        first = document["spec"]["devices"][0]
        first["attributes"]["example.com/value"] = {"string": f"value-{number}"}
        first["attributes"][f"example.com/attribute-{number}"] = {"int": number}
        first["taints"] = [{"key": "example.com/taint", "value": str(number), "effect": "None"}]
        document["spec"]["devices"].append({"name": f"more-{number}"})
        self.shows("ResourceSlice", document)


COLUMNS = ("device_names", "device_traits", "headings", "strings", "ints", "bools", "versions", "values")


def claim_json(name, expression):
    selectors = [{"cel": {"expression": expression}}]
    requests = [
        {"name": "gpu", "exactly": {"deviceClassName": "gpu", "selectors": selectors}},
        {"name": "nic", "exactly": {"deviceClassName": "nic"}},
    ]
    return {
        "metadata": {"name": name, "namespace": "default", "uid": f"uid-{name}"},
        "spec": {"devices": {"requests": requests}},
    }


def objects():
    """How many there are of each class, once garbage is collected."""
    gc.collect()
    counted: Counter[type] = Counter(map(type, gc.get_objects()))
    return {each.__name__: counted[each] for each in (*OF_CLUSTER, *OF_CLAIMS, NodeType)}


@pytest.fixture
def soak(clock, monkeypatch):
    monkeypatch.setattr(interner, "MOST_TRAITS_BYTES", TRAITS * interner.TRAITS_BYTES)
    monkeypatch.setattr(signature, "SPARE_TYPES", SPARE)
    made = Soak(clock)
    made.store.current.lineage.most = SPARE
    memo = Memo(host_priorities, capacity=PLANS)
    object.__setattr__(made.live, "memo", memo)
    object.__setattr__(made.service, "memo", memo)
    return made


def test_nothing_is_kept_of_what_is_gone(soak):
    """After so many rounds there is as much as after half of them, and each table is within its bound."""
    halfway = {}
    for number in range(1, ROUNDS + 1):
        soak.round(number)
        if number == ROUNDS // 2:
            halfway = objects()
    after = objects()
    grown = {name: after[name] - count for name, count in halfway.items() if after[name] > count + SLACK}
    assert not grown
    lineage, tables = soak.store.current.lineage, soak.interner
    live = {state.inventory.type.number for state in soak.store.current.nodes.values()}
    assert lineage.most <= 2 * len(live) + SPARE
    assert max(len(lineage.types), len(lineage.tainted), len(lineage.reads)) <= lineage.most
    assert max(map(len, (getattr(tables, name) for name in COLUMNS))) <= lineage.most + SLACK
    assert sum(map(len, tables.devices.values())) <= len(soak.slices)
    assert max(len(tables.traits), len(tables.traits_by_json)) <= TRAITS
    assert soak.store.in_flight == 0
