"""
What people who ask for explanations cost the scheduler::

    python -m tests.attacks.beside_people --nodes 5000

Three clients ask ``/explain`` about all nodes of a generated fleet, for pods whose claims explode, one
request after the other. Meanwhile another process asks prioritize for an ordinary pod and all nodes; before
that it does so alone. Prints how long its answers took, and how many explanations were made.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from extender.cli.bench.fleet import fleet_objects
from extender.cli.bench.load import PAIR
from tests.attacks.exploding import exploding
from tests.attacks.live_api import LiveApi
from tests.attacks.probe import Probe, p50, p99, probing
from tests.attacks.service import serving_live

CLIENTS = 3
CLAIMS = 10
FEWEST_DEVICES = 4
"""Of a kind in the first claim that explodes; each of the others asks for one or two more."""


@dataclass(frozen=True, slots=True)
class Result:
    """Sorted seconds of an ordinary pod's prioritize, and the count of explanations."""

    alone: list[float]
    beside: list[float]
    explained: int


def run(directory: Path, nodes: int, seconds: float) -> Result:
    """Ask for so many seconds alone, and as long beside those who ask for explanations."""
    objects = list(fleet_objects(nodes))
    names = [_name(each) for each in objects if each["kind"] == "Node"]
    claims = [_claim("good", PAIR)]
    for number in range(CLAIMS):
        # A selector of its own: what was found out about another claim says nothing of this one.
        requests = exploding(FEWEST_DEVICES + number % 3, f"'exploding-{number}' != ''")
        claims.append(_claim(f"exploding-{number}", {"devices": {"requests": requests}}))
    good = Probe("POST", "/prioritize", (_body("good", names),))
    bodies = tuple(_body(f"exploding-{number}", names) for number in range(CLAIMS))
    with (
        LiveApi([*objects, *claims]).serving() as api,
        serving_live(directory, api, "--kubernetes", "1.36.2") as service,
    ):
        with probing(service.port, (good,)) as alone:
            time.sleep(seconds)
        # Each client begins with another claim.
        people = [Probe("POST", "/explain", bodies[first:] + bodies[:first]) for first in range(CLIENTS)]
        with probing(service.port, (good, *people)) as beside:
            time.sleep(seconds)
        return Result(alone.seconds[0], beside.seconds[0], sum(map(len, beside.seconds[1:])))


def _name(item: dict[str, Any]) -> str:
    name: str = item["metadata"]["name"]
    return name


def _claim(name: str, spec: object) -> dict[str, Any]:
    metadata = {"name": name, "namespace": "default", "uid": name}
    return {"apiVersion": "resource.k8s.io/v1", "kind": "ResourceClaim", "metadata": metadata, "spec": spec}


def _body(claim: str, names: Sequence[str]) -> str:
    spec = {"resourceClaims": [{"name": "devices", "resourceClaimName": claim}]}
    pod = {"metadata": {"name": claim, "namespace": "default", "uid": f"pod-{claim}"}, "spec": spec}
    return json.dumps({"Pod": pod, "NodeNames": names})


def main() -> None:
    """Run it and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--nodes", type=int, default=5_000)
    parser.add_argument("--seconds", type=float, default=20.0, help="of each of the two parts")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        result = run(Path(directory), options.nodes, options.seconds)
    sys.stdout.write("| prioritize | requests | p50 | p99 | longest |\n|---|--:|--:|--:|--:|\n")
    for name, took in (("alone", result.alone), ("beside explanations", result.beside)):
        shown = " | ".join(f"{seconds * 1e3:.1f} ms" for seconds in (p50(took), p99(took), took[-1]))
        sys.stdout.write(f"| {name} | {len(took)} | {shown} |\n")
    sys.stdout.write(f"{result.explained} explanations were made meanwhile\n")


if __name__ == "__main__":
    main()
