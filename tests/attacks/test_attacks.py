"""Attacks on a running service that follows a cluster, in small; ``tests.attacks.tried`` lists them all."""

from __future__ import annotations

import http.client
import json
import os
import socket
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from extender.service.live.awaited import MAX_CLAIMS_OF_A_NAMESPACE
from extender.service.live.unconfirmed_pods import UNCONFIRMED_SECONDS
from extender.service.log_limit import LINES_PER_MINUTE
from tests import api_objects as api
from tests.attacks.fuzz_objects import run_dump, run_live
from tests.attacks.live_api import LiveApi
from tests.attacks.service import cluster_objects, serving, serving_live

NODES = [f"node-{number}" for number in range(4)]
SECRET_UID = str(uuid.uuid4())
GPU = "deviceclass.resource.kubernetes.io/gpu"


def objects():
    """Nodes with a GPU near a NIC and one far away, a claim of both, and a pod of another namespace."""
    made = [{"kind": "Namespace", "metadata": {"name": "default"}}]
    for name in NODES:
        gpus = ("gpu-0", "pci0000:10", 0), ("gpu-1", "pci0000:80", 1)
        made += [
            api.node(name),
            api.resource_slice(name, "gpu.nvidia.com", *gpus),
            api.resource_slice(name, "dra.net", ("net0", "pci0000:10", 0)),
        ]
    made += [api.device_class("gpu", "gpu.nvidia.com"), api.device_class("nic", "dra.net")]
    made += [api.claim("job", ("gpu", "gpu"), ("nic", "nic"))]
    victim = {"name": "vault-0", "namespace": "vault", "uid": SECRET_UID}
    return [*made, {"kind": "Pod", "metadata": victim, "spec": {"containers": [{"name": "c"}]}}]


@pytest.fixture(scope="module")
def shown():
    with LiveApi(objects()).serving() as server:
        yield server


@pytest.fixture(scope="module")
def service(shown, tmp_path_factory):
    with serving_live(tmp_path_factory.mktemp("live"), shown, "--bind") as running:
        yield running


def args(pod, nodes=NODES):
    return json.dumps({"Pod": pod, "NodeNames": nodes}).encode()


def honest(policy="required"):
    annotations = {"dra-extender.io/alignment": policy}
    metadata = {"name": "job", "namespace": "default", "uid": "honest", "annotations": annotations}
    return args(
        {"metadata": metadata, "spec": {"resourceClaims": [{"name": "d", "resourceClaimName": "job"}]}}
    )


def made_up(number):
    """A pod that nobody has created, which wants a GPU."""
    metadata = {"name": "x", "namespace": "y", "uid": f"made-up-{number}"}
    container = {"name": "c", "resources": {"requests": {GPU: "1"}}}
    return {"metadata": metadata, "spec": {"containers": [container]}}


def review(name, namespace="default", **metadata):
    claim = {"metadata": {"name": name, **metadata}, "spec": api.claim("c", ("gpu", "gpu"))["spec"]}
    kind = {"group": "resource.k8s.io", "version": "v1", "kind": "ResourceClaim"}
    request = {"uid": "1", "operation": "CREATE", "namespace": namespace, "kind": kind, "object": claim}
    return json.dumps({"request": request}).encode()


def owned_by(name, uid):
    return [{"kind": "Pod", "apiVersion": "v1", "name": name, "uid": uid, "controller": True}]


def test_bind_tells_no_uid_and_binds_nothing(service, shown):
    """Neither a wrong UID nor the right one is enough, and names that are paths are refused."""
    before = len(shown.posted)
    for uid in ("x", SECRET_UID):
        body = {"PodName": "vault-0", "PodNamespace": "vault", "PodUID": uid, "Node": "node-0"}
        status, answer = service.post("/bind", json.dumps(body).encode())
        assert (status, bool(json.loads(answer)["Error"])) == (200, True)
        assert SECRET_UID.encode() not in answer
    for namespace, name in (("..", ".."), ("ns", ".."), (".", "x"), ("a/b", "c?d")):
        body = {"PodName": name, "PodNamespace": namespace, "PodUID": "1", "Node": "node-0"}
        assert service.post("/bind", json.dumps(body).encode())[0] == 400
    assert shown.posted[before:] == []


def test_made_up_pods_keep_no_pod_off_its_nodes(service):
    """They hold devices for two seconds in the scores, never against a pod that requires alignment."""
    before = json.loads(service.post("/filter", honest())[1])["NodeNames"]
    assert before == NODES
    for number, node in enumerate(NODES * 3):
        assert service.post("/filter", args(made_up(number), [node]))[0] == 200
    after = json.loads(service.post("/filter", honest())[1])
    assert (after["NodeNames"], after["FailedAndUnresolvableNodes"]) == (NODES, {})
    time.sleep(UNCONFIRMED_SECONDS + 1.5)
    assert service.metric("in_flight_claims") == 0
    assert service.metric('dropped_pods_total{what="unconfirmed"}') > 0


def test_no_events_about_objects_that_nobody_knows(service, shown):
    """500 reviews about a pod of another namespace, which is not there with this UID: not one Event."""
    before = len(shown.posted)
    wanted = {"dra-extender.io/soft-alignment": "true"}
    for _ in range(500):
        body = review("c", "vault", annotations=wanted, ownerReferences=owned_by("vault-0", "another"))
        assert service.post("/mutate", body)[0] == 200
    time.sleep(0.5)
    assert shown.posted[before:] == []


def test_claims_of_unknown_pods_are_answered_at_once_beyond_a_bound(service):
    """A flood of them leaves the scheduler's requests alone, and its end comes soon."""
    flood = 100
    busy = service.metric('soft_alignment_total{result="busy"}')

    def ask(number):
        return service.post("/mutate", review(f"c{number}", ownerReferences=owned_by(f"p{number}", "u")))[0]

    with ThreadPoolExecutor(flood) as threads:
        began = time.monotonic()
        answers = threads.map(ask, range(flood))
        took = []
        for _ in range(10):
            started = time.monotonic()
            assert service.post("/prioritize", honest("preferred"))[0] == 200
            took.append(time.monotonic() - started)
        statuses = set(answers)
        assert time.monotonic() - began < 30
    assert statuses <= {200, 503}
    assert service.metric('soft_alignment_total{result="busy"}') - busy >= 1
    assert sorted(took)[5] < 1.0
    assert flood > MAX_CLAIMS_OF_A_NAMESPACE


def test_stray_bytes_fill_no_log(service):
    """What is no HTTP has a line with a stack each: some are written, then they are counted."""
    before = len(service.log.read_text().splitlines())
    no_http = b"POST /filter HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: -1\r\n\r\n"
    for data in [b"\x16\x03\x01\x00\xa5" + bytes(150), os.urandom(500), *[no_http] * 100]:
        with socket.create_connection(("127.0.0.1", service.port), timeout=10) as client:
            client.sendall(data)
            client.shutdown(socket.SHUT_WR)
            while client.recv(65536):
                pass
    assert len(service.log.read_text().splitlines()) - before <= LINES_PER_MINUTE + 5
    assert service.metric("log_lines_left_out_total") >= 100 - LINES_PER_MINUTE
    assert service.get("/livez")[0] == 200


def test_a_nested_claim_ends_nothing(service, shown, tmp_path):
    """In a watch of a running service, and in the first list of another: both go on, and name it."""
    claim = json.dumps({**api.claim("deep", ("gpu", "gpu")), "more": "HERE"})
    claim = claim.replace('"uid"', '"resourceVersion": "101", "uid"')
    deep = claim.replace('"HERE"', '{"a":' * 3000 + "1" + "}" * 3000).encode()
    errors = service.metric('decode_errors_total{kind="ResourceClaim"}')
    shown.send("ResourceClaim", b'{"type":"ADDED","object":%s}\n' % deep)
    deadline = time.monotonic() + 20
    while service.metric('decode_errors_total{kind="ResourceClaim"}') == errors:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert service.get("/readyz")[0] == 200
    with LiveApi(objects()).serving() as server:
        server.objects["ResourceClaim"]["default", "deep"] = deep
        with serving_live(tmp_path, server) as another:
            assert b"unreadable and left out: default/deep" in another.get("/readyz?verbose")[1]


@pytest.fixture(scope="module")
def frozen(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("dump")) as running:
        yield running


def test_strings_of_requests_are_not_kept(frozen):
    """Pods of 60 namespaces with names of 1 MB leave nothing behind."""
    client = http.client.HTTPConnection("127.0.0.1", frozen.port, timeout=60)
    held = []
    for number in range(60):
        metadata = {"name": "x", "namespace": f"{number}" + "n" * 1_000_000}
        client.request(
            "POST", "/filter", args({"metadata": metadata, "spec": {}}), {"Content-Type": "application/json"}
        )
        assert client.getresponse().read()
        held.append(frozen.resident_mib())
    client.close()
    assert held[-1] - held[10] < 20


def test_a_cross_site_request_is_refused(frozen):
    """Neither its type, nor its Origin, nor its Host is ours; each alone is enough."""
    body = b"{}"
    for headers in (
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/json", "Origin": "https://evil.example"},
        {"Content-Type": "application/json", "Host": "evil.example"},
    ):
        client = http.client.HTTPConnection("127.0.0.1", frozen.port, timeout=60)
        client.request("POST", "/bind", body, headers)
        assert client.getresponse().status in (403, 415)
        client.close()


def test_mutated_objects_of_a_live_cluster(tmp_path):
    """Following goes on, good requests are answered as before, memory stays."""
    with LiveApi(cluster_objects()).serving() as server, serving_live(tmp_path, server) as running:
        report = run_live(running, server, 750, seed=5)
        assert running.metric('decode_errors_total{kind="ResourceSlice"}') > 0
    assert report.wrong == []
    assert report.flat


def test_mutated_documents_of_a_dump():
    """Each is read or refused in the one way there is."""
    report = run_dump(1500, seed=3)
    assert report.wrong == []
    assert report.flat
    assert {name.split()[1] for name in report.statuses} == {"read", "refused"}
