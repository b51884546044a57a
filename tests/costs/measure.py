"""
The costs of one fleet, in processor time of this process.
"""

from __future__ import annotations

import gc
import itertools
import json
import time
from collections.abc import Iterator, Sequence
from itertools import cycle, islice
from typing import NamedTuple, cast

import msgspec

from extender.cli.bench.fleet import JSON, fleet
from extender.cli.bench.load import SPECS, Load
from extender.cli.bench.server import resident_bytes
from extender.core.cluster.changes import Changes
from extender.core.cluster.snapshot import Snapshot
from extender.core.prediction.evaluate import Memo, Settings, evaluate
from extender.core.releases.history import LATEST
from extender.kube import decode
from extender.kube.decode.interner import Interner
from extender.kube.decode.resources import BY_KIND
from extender.model.kinds import KINDS, Key
from extender.service import wire
from extender.service.live.in_flight import InFlight
from extender.service.live.store import LiveStore


class Cost(NamedTuple):
    amount: float
    unit: str


def costs(nodes: int, repeats: int, batch: int) -> dict[str, Cost]:
    """The costs by name, in the order in which they arise. ``batch``: how many events come at once."""
    items = [json.dumps(item).encode() for item in cast("list[JSON]", fleet(nodes)["items"])]
    gc.collect()
    gc.disable()
    before = resident_bytes()
    interner = Interner()
    found: dict[str, Cost] = {}
    started = time.process_time()
    lists = _lists(items, interner)
    found["decode all objects"] = _milliseconds(started)
    started = time.process_time()
    store = LiveStore(LATEST, InFlight(30), time.monotonic)
    for kind in KINDS:
        store.apply(Changes({kind.name: lists.get(kind.name, {})}, frozenset((kind.name,))))
    found["freeze the first snapshot"] = _milliseconds(started)
    del lists
    gc.collect()
    found["memory of both"] = Cost((resident_bytes() - before) / (1 << 20), "MiB")
    gc.freeze()
    load = Load(nodes)
    found |= _first_pods(store.current, load, interner)
    for name, batches in _events(items, load, batch).items():
        found[f"event: {name}"] = _events_cost(store, interner, batches, repeats, batch)
    for name, change in _everywhere().items():
        found[f"event: {name}"] = _event_everywhere(store, interner, change, repeats)
    gc.enable()
    gc.unfreeze()
    return found


def _milliseconds(started: float) -> Cost:
    return Cost((time.process_time() - started) * 1e3, "ms")


def _lists(items: Sequence[bytes], interner: Interner) -> dict[str, dict[Key, object | None]]:
    lists: dict[str, dict[Key, object | None]] = {}
    for item in items:
        kind = msgspec.json.decode(item, type=_Kind).kind
        key, value = BY_KIND[kind].read(item, interner)
        lists.setdefault(kind, {})[key] = value
    return lists


class _Kind(msgspec.Struct):
    kind: str


def _first_pods(snapshot: Snapshot, load: Load, interner: Interner) -> dict[str, Cost]:
    """What the first filter and prioritize of a pod of each spec take of the core, all nodes offered."""
    found: dict[str, Cost] = {}
    memo = Memo(wire.host_priorities)
    settings, args = Settings(), wire.ArgsDecoder()
    for spec in SPECS:
        job = load.job(spec)
        claims = [decode.resource_claim(json.dumps(claim).encode(), interner) for claim in job.claims]
        pod = decode.pod(args.decode(job.body).pod, interner)
        with_claims = snapshot.with_claims(claims)
        started = time.process_time()
        evaluate(with_claims, pod, memo, settings).entries(load.names)
        found[f"first pod: {spec}"] = _milliseconds(started)
    return found


def _events(items: Sequence[bytes], load: Load, batch: int) -> dict[str, Iterator[dict[str, list[bytes]]]]:
    """Endless batches of events, as JSON by kind, of each sort."""
    slices = [item for item in items if b'"kind": "ResourceSlice"' in item]
    # Not those that change meanwhile.
    republished = cycle(slices[::-1])
    changing = cycle(slices)
    numbers = itertools.count()

    def changed() -> Iterator[dict[str, list[bytes]]]:
        for number in numbers:
            of_batch = islice(changing, batch)
            yield {"ResourceSlice": [_with_new_value(item, number) for item in of_batch]}

    def equal() -> Iterator[dict[str, list[bytes]]]:
        while True:
            yield {"ResourceSlice": list(islice(republished, batch))}

    placed = load.placed_claims()

    def allocated() -> Iterator[dict[str, list[bytes]]]:
        while claims := list(islice(placed, batch)):
            yield {"ResourceClaim": [json.dumps(claim).encode() for claim in claims]}

    def bound() -> Iterator[dict[str, list[bytes]]]:
        for number in itertools.count():
            names = islice(cycle(load.names), number * batch % len(load.names), None)
            yield {"Pod": [_bound_pod(f"bound-{number}-{name}", name) for name in islice(names, batch)]}

    return {
        "slice changed": changed(),
        "slice republished": equal(),
        "claim allocated": allocated(),
        "pod bound": bound(),
    }


def _with_new_value(item: bytes, number: int) -> bytes:
    """A slice that says something new of its devices that no claim reads, under a new generation."""
    wanted = json.loads(item)
    wanted["spec"]["pool"]["generation"] = number + 2
    for device in wanted["spec"]["devices"]:
        device["attributes"]["example.com/load"] = {"int": number}
    return json.dumps(wanted).encode()


def _bound_pod(name: str, node: str) -> bytes:
    metadata = {"name": name, "namespace": "bench", "uid": name}
    container = {"name": "main", "image": "registry.example.com/train:1"}
    return json.dumps({"metadata": metadata, "spec": {"nodeName": node, "containers": [container]}}).encode()


def _events_cost(
    store: LiveStore,
    interner: Interner,
    batches: Iterator[dict[str, list[bytes]]],
    repeats: int,
    batch: int,
) -> Cost:
    """What one of the events takes, from its JSON to the next snapshot."""
    least = min(_apply(store, interner, next(batches)) for _ in range(repeats))
    return Cost(least / batch * 1e6, "us each")


def _everywhere() -> dict[str, tuple[str, JSON, JSON]]:
    """Objects that concern every node: their kind, and two states that come in turns."""
    return {
        "taint rule for all devices of a driver": ("DeviceTaintRule", _rule("a"), _rule("b")),
        "device class changed": ("DeviceClass", _class("a"), _class("b")),
        "slice for all nodes": ("ResourceSlice", _shared_slice("a"), _shared_slice("b")),
    }


def _rule(value: str) -> JSON:
    taint = {"key": "example.com/maintenance", "value": value, "effect": "NoSchedule"}
    return {"metadata": {"name": "rule"}, "spec": {"deviceSelector": {"driver": "dra.net"}, "taint": taint}}


def _class(value: str) -> JSON:
    expression = f"device.driver == 'dra.net' && '{value}' != ''"
    return {"metadata": {"name": "rdma-2"}, "spec": {"selectors": [{"cel": {"expression": expression}}]}}


def _shared_slice(value: str) -> JSON:
    pool = {"name": "shared", "generation": 1, "resourceSliceCount": 1}
    device = {"name": "channel", "attributes": {"example.com/type": {"string": value}}}
    spec = {"driver": "example.com", "allNodes": True, "pool": pool, "devices": [device]}
    return {"metadata": {"name": "shared"}, "spec": spec}


def _event_everywhere(
    store: LiveStore, interner: Interner, change: tuple[str, JSON, JSON], repeats: int
) -> Cost:
    kind, *states = change
    batches = [{kind: [json.dumps(state).encode()]} for state in states]
    # The first one adds the object; what is measured is that it changes.
    _apply(store, interner, batches[-1])
    least = min(_apply(store, interner, batch) for batch in islice(cycle(batches), repeats))
    return Cost(least * 1e3, "ms")


def _apply(store: LiveStore, interner: Interner, batch: dict[str, list[bytes]]) -> float:
    """Decode and apply events; returns the seconds that took."""
    started = time.process_time()
    tables: dict[str, dict[Key, object | None]] = {}
    for kind, items in batch.items():
        tables[kind] = dict(BY_KIND[kind].read(item, interner) for item in items)
    store.apply(Changes(tables))
    return time.process_time() - started
