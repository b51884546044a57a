"""``dra-extender serve`` on the embedded recording's cluster in a process of its own, and its requests."""

from __future__ import annotations

import contextlib
import gzip
import http.client
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tests.attacks.live_api import LiveApi
from tests.paths import ROOT
from tests.process_memory import memory_mib

RECORDING = ROOT / "extender/data/fleet-1.36.2.jsonl.gz"
START_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Service:
    """A running server; ``port`` of the loopback interface, ``log`` what it writes."""

    pid: int
    port: int
    log: Path

    def get(self, path: str) -> tuple[int, bytes]:
        """Status and body of a GET."""
        return self._call("GET", path, None)

    def post(self, path: str, body: bytes) -> tuple[int, bytes]:
        """Status and body of a POST of JSON."""
        return self._call("POST", path, body)

    def metric(self, sample: str) -> float:
        """A sample of /metrics, without our prefix but with its labels."""
        for line in self.get("/metrics")[1].decode().splitlines():
            if line.startswith(f"dra_extender_{sample} "):
                return float(line.split()[-1])
        raise KeyError(sample)

    def _call(self, method: str, path: str, body: bytes | None) -> tuple[int, bytes]:
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            client.request(method, path, body, {"Content-Type": "application/json"} if body else {})
            response = client.getresponse()
            return response.status, response.read()
        finally:
            client.close()

    def resident_mib(self) -> float:
        """Memory of the process that is in RAM now."""
        return memory_mib(self.pid)


@contextlib.contextmanager
def serving(directory: Path, *options: str) -> Iterator[Service]:
    """Serve the recording's cluster, as it was before the first pod, until the block ends."""
    dump = directory / "cluster.json"
    dump.write_text(json.dumps(recorded_cluster()), encoding="utf-8")
    with _process(directory, "--cluster", str(dump), *options) as service:
        yield service


@contextlib.contextmanager
def serving_live(directory: Path, api: LiveApi, *options: str) -> Iterator[Service]:
    """Serve the cluster behind ``api`` until the block ends, once all of it is listed."""
    with _process(directory, "--kubeconfig", api.kubeconfig(directory), *options) as service:
        deadline = time.monotonic() + START_SECONDS
        while service.get("/readyz")[0] != 200:
            if time.monotonic() > deadline:
                raise RuntimeError(f"the server is never ready: {service.get('/readyz?verbose')[1].decode()}")
            time.sleep(0.05)
        yield service


@contextlib.contextmanager
def _process(directory: Path, *options: str) -> Iterator[Service]:
    log = directory / "extender.log"
    command = [sys.executable, "-m", "extender", "serve", "--drain-seconds", "0"]
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
        yield Service(process.pid, int(line.rsplit(":", 1)[1]), log)
    finally:
        process.terminate()
        process.wait(30)
        assert process.stdout is not None
        process.stdout.close()


def recorded_cluster() -> dict[str, Any]:
    """The recording's cluster as a List, as it was before the first pod."""
    cluster: dict[str, Any] = _lines()[0]["cluster"]
    return cluster


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
    made = {"metadata": {"name": "p"}, "spec": {"resourceClaims": [{"name": "a", "resourceClaimName": "c"}]}}
    review = {"uid": "1", "operation": "CREATE", "namespace": "d", "kind": kind, "object": claim}
    victims = {node: {"Pods": [{"UID": "u"}], "NumPDBViolations": 1}}
    return found | {
        "explain": found["filter"][:12],
        "bind": [_json({"PodName": "a", "PodNamespace": "b", "PodUID": "c", "Node": node})],
        "preempt": [_json({"Pod": pod, "NodeNameToMetaVictims": victims})],
        "mutate": [_review(review)],
        "route": [_review({**review, "kind": {"group": "", "version": "v1", "kind": "Pod"}, "object": made})],
    }


def cluster_objects() -> list[dict]:
    """The recording's cluster, a namespace, and the claims and pods of its attempts."""
    lines = _lines()
    items: list[dict] = [*lines[0]["cluster"]["items"]]
    found: dict[tuple[str, str], dict] = {}
    for attempt in lines[1:]:
        claims = attempt.get("claims", ())
        for claim in claims if isinstance(claims, list) else ():
            found["ResourceClaim", claim["metadata"]["name"]] = {**claim, "kind": "ResourceClaim"}
        for request in attempt.get("requests", ()):
            if "Pod" in request["body"]:
                pod = request["body"]["Pod"]
                found["Pod", pod["metadata"]["name"]] = {**pod, "kind": "Pod"}
    namespaces = sorted({each["metadata"]["namespace"] for each in found.values()})
    items += [{"kind": "Namespace", "metadata": {"name": name}} for name in namespaces]
    return [*items, *found.values()]


@cache
def _lines() -> list[dict]:
    with gzip.open(RECORDING) as stream:
        return [json.loads(line) for line in stream]


def _review(request: dict[str, Any]) -> bytes:
    return _json({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request})


def _json(document: object) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()
