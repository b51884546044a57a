"""
Measure what the scheduling model costs: ``python -m tests.core.scheduling.cost [--nodes 5000] [--pods 10]``.

Processor time, so that other work on the machine matters little; the best of five.
"""

from __future__ import annotations

import argparse
import gc
import json
import sys
import time
from collections.abc import Callable, Sequence
from random import Random
from typing import Any, TypeVar

from extender.core.scheduling import RULES, feasible, node_info, nodes_of, placed_pod, scores
from extender.kube.decode import Interner
from extender.kube.decode.scheduling_nodes import scheduling_node
from extender.kube.decode.scheduling_pods import scheduling_pod
from tests.differential.scheduling_nodes import DISK, HOSTNAME, NAMESPACES, ZONE, labels, node

JSON = dict[str, Any]
T = TypeVar("T")
RULE = RULES["1.36"]
WEB = {"matchLabels": {"app": "web"}}


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.core.scheduling.cost", description=__doc__)
    parser.add_argument("--nodes", type=int, default=5000)
    parser.add_argument("--pods", type=int, default=10, help="pods on each node")
    options = parser.parse_args(arguments)
    random, interner = Random(1), Interner()
    wire_nodes = [_node(random, f"n{index}") for index in range(options.nodes)]
    wire_pods = [[_placed(random, index, of) for of in range(options.pods)] for index in range(options.nodes)]
    total = options.nodes * options.pods

    decoded = _timed(
        "decode a node", options.nodes, lambda: [scheduling_node(x, interner) for x in wire_nodes]
    )
    pods = _timed(
        "decode a pod", total, lambda: [[scheduling_pod(x, interner) for x in y] for y in wire_pods]
    )
    placed = _timed("placed_pod", total, lambda: [[placed_pod(x, RULE) for x in y] for y in pods])
    infos = _timed(
        "node_info", options.nodes, lambda: [node_info(x, y) for x, y in zip(decoded, placed, strict=True)]
    )
    # What was made above is not to be collected while the rest is measured.
    gc.freeze()
    nodes = _timed("nodes_of", 1, lambda: nodes_of(infos, {}))
    for name, spec in _specs().items():
        wire = {"metadata": {"name": "p", "labels": {"app": "web"}}, "spec": {**_plain(), **spec}}
        pod = scheduling_pod(json.dumps(wire).encode(), interner)
        found = feasible(pod, nodes, RULE).feasible
        filtering = min(_seconds(lambda pod=pod: feasible(pod, nodes, RULE)) for _ in range(5))  # type: ignore[misc]
        scoring = min(
            _seconds(lambda pod=pod, found=found: scores(pod, nodes, found, RULE))  # type: ignore[misc]
            for _ in range(5)
        )
        sys.stdout.write(
            f"{name}: {len(found)} feasible, filter {filtering * 1e3:.1f} ms, score {scoring * 1e3:.1f} ms\n"
        )
    return 0


def _timed(name: str, count: int, run: Callable[[], T]) -> T:
    begun = time.process_time()
    made = run()
    sys.stdout.write(f"{name}: {(time.process_time() - begun) / count * 1e6:.1f} µs each\n")
    return made


def _seconds(run: Callable[[], object]) -> float:
    begun = time.process_time()
    run()
    return time.process_time() - begun


def _node(random: Random, name: str) -> bytes:
    made = node(random, name)
    made["metadata"].setdefault("labels", {})[HOSTNAME] = name
    made["status"]["allocatable"] |= {"cpu": "128", "memory": "512Gi", "pods": "110"}
    return json.dumps(made).encode()


def _placed(random: Random, on: int, index: int) -> bytes:
    metadata = {"name": f"{on}-{index}", "namespace": random.choice(NAMESPACES), "labels": labels(random)}
    spec = {**_plain("500m", "1Gi"), "nodeName": f"n{on}"}
    if random.random() < 0.01:
        spec |= _anti_affinity({"app": "db", "tier": "9"})
    return json.dumps({"metadata": metadata, "spec": spec}).encode()


def _plain(cpu: str = "2", memory: str = "4Gi") -> JSON:
    requests = {"cpu": cpu, "memory": memory}
    return {"containers": [{"name": "c", "image": "app", "resources": {"requests": requests}}]}


def _anti_affinity(chosen: JSON) -> JSON:
    term = {"topologyKey": HOSTNAME, "labelSelector": {"matchLabels": chosen}}
    return {"affinity": {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}}


def _specs() -> dict[str, JSON]:
    spread = [
        {"maxSkew": 5000, "topologyKey": ZONE, "whenUnsatisfiable": action, "labelSelector": WEB}
        for action in ("DoNotSchedule", "ScheduleAnyway")
    ]
    return {
        "plain": {},
        "node selector": {"nodeSelector": {DISK: "ssd"}, "tolerations": [{"operator": "Exists"}]},
        "zone spreading": {"topologySpreadConstraints": spread},
        "anti-affinity": _anti_affinity({"app": "web", "tier": "1"}),
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
