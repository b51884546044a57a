"""Reading a live cluster, against a server on this machine that pages as kube-apiserver does."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml

from extender.kube.api.list_pages import PAGE_SIZE
from extender.kube.api.listing import LiveError, read_live
from extender.kube.decode.readings import SCHEDULING_READINGS
from extender.kube.decode.resources import BY_KIND
from extender.model.kinds import DEVICE_TAINT_RULE, NAMESPACE
from extender.model.scheduling_kinds import SCHEDULING_NODE

PATHS = {
    "/api/v1/namespaces": ("v1", "Namespace"),
    "/api/v1/nodes": ("v1", "Node"),
    "/api/v1/pods": ("v1", "Pod"),
    "/apis/resource.k8s.io/v1/deviceclasses": ("resource.k8s.io/v1", "DeviceClass"),
    "/apis/resource.k8s.io/v1/resourceclaims": ("resource.k8s.io/v1", "ResourceClaim"),
    "/apis/resource.k8s.io/v1/resourceclaimtemplates": ("resource.k8s.io/v1", "ResourceClaimTemplate"),
    "/apis/resource.k8s.io/v1/resourceslices": ("resource.k8s.io/v1", "ResourceSlice"),
}


class FakeServer(ThreadingHTTPServer):
    """Serves ``objects`` per kind in pages; ``failures`` are answered first, by path."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.objects = {}
        self.failures = {}
        self.requests = []
        self.extra_paths = {}
        self.page_size = PAGE_SIZE

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: FakeServer

    def do_GET(self):
        url = urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(url.query).items()}
        self.server.requests.append((url.path, query, self.headers.get("Authorization")))
        failures = self.server.failures.get(url.path, [])
        if failures and failures[0] is not None:
            self.answer(*failures.pop(0))
        elif url.path not in (*PATHS, *self.server.extra_paths, "/version"):
            self.answer(404, b"404 page not found")
        elif url.path == "/version":
            self.answer(200, {"major": "1", "minor": "36", "gitVersion": "v1.36.2"})
        else:
            del failures[:1]
            self.answer(200, self.page(url.path, query))

    def page(self, path, query):
        api_version, kind = {**PATHS, **self.server.extra_paths}[path]
        start = int(query.get("continue", "0"))
        size = min(int(query["limit"]), self.server.page_size)
        objects = self.server.objects.get(kind, [])
        metadata = {"resourceVersion": "1"}
        if start + size < len(objects):
            metadata["continue"] = str(start + size)
        return {
            "kind": f"{kind}List",
            "apiVersion": api_version,
            "metadata": metadata,
            "items": objects[start : start + size],
        }

    def answer(self, status, document):
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        """Keep the test's output clean."""


@pytest.fixture
def server():
    server = FakeServer()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def kubeconfig(tmp_path, no_cluster):
    """Write a kubeconfig for a server and return its path; nothing else of the environment counts."""

    def write(url, name="only"):
        path = tmp_path / "kubeconfig"
        path.write_text(
            yaml.safe_dump(
                {
                    "kind": "Config",
                    "apiVersion": "v1",
                    "current-context": name,
                    "clusters": [{"name": "c", "cluster": {"server": url}}],
                    "users": [{"name": "u", "user": {"token": "secret"}}],
                    "contexts": [{"name": name, "context": {"cluster": "c", "user": "u"}}],
                }
            )
        )
        return str(path)

    return write


def named(*names):
    return [{"metadata": {"name": name}} for name in names]


def node_list(*items):
    return {"kind": "NodeList", "metadata": {"resourceVersion": "1"}, "items": items}


def status(code, message):
    return code, {"kind": "Status", "status": "Failure", "message": message, "code": code}


def test_everything_is_read(server, kubeconfig):
    """Every kind and the version, with the token of the kubeconfig."""
    server.objects = {kind: named(f"{kind.lower()}-0") for _, kind in PATHS.values()}
    cluster = read_live(kubeconfig=kubeconfig(server.url))
    assert cluster.kubernetes == "1.36.2"
    kinds = (
        cluster.objects[NAMESPACE].values(), cluster.nodes, cluster.pods,
        cluster.classes, cluster.claims, cluster.templates, cluster.slices,
    )  # fmt: skip
    assert [[each.name for each in kind] for kind in kinds] == [
        [f"{kind.lower()}-0"] for _, kind in PATHS.values()
    ]
    assert {token for _, _, token in server.requests} == {"Bearer secret"}


def test_pages(server, kubeconfig):
    """A list of several pages is followed to its end, whatever size the server chose."""
    names = [f"slice-{index:04}" for index in range(1201)]
    server.objects = {"ResourceSlice": named(*names)}
    path, resources = kubeconfig(server.url), [BY_KIND["ResourceSlice"]]
    assert [each.name for each in read_live(kubeconfig=path, resources=resources).slices] == names
    assert [query.get("continue") for _, query, _ in server.requests[1:]] == [
        None,
        "500",
        "1000",
    ]
    server.page_size = 400
    assert len(read_live(kubeconfig=path, resources=resources).slices) == 1201


@pytest.mark.parametrize("version", ["v1", "v1beta2", "v1alpha3"])
def test_taint_rules_of_whatever_version(server, kubeconfig, version):
    """DeviceTaintRules are read in the newest version that is served."""
    path = f"/apis/resource.k8s.io/{version}/devicetaintrules"
    server.extra_paths = {path: (f"resource.k8s.io/{version}", "DeviceTaintRule")}
    server.objects = {"DeviceTaintRule": named("drain")}
    cluster = read_live(kubeconfig=kubeconfig(server.url), resources=[BY_KIND["DeviceTaintRule"]])
    assert list(cluster.objects[DEVICE_TAINT_RULE]) == ["drain"]


def test_taint_rules_that_may_not_be_read(server, kubeconfig):
    """Served but forbidden: said, because predictions would miss them."""
    server.failures = {"/apis/resource.k8s.io/v1/devicetaintrules": [status(403, "no")]}
    with pytest.raises(LiveError, match=r"grant this user the verb list on devicetaintrules\.resource"):
        read_live(kubeconfig=kubeconfig(server.url), resources=[BY_KIND["DeviceTaintRule"]])


def test_expired_list_starts_again(server, kubeconfig):
    """410 between two pages: nothing of the first try remains."""
    path = "/api/v1/nodes"
    server.objects, server.page_size = {"Node": named("a", "b", "c")}, 1
    server.failures = {path: [None, status(410, "The provided continue parameter is too old")]}
    cluster = read_live(kubeconfig=kubeconfig(server.url), resources=[BY_KIND["Node"]])
    assert [node.name for node in cluster.nodes] == ["a", "b", "c"]
    assert cluster.replaced == ()
    assert Counter(each for each, _, _ in server.requests)[path] == 5


def test_what_an_expired_list_said_of_unreadable_objects_is_forgotten(server, kubeconfig):
    """Each is named once, and what is gone meanwhile is not there."""
    path, unreadable = "/api/v1/nodes", {"metadata": {"name": "n", "labels": 1}}
    first = node_list(unreadable, {"metadata": {"name": "gone"}})
    first["metadata"]["continue"] = "more"
    again = (200, node_list(unreadable, {"metadata": {"name": "m"}}))
    server.failures = {path: [(200, first), status(410, "too old"), again]}
    cluster = read_live(
        kubeconfig=kubeconfig(server.url), resources=[BY_KIND["Node"]], readings=SCHEDULING_READINGS
    )
    assert [node.name for node in cluster.nodes] == ["m"]
    assert list(cluster.objects[SCHEDULING_NODE]) == ["m"]
    assert [error.name for error in cluster.left_out] == ["n"]


def test_list_that_always_expires(server, kubeconfig):
    """After some tries it is given up."""
    server.objects, server.page_size = {"Node": named("a", "b")}, 1
    server.failures = {"/api/v1/nodes": [None, status(410, "too old")] * 20}
    with pytest.raises(LiveError, match=r"cannot list nodes: too old \(410\); try again"):
        read_live(kubeconfig=kubeconfig(server.url), resources=[BY_KIND["Node"]])


@pytest.mark.parametrize(
    ("path", "failure", "expected"),
    [
        (
            "/apis/resource.k8s.io/v1/resourceslices",
            status(403, 'User "u" cannot list'),
            'list resourceslices.resource.k8s.io: User "u" cannot list (403); grant this user the verb list',
        ),
        ("/api/v1/nodes", status(403, "no"), "grant this user the verb list on nodes in a ClusterRole"),
        ("/version", status(401, "Unauthorized"), "(401); the server does not know these credentials"),
        (
            "/apis/resource.k8s.io/v1/resourceslices",
            (404, b"404 page not found"),
            "(404); this server does not serve resource.k8s.io/v1; Kubernetes 1.34 and later do",
        ),
        ("/api/v1/nodes", (500, b"\xff oops"), "cannot list nodes: Internal Server Error (500); try again"),
        ("/api/v1/nodes", (200, b"<html>"), "cannot list nodes: the answer is no list"),
        ("/version", (200, {}), "sent an answer that no API server should send"),
    ],
)
def test_refusals(server, kubeconfig, path, failure, expected):
    """Each refusal says which verb on what, why, and what to do."""
    server.failures = {path: [failure]}
    with pytest.raises(LiveError) as refusal:
        read_live(kubeconfig=kubeconfig(server.url))
    assert str(refusal.value).startswith(server.url)
    assert expected in str(refusal.value)


def test_the_server_cannot_be_trusted(server, kubeconfig):
    """Where TLS fails, the kubeconfig is what to look at."""
    with pytest.raises(LiveError, match=r"check server and certificate-authority in the kubeconfig"):
        read_live(kubeconfig=kubeconfig(server.url.replace("http:", "https:")))


def test_nobody_listens(server, kubeconfig):
    """A refused connection names the address."""
    server.server_close()
    with pytest.raises(LiveError, match=r"127\.0\.0\.1.*no answer.*--cluster FILE"):
        read_live(kubeconfig=kubeconfig(server.url))


@pytest.mark.parametrize(
    "content", [None, "", "a: [", "[]", "kind: Config\ncurrent-context: x\n", "clusters: 1\n"]
)
def test_no_usable_kubeconfig(kubeconfig, tmp_path, content):
    """Whatever is wrong with the kubeconfig, the text says what to set."""
    path = tmp_path / "broken"
    if content is not None:
        path.write_text(content)
    with pytest.raises(LiveError, match="no usable cluster configuration"):
        read_live(kubeconfig=str(path))


def test_kubeconfig_of_the_environment_and_context(server, kubeconfig, monkeypatch):
    """KUBECONFIG is used where no file is named, and a context by its name."""
    monkeypatch.setenv("KUBECONFIG", kubeconfig(server.url, name="mine"))
    assert read_live(context="mine").kubernetes == "1.36.2"
    with pytest.raises(LiveError, match="no usable cluster configuration"):
        read_live(context="other")


def test_the_client_is_imported_only_when_it_is_used():
    """Commands on a dump do not pay for the client's import."""
    program = "import sys, extender.kube.api.listing; sys.exit('kubernetes' in sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True)


def test_in_cluster_without_service_account(kubeconfig, monkeypatch):
    """Within a pod the service account is used, and its absence told."""
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "1")
    with pytest.raises(LiveError, match="no usable cluster configuration"):
        read_live()


def test_an_object_that_cannot_be_read_is_left_out(server, kubeconfig):
    """All others count, and what is wrong with it is told."""
    server.failures = {
        "/api/v1/nodes": [
            (200, node_list({"metadata": {"name": "n", "labels": 1}}, {"metadata": {"name": "m"}}))
        ]
    }
    cluster = read_live(kubeconfig=kubeconfig(server.url))
    assert [node.name for node in cluster.nodes] == ["m"]
    (error,) = cluster.left_out
    assert str(error).startswith('Node "n": metadata.labels: expected object, got int')


def test_a_claim_that_cannot_be_read_holds_its_devices(server, kubeconfig):
    """Left out altogether it would make them look free."""
    result = {"request": "r", "driver": "gpu.nvidia.com", "pool": "n", "device": "gpu-0"}
    claim = {
        "metadata": {"namespace": "team", "name": "c"},
        "spec": {"devices": {"requests": 1}},
        "status": {"allocation": {"devices": {"results": [result]}}},
    }
    server.objects = {"ResourceClaim": [claim]}
    cluster = read_live(kubeconfig=kubeconfig(server.url))
    (read,) = cluster.claims
    assert read.unreadable
    assert read.allocation is not None
    assert [str(each.id) for each in read.allocation.results] == ["gpu.nvidia.com/n/gpu-0"]
    assert len(cluster.left_out) == 1
