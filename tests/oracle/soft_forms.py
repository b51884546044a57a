"""
What each form of a softly aligned claim costs Kubernetes' own allocator.

    python -m tests.oracle.soft_forms FLEET [--nodes 100] [--gpu-class CLASS] [--nic-class CLASS]

Asks the real allocator for one GPU and one NIC on nodes of a dump, with all devices free and with
every other one in use, for each way to write the claim. Prints the allocator's processor time for one
allocation, the same relative to the claim as written, and how often the two devices share a root. The
time for reading the question is taken off: it is measured with no claims.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from extender.cli.cluster_input import cluster_input, read_cluster
from extender.core.cluster.snapshot import Snapshot
from extender.core.soft_alignment.rewrite import form_one, form_two, rewritten
from extender.core.topology.driver_attributes import PCI_BUS_ID, PCIE_ROOT
from extender.kube.encode.claims import claim_json, class_json
from extender.kube.encode.nodes import node_json
from extender.kube.encode.slices import slice_json
from extender.model import Claim, ClaimSpec, Constraint, ExactRequest, Request, ResourceSlice
from tests.oracle.client import Oracle
from tests.oracle.line_program import Answer
from tests.oracle.releases import MINORS
from tests.processor_time import processor_seconds

RUNS = 20
"""Allocations per question: reading it costs more than one of them."""

FEATURES = ("AdminAccess", "DeviceTaints", "PartitionableDevices", "PrioritizedList")

Object = dict[str, Any]


class Node(NamedTuple):
    """A node and its slices as JSON, and the root of each device that publishes one."""

    node: Object
    slices: list[Object]
    roots: dict[tuple[str, str], str]


class Cost(NamedTuple):
    """Seconds of processor time for one allocation; allocations in all, and with one root."""

    seconds: float
    aligned: int
    allocated: int


def main(arguments: Sequence[str]) -> int:
    """Print a table for free nodes and one for half of each in use."""
    parser = argparse.ArgumentParser(prog="python -m tests.oracle.soft_forms", description=__doc__)
    parser.add_argument("fleet", type=Path)
    parser.add_argument("--minor", default="1.36", choices=MINORS)
    parser.add_argument("--nodes", type=int, default=100)
    parser.add_argument("--gpu-class", default="gpu.nvidia.com")
    parser.add_argument("--nic-class", default="rdma")
    options = parser.parse_args(arguments)
    snapshot = cluster_input(read_cluster([str(options.fleet)]), options.minor).snapshot
    forms = forms_of(options.gpu_class, options.nic_class)
    nodes = list(nodes_with_both(snapshot, options.nodes))
    classes = [as_json(class_json(each)) for each in snapshot.classes.values()]
    with Oracle(options.minor) as oracle:
        for words, used in (("all devices are free", 0), ("every other device is in use", 2)):
            sys.stdout.write(f"\n{len(nodes)} nodes, {words}\n\n")
            sys.stdout.write(
                "| claim | µs per allocation | relative | one root | allocated |\n|---|--:|--:|--:|--:|\n"
            )
            reading = measured(oracle, nodes, classes, None, used)
            written = 0.0
            for name, spec in forms.items():
                cost = measured(oracle, nodes, classes, spec, used)
                seconds = cost.seconds - reading.seconds
                written = written or seconds
                figures = f"{seconds * 1e6:.0f} | {seconds / written:.2f} | {cost.aligned} | {cost.allocated}"
                sys.stdout.write(f"| {name} | {figures} |\n")
                sys.stdout.flush()
    return 0


def forms_of(gpu_class: str, nic_class: str) -> dict[str, ClaimSpec]:
    """Every way to write the claim, by its description; the claim as written comes first."""
    gpu, nic = (
        Request(name, exactly=ExactRequest(name, device_class))
        for name, device_class in (("gpu", gpu_class), ("nic", nic_class))
    )
    written = ClaimSpec("written", (gpu, nic))
    attributes = (PCIE_ROOT, PCI_BUS_ID)
    found = {
        "as written": written,
        "as written, NIC first": ClaimSpec("swapped", (nic, gpu)),
        "hard constraint": replace(written, constraints=(Constraint(("gpu", "nic"), PCIE_ROOT),)),
    }
    for order, (a, b) in (("GPU first", ("gpu", "nic")), ("NIC first", ("nic", "gpu"))):
        found[f"form 1, {order}"] = rewritten(written, form_one(a, b, PCIE_ROOT, 0, 0))
        found[f"form 2, {order}"] = rewritten(written, form_two(a, b, attributes, 0, 0))
    return found


def nodes_with_both(snapshot: Snapshot, count: int) -> Iterator[Node]:
    """Up to ``count`` nodes, evenly over the fleet."""
    states = [state for state in snapshot.nodes.values() if state.inventory.slices]
    for state in states[:: max(1, len(states) // count)][:count]:
        slices = state.inventory.slices
        yield Node(
            as_json(node_json(state.node)),
            [as_json(slice_json(each)) for each in slices],
            dict(roots_of(slices)),
        )


def roots_of(slices: Sequence[ResourceSlice]) -> Iterator[tuple[tuple[str, str], str]]:
    for slice_ in slices:
        for device in slice_.devices:
            if PCIE_ROOT in device.attributes:
                yield (slice_.driver, device.name), str(device.attributes[PCIE_ROOT].value)


def measured(
    oracle: Oracle, nodes: Sequence[Node], classes: list[Object], spec: ClaimSpec | None, used: int
) -> Cost:
    """``RUNS`` allocations on each node; of every ``used`` devices the first is in use (0: none)."""
    claims = [as_json(claim_json(Claim("ns", "c", "uid", spec)))] if spec else []
    aligned = allocated = 0
    begun = processor_seconds(oracle.pid)
    for number, node in enumerate(nodes):
        question = {
            "features": FEATURES,
            "node": node.node,
            "classes": classes,
            "slices": node.slices,
            "claims": claims,
            "allocatedDevices": held(node.slices, used),
        }
        answer = oracle.allocate(question, runs=RUNS, seed=number)
        for each in answer["answers"]:
            if claims and each.get("results"):
                allocated += each["count"]
                aligned += each["count"] * shares_a_root(each, node)
    return Cost((processor_seconds(oracle.pid) - begun) / len(nodes) / RUNS, aligned, allocated)


def held(slices: Sequence[Object], used: int) -> list[str]:
    """``driver/pool/device`` of what is in use."""
    if not used:
        return []
    names = [
        f"{spec['driver']}/{spec['pool']['name']}/{device['name']}"
        for spec in (each["spec"] for each in slices)
        for device in spec.get("devices") or ()
    ]
    return names[::used]


def shares_a_root(answer: Answer, node: Node) -> bool:
    """Whether the two devices of an answer publish the same root."""
    (result,) = answer["results"]
    roots = {node.roots.get((each["driver"], each["device"])) for each in result["devices"]["results"]}
    return len(roots) == 1 and None not in roots


def as_json(value: object) -> Object:
    made: Object = json.loads(msgspec.json.encode(value))
    return made


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
