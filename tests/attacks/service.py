"""``dra-extender serve`` on the embedded recording's cluster in a process of its own, and its requests."""

from __future__ import annotations

import contextlib
import gzip
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.paths import ROOT

RECORDING = ROOT / "extender/data/fleet-1.36.2.jsonl.gz"
START_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Service:
    """A running server; ``port`` of the loopback interface."""

    pid: int
    port: int

    def resident_mib(self) -> float:
        """Memory of the process that is in RAM now."""
        status = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii")
        (line,) = [line for line in status.splitlines() if line.startswith("VmRSS:")]
        return int(line.split()[1]) / 1024


@contextlib.contextmanager
def serving(directory: Path, *options: str) -> Iterator[Service]:
    """Serve the recording's cluster, as it was before the first pod, until the block ends."""
    dump = directory / "cluster.json"
    dump.write_text(json.dumps(_lines()[0]["cluster"]), encoding="utf-8")
    log = directory / "extender.log"
    command = [sys.executable, "-m", "extender", "serve", "--cluster", str(dump), "--drain-seconds", "0"]
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [*command, "--listen", "127.0.0.1:0", *options], stdout=subprocess.PIPE, stderr=stream
        )
    try:
        assert process.stdout is not None
        deadline = time.monotonic() + START_SECONDS
        line = process.stdout.readline().decode()
        if " on http://127.0.0.1:" not in line or time.monotonic() > deadline:
            raise RuntimeError(f"the server does not start: {log.read_text()}")
        yield Service(process.pid, int(line.rsplit(":", 1)[1]))
    finally:
        process.terminate()
        process.wait(30)
        assert process.stdout is not None
        process.stdout.close()


@cache
def bodies() -> dict[str, list[bytes]]:
    """Bodies by verb: those of the recording, and right ones for the other verbs."""
    found: dict[str, list[bytes]] = {}
    for attempt in _lines()[1:]:
        for request in attempt.get("requests", ()):
            found.setdefault(request["verb"], []).append(_json(request["body"]))
    pod = json.loads(found["filter"][0])["Pod"]
    node = json.loads(found["filter"][0])["NodeNames"][0]
    metadata = {"name": "c", "namespace": "d", "annotations": {"dra-extender.io/soft-alignment": "true"}}
    requests = [
        {"name": "gpu", "exactly": {"deviceClassName": "gpu.nvidia.com"}},
        {"name": "nic", "exactly": {"deviceClassName": "dra.net"}},
    ]
    claim = {"metadata": metadata, "spec": {"devices": {"requests": requests}}}
    kind = {"group": "resource.k8s.io", "version": "v1", "kind": "ResourceClaim"}
    review = {"uid": "1", "operation": "CREATE", "namespace": "d", "kind": kind, "object": claim}
    victims = {node: {"Pods": [{"UID": "u"}], "NumPDBViolations": 1}}
    return found | {
        "explain": found["filter"][:12],
        "bind": [_json({"PodName": "a", "PodNamespace": "b", "PodUID": "c", "Node": node})],
        "preempt": [_json({"Pod": pod, "NodeNameToMetaVictims": victims})],
        "mutate": [
            _json({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": review})
        ],
    }


@cache
def _lines() -> list[dict]:
    with gzip.open(RECORDING) as stream:
        return [json.loads(line) for line in stream]


def _json(document: object) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()
