"""A service over a façade that answers from a table, and a client on loopback."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from types import SimpleNamespace

import orjson
import pytest
import structlog

from extender.core.alignment.pairs import Alignment, Pair
from extender.core.cluster.inventory import EMPTY
from extender.core.cluster.snapshot import Snapshot
from extender.core.prediction.evaluate import (
    Best,
    Certainty,
    NodeVerdict,
    Outcome,
    PredictedDevice,
    Settings,
    evaluate,
)
from extender.core.prediction.shortfall import shortfall_of
from extender.core.reasons import Reason, ReasonCode
from extender.core.releases.history import release_for
from extender.core.topology.locations import Distance
from extender.core.topology.machine_facts import NO_FACTS
from extender.model import DeviceID, DeviceResult
from extender.service import wire
from extender.service.http.dependencies import Service
from extender.service.http.web import make_app
from extender.service.metrics.metrics import Metrics
from extender.service.store import FrozenStore
from tests import builders as b
from tests.clock import Clock


def verdict(outcome="allocated", *, certainty="exact", reason=None, devices=(), alignment=None, score=0):
    return NodeVerdict(Outcome(outcome), Certainty(certainty), reason, devices, alignment, score, 1)


UNKNOWN_NODE = verdict("unknown", reason=Reason(ReasonCode.NODE_UNKNOWN), score=50)


class Facade:
    """
    Answers evaluations from ``table``: node to verdict.

    ``calls`` counts evaluations; ``failure`` is raised instead of an answer.
    """

    def __init__(self):
        self.table = {}
        self.calls = 0
        self.failure = None
        self.best_alignment = {}
        self.stats = SimpleNamespace(
            searches=1, predictions=Counter({(Outcome.ALLOCATED, Certainty.EXACT): 1})
        )

    def __call__(self, snapshot, pod, memo, settings):
        self.calls += 1
        if self.failure is not None:
            raise self.failure
        return self

    def entries(self, names, _turn=None):
        return [wire.host_priority(name, found.score) for name, found in self.verdicts(names).items()]

    def budget(self, _turn=None):
        return None

    def verdicts(self, names, _budget=None):
        return {name: self.table.get(name, UNKNOWN_NODE) for name in names}

    def shortfalls(self, names, _turn=None):
        found = {name: shortfall_of(verdict) for name, verdict in self.verdicts(names).items()}
        return {name: shortfall for name, shortfall in found.items() if shortfall is not None}

    def no_fit(self, name, verdict, _budget=None):
        return None

    def double_uses(self, name, verdict):
        return ()

    def ignored(self, verdicts):
        return ()

    def best(self, name, _budget=None):
        return Best(self.best_alignment.get(name), complete=True)


@dataclass
class Store:
    current: object = field(
        default_factory=lambda: SimpleNamespace(
            release=SimpleNamespace(version="1.36.2"),
            nodes=dict.fromkeys(("node-a", "node-b"), SimpleNamespace(inventory=EMPTY)),
            machines=NO_FACTS,
            classes={"gpu": None},
            claims={},
            pods={},
            namespaces={},
            slices=SimpleNamespace(by_pool={"pool-a": (1, 2), "pool-b": (3,)}),
        )
    )
    ready: bool = True


class Binder:
    """Records what it was asked to bind; ``error`` is its answer, ``failure`` is raised."""

    def __init__(self):
        self.bound = []
        self.error = ""
        self.failure = None
        self.gate = None

    async def bind(self, args):
        if self.gate is not None:
            await self.gate.wait()
        if self.failure is not None:
            raise self.failure
        self.bound.append(args)
        return self.error


def verdict_of(distance, *, node="node-a", certainty="exact", score=0):
    """An allocated GPU and NIC at ``distance`` from each other."""
    gpu = DeviceResult("gpu", DeviceID("gpu.nvidia.com", node, "gpu-0"))
    nic = DeviceResult("nic", DeviceID("dra.net", node, "net0"))
    pair = Pair(0, 1, "gpu-nic", Distance(distance), 0.5)
    return verdict(
        certainty=certainty,
        devices=(PredictedDevice("job-1-claim-0", gpu, False), PredictedDevice("job-1-claim-0", nic, False)),
        alignment=Alignment(0.5, (pair,)),
        score=score,
    )


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def make_verdict():
    """The builder of verdicts with one GPU-NIC pair."""
    return verdict_of


@pytest.fixture
def new_verdict():
    """The builder of bare verdicts."""
    return verdict


@pytest.fixture
def facade():
    return Facade()


@pytest.fixture
def store():
    return Store()


@pytest.fixture
def binder():
    return Binder()


@pytest.fixture
def service(facade, store):
    """A service over a frozen cluster, as ``serve --cluster`` builds it."""
    return Service(
        store=store,
        evaluate=facade,
        settings=Settings(),
        metrics=Metrics("1.36.2"),
    )


@pytest.fixture
def app(service):
    return make_app(service)


@pytest.fixture
async def client(app, connect):
    return await connect(app)


@pytest.fixture
def connect(aiohttp_client):
    """Makes a client of an application that declares its bodies as JSON, as kube-scheduler does."""

    async def connect(app):
        return await aiohttp_client(app, headers={"Content-Type": "application/json"})

    return connect


@pytest.fixture
def metric(service):
    """The value of one series, ``None`` where it does not exist."""

    def value(name, **labels):
        return service.metrics.registry.get_sample_value(f"dra_extender_{name}", labels)

    return value


@pytest.fixture
def logged():
    """The log lines so far, as dictionaries."""
    with structlog.testing.capture_logs() as lines:
        yield lines


@pytest.fixture
def pod():
    """Builds the JSON of a pod; ``alignment`` is its annotation."""

    def build(alignment=None, **metadata):
        annotations = {"dra-extender.io/alignment": alignment} if alignment is not None else {}
        return {
            "metadata": {"name": "job-1", "namespace": "default", "annotations": annotations, **metadata},
            "spec": {"resourceClaims": [{"name": "devices", "resourceClaimName": "job-1-claim-0"}]},
        }

    return build


@pytest.fixture
def args(pod):
    """Builds a body of filter as a nodeCacheCapable extender gets it."""

    def build(*names, alignment=None):
        return orjson.dumps({"Pod": pod(alignment), "Nodes": None, "NodeNames": names})

    return build


@pytest.fixture
def world():
    """
    Two nodes and the claim of ``job-1``, as keywords of ``Snapshot.of``.

    On ``near`` the first GPU and the first NIC share a PCIe root, on ``far`` the GPU
    shares its root with the second NIC only.
    """
    numa = {"pci0000:10": 0, "pci0000:80": 1}
    near, near_slices = b.pair_node("near", ["pci0000:10"], ["pci0000:10", "pci0000:80"], numa)
    far, far_slices = b.pair_node("far", ["pci0000:10"], ["pci0000:80", "pci0000:10"], numa)
    return {
        "nodes": [near, far],
        "slices": [*near_slices, *far_slices],
        "classes": [*b.CLASSES],
        "claims": [b.claim("job-1-claim-0")],
    }


@pytest.fixture
def frozen(connect, service):
    """Serves a world as ``serve --cluster`` does, with the real evaluation."""

    async def serve(world, kubernetes="1.36.2", **changes):
        snapshot = Snapshot.of(release=release_for(kubernetes), **world)
        real = replace(service, store=FrozenStore(snapshot), evaluate=evaluate, **changes)
        return await connect(make_app(real))

    return serve
