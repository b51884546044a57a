"""
What claims do to the service that Kubernetes accepts and that cost much to judge::

    python -m tests.attacks.costly_claims --copies 5

Claims with costly selectors and pods that make searches explode are asked about on the recording's cluster,
several times over. Meanwhile other processes ask ``/livez`` and prioritize for another pod, one request after
the other, so that each tells how long the event loop was held.
"""

from __future__ import annotations

import argparse
import http.client
import json
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.attacks.live_api import LiveApi
from tests.attacks.probe import Probe, p50, p99, probing
from tests.attacks.service import Service, recorded_cluster, serving_live

UUID = "device.attributes['gpu.nvidia.com'].uuid"
SELECTORS = {
    "100 x 100, 4 terms": (
        f"lists.range(100).all(x, lists.range(100).all(y, x >= 0 && y >= 0 && {UUID} != '' && x + y < 300))"
    ),
    "180 x 180": f"lists.range(180).all(x, lists.range(180).all(y, {UUID} != ''))",
    "270 x 270": f"lists.range(270).all(x, lists.range(270).all(y, {UUID} != ''))",
    "200 x findAll": (f"[{','.join(['1'] * 200)}].all(x, ('{'a' * 4000}' + {UUID}).findAll('a').size() > 1)"),
    "transformMap": f"lists.range(20000).transformMap(i, x, x).size() > 0 && {UUID} != ''",
}
"""Each far below Kubernetes' limit of 1,000,000 units; the UUID makes every GPU another one."""

COLUMNS = (
    "attack",
    "first",
    "again",
    "scores",
    "`/livez`: p99, longest",
    "another pod: p50, p99",
    "lag over 20, 50, 100 ms",
)

CLASS_PREFIX = "deviceclass.resource.kubernetes.io/"


@dataclass(frozen=True, slots=True)
class Attack:
    """A request for ``pod``; ``claim`` is in the cluster where the pod uses one."""

    name: str
    pod: dict[str, Any]
    claim: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """
    How long the request took first and again, in seconds, and how many nodes got which score.

    ``livez`` and ``other``: how long ``/livez`` and prioritize for another pod took meanwhile, sorted.
    ``lag``: by bucket of ``event_loop_lag_seconds``, how often the loop was that late.
    """

    first: float
    again: float
    scores: Counter[int]
    livez: list[float]
    other: list[float]
    lag: dict[str, int]


def attacks() -> list[Attack]:
    """The claims with costly selectors, then pods with many requests."""
    made = []
    for number, (name, selector) in enumerate(SELECTORS.items()):
        claim = _claim(f"costly-{number}", [{"cel": {"expression": selector}}])
        made.append(Attack(name, _pod(f"costly-{number}"), claim))
    made += [Attack(f"{count} GPUs and {count} NICs", _containers(1, count)) for count in (1, 4, 8)]
    made += [Attack(f"{count} containers", _containers(count, 1)) for count in (16, 500)]
    return made


def cluster(copies: int, claims: list[dict[str, Any]]) -> dict[str, Any]:
    """The recording's cluster ``copies`` times, each GPU with a UUID of its own, and ``claims``."""
    recorded = recorded_cluster()["items"]
    nodes = [item["metadata"]["name"] for item in recorded if item["kind"] == "Node"]
    items = [item for item in recorded if item["kind"] == "DeviceClass"]
    devices = [item for item in recorded if item["kind"] != "DeviceClass"]
    items += [_copied(item, copy, nodes) for copy in range(copies) for item in devices]
    return {"apiVersion": "v1", "kind": "List", "items": [*items, *claims]}


def run(directory: Path, copies: int, wanted: list[Attack]) -> dict[str, Result]:
    """Make each attack on a service of its own."""
    good = _claim("good", [])
    found = {}
    for attack in wanted:
        objects = cluster(copies, [good, *([attack.claim] if attack.claim else [])])
        names = [item["metadata"]["name"] for item in objects["items"] if item["kind"] == "Node"]
        with (
            LiveApi(objects["items"]).serving() as api,
            serving_live(directory, api, "--kubernetes", "1.36.2") as service,
        ):
            found[attack.name] = _attacked(service, attack, names)
    return found


def prioritize(service: Service, pod: dict[str, Any], names: list[str]) -> list[dict[str, Any]]:
    """The answer to one request."""
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=120)
    body = json.dumps({"Pod": pod, "NodeNames": names})
    connection.request("POST", "/prioritize", body, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    assert answer.status == 200, answer.read()
    entries: list[dict[str, Any]] = json.loads(answer.read())
    connection.close()
    return entries


def _attacked(service: Service, attack: Attack, names: list[str]) -> Result:
    prioritize(service, _pod("good"), names)
    body = json.dumps({"Pod": _pod("good"), "NodeNames": names})
    probes = (Probe("GET", "/livez"), Probe("POST", "/prioritize", (body,)))
    with probing(service.port, probes) as meanwhile:
        before = _lag(service)
        took = []
        entries: list[dict[str, Any]] = []
        for _ in range(2):
            began = time.perf_counter()
            entries = prioritize(service, attack.pod, names)
            took.append(time.perf_counter() - began)
            # An errand may go on after its answer.
            time.sleep(1.0)
    livez, other = meanwhile.seconds
    after = _lag(service)
    lag = {bucket: count - before[bucket] for bucket, count in after.items()}
    return Result(took[0], took[1], Counter(entry["Score"] for entry in entries), livez, other, lag)


def _lag(service: Service) -> dict[str, int]:
    """How often the event loop was late, by the bucket of the histogram."""
    counts: dict[str, int] = {}
    below = 0
    for line in service.get("/metrics")[1].decode().splitlines():
        if line.startswith("dra_extender_event_loop_lag_seconds_bucket"):
            labels, count = line.rsplit(" ", 1)
            bucket = labels.split('le="')[1].split('"')[0]
            counts[bucket] = int(float(count)) - below
            below += counts[bucket]
    return counts


def above(lag: dict[str, int], seconds: float) -> int:
    """How often the event loop was later than so many seconds, which are the bound of a bucket."""
    return sum(count for bucket, count in lag.items() if float(bucket) > seconds)


def _claim(name: str, selectors: list[dict[str, Any]]) -> dict[str, Any]:
    gpu = {"name": "gpu", "exactly": {"deviceClassName": "gpu.nvidia.com", "selectors": selectors}}
    nic = {"name": "nic", "exactly": {"deviceClassName": "rdma"}}
    return {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceClaim",
        "metadata": {"name": name, "namespace": "default", "uid": name},
        "spec": {"devices": {"requests": [gpu, nic]}},
    }


def _pod(claim: str) -> dict[str, Any]:
    spec = {"resourceClaims": [{"name": "devices", "resourceClaimName": claim}]}
    return {"metadata": {"name": claim, "namespace": "default", "uid": f"pod-{claim}"}, "spec": spec}


def _containers(containers: int, devices: int) -> dict[str, Any]:
    """A pod whose containers each ask for so many GPUs and NICs as extended resources."""
    requests = {f"{CLASS_PREFIX}{name}": str(devices) for name in ("gpu.nvidia.com", "rdma")}
    spec = {
        "containers": [
            {"name": f"c{number}", "resources": {"requests": requests}} for number in range(containers)
        ]
    }
    return {"metadata": {"name": "many", "namespace": "default", "uid": "many"}, "spec": spec}


def _copied(item: dict[str, Any], copy: int, nodes: list[str]) -> dict[str, Any]:
    text = json.dumps(item)
    for node in nodes:
        text = text.replace(f'"{node}"', f'"{node}-{copy:04d}"')
    made: dict[str, Any] = json.loads(text)
    if made["kind"] == "ResourceSlice":
        made["metadata"]["name"] += f"-{copy:04d}"
        if made["spec"]["driver"] == "gpu.nvidia.com":
            for number, device in enumerate(made["spec"]["devices"]):
                device["attributes"]["uuid"] = {"string": f"{made['metadata']['name']}-{number}"}
    return made


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms"


def _row(result: Result) -> tuple[str, ...]:
    livez, other, lag = result.livez, result.other, result.lag
    late = (above(lag, seconds) for seconds in (0.02, 0.05, 0.1))
    return (
        _milliseconds(result.first),
        _milliseconds(result.again),
        ", ".join(f"{count} × {score}" for score, count in result.scores.most_common(3)),
        f"{_milliseconds(p99(livez))}, {_milliseconds(livez[-1])}",
        f"{_milliseconds(p50(other))}, {_milliseconds(p99(other))}",
        f"{', '.join(map(str, late))} of {sum(lag.values())}",
    )


def main() -> None:
    """Run the attacks and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--copies", type=int, default=5, help="how often the cluster of 24 nodes is copied")
    parser.add_argument("names", nargs="*", help="parts of the names of attacks; by default all")
    options = parser.parse_args()
    wanted = [
        attack
        for attack in attacks()
        if not options.names or any(part in attack.name for part in options.names)
    ]
    sys.stdout.write(f"| {' | '.join(COLUMNS)} |\n|{'---|' * len(COLUMNS)}\n")
    for attack in wanted:
        with tempfile.TemporaryDirectory() as directory:
            result = run(Path(directory), options.copies, [attack])[attack.name]
        sys.stdout.write(f"| {attack.name} | {' | '.join(_row(result))} |\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
