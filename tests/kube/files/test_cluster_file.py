"""Dumps in every form in which kubectl and people write them."""

from __future__ import annotations

import gzip
import io
import json
import random

import pytest
import yaml

from extender.kube.files import cluster_file
from extender.kube.files.cluster_file import ClusterFileError
from extender.kube.files.yaml_documents import yaml_documents
from tests.paths import DATA

DUMP = DATA / "clusters" / "two-nodes.yaml"


@pytest.fixture
def items():
    """The dump's objects as parsed JSON."""
    (document,) = yaml_documents(DUMP.read_text())
    return json.loads(document)["items"]


def read(tmp_path, *contents, name="dump"):
    """Read files of the given contents."""
    paths = []
    for index, content in enumerate(contents):
        path = tmp_path / f"{name}-{index}"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        paths.append(str(path))
    return cluster_file.read(paths)


def contents(cluster):
    """What a cluster holds whatever the order."""
    return [
        {(getattr(each, "namespace", ""), each.name): each for each in kind}
        for kind in (
            cluster.nodes,
            cluster.slices,
            cluster.classes,
            cluster.claims,
            cluster.templates,
            cluster.pods,
        )
    ]


def test_kubectl_yaml():
    """Every object of the dump is there once."""
    cluster = cluster_file.read([str(DUMP)])
    assert {node.name for node in cluster.nodes} == {"node-a", "node-b"}
    assert {each.pool_id for each in cluster.slices} == {
        (f"{kind}.example.com", node) for kind in ("gpu", "nic") for node in ("node-a", "node-b")
    }
    assert {each.name for each in cluster.classes} == {"gpu", "nic"}
    assert {each.key for each in cluster.claims} == {("default", "job-0-devices-x7k2p")}
    assert {each.name for each in cluster.templates} == {"gpu-nic"}
    assert {(pod.namespace, pod.name) for pod in cluster.pods} == {("default", "job-0"), ("shop", "web-0")}
    assert (cluster.kubernetes, cluster.replaced, cluster.ignored) == ("", (), ())


@pytest.mark.parametrize(
    "write",
    [
        lambda items: json.dumps({"kind": "List", "apiVersion": "v1", "items": items}),
        lambda items: json.dumps({"kind": "List", "items": items}, indent=4),
        lambda items: "\n".join(json.dumps(item, indent=2) for item in items),
        yaml.safe_dump_all,
        lambda items: "---\n" + yaml.safe_dump_all(items, explicit_start=True) + "---\n",
        lambda items: yaml.safe_dump({"kind": "List", "items": items}),
        lambda items: gzip.compress(json.dumps({"kind": "List", "items": items}).encode()),
        lambda items: b"\xef\xbb\xbf" + json.dumps({"kind": "List", "items": items}).encode(),
        lambda items: b"\xff\xfe" + json.dumps({"kind": "List", "items": items}).encode("utf-16-le"),
    ],
    ids=[
        "json",
        "indented",
        "concatenated",
        "yaml",
        "empty-documents",
        "yaml-list",
        "gzip",
        "utf-8-bom",
        "powershell",
    ],
)
def test_forms(tmp_path, items, write):
    """The same objects in any form and order are the same cluster."""
    random.Random(1).shuffle(items)
    assert contents(read(tmp_path, write(items))) == contents(cluster_file.read([str(DUMP)]))


def test_lists_of_one_kind(tmp_path, items):
    """``kubectl get --raw`` prints lists whose items do not say their kind."""
    documents = []
    for kind in {item["kind"] for item in items}:
        group = {item["apiVersion"] for item in items if item["kind"] == kind}.pop()
        bare = [
            {k: v for k, v in i.items() if k not in {"kind", "apiVersion"}}
            for i in items
            if i["kind"] == kind
        ]
        documents.append(json.dumps({"kind": f"{kind}List", "apiVersion": group, "items": bare}))
    assert contents(read(tmp_path, *documents)) == contents(cluster_file.read([str(DUMP)]))


def test_files_add_up_and_the_last_wins(tmp_path):
    """An object given again replaces the first, which the cluster tells."""
    cluster = read(
        tmp_path,
        '{"kind": "Node", "apiVersion": "v1", "metadata": {"name": "n", "labels": {"v": "1"}}}',
        '{"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "p", "namespace": "a"}}',
        '{"kind": "Node", "apiVersion": "v1", "metadata": {"name": "n", "labels": {"v": "2"}}}'
        '{"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "p", "namespace": "b"}}'
        '{"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "p", "namespace": "a"}}',
    )
    assert [node.labels for node in cluster.nodes] == [{"v": "2"}]
    assert sorted(pod.namespace for pod in cluster.pods) == ["a", "b"]
    assert cluster.replaced == ("Node n", "Pod a/p")


def test_other_kinds_are_counted(tmp_path):
    """Kinds that do not matter, and kinds of the same name in other groups, are ignored."""
    cluster = read(
        tmp_path,
        "kind: ConfigMap\n---\nkind: ConfigMap\n---\napiVersion: longhorn.io/v1beta2\nkind: Node\n"
        "metadata: {name: n}\n---\napiVersion: resource.k8s.io/v1beta1\nkind: DeviceClass\n"
        "metadata: {name: c}\n",
    )
    assert cluster.ignored == (("ConfigMap", 2), ("Node", 1))
    assert (len(cluster.nodes), len(cluster.classes)) == (0, 1)


@pytest.mark.parametrize(
    "document",
    [
        '{"clientVersion": {"gitVersion": "v1.20.0"}, "serverVersion": {"gitVersion": "v1.36.2"}}',
        "gitVersion: v1.36.2",
    ],
)
def test_server_version(tmp_path, document):
    """The output of ``kubectl version -o json``, or of the version endpoint, names the server's version."""
    assert read(tmp_path, '{"kind": "List", "items": []}', document).kubernetes == "1.36.2"


def test_standard_input():
    """``-`` reads what is piped in, gzipped or not."""
    data = b'{"kind": "Node", "metadata": {"name": "n"}}'
    for piped in (data, gzip.compress(data)):
        cluster = cluster_file.read(["-"], io.BufferedReader(io.BytesIO(piped)))
        assert [node.name for node in cluster.nodes] == ["n"]


def test_yaml_scalars(tmp_path):
    """Text that YAML 1.1 takes for truth, times and octal numbers stays text."""
    cluster = read(
        tmp_path,
        "kind: Node\nmetadata:\n  name: 2026-01-01\n  labels: {on: off, y: 12:30:00, z: 010, n: no}\n"
        "status:\n  allocatable: {cpu: 1.5, memory: 1e3, pods: 110}\n",
    )
    (node,) = cluster.nodes
    assert node.name == "2026-01-01"
    assert node.labels == {"on": "off", "y": "12:30:00", "z": "010", "n": "no"}
    assert {name: str(amount) for name, amount in node.allocatable.items()} == {
        "cpu": "1.5",
        "memory": "1e3",
        "pods": "110",
    }


WHOLE = json.dumps({"kind": "List", "items": [{"kind": "Node", "metadata": {"name": "n"}}]}, indent=1)
GZIPPED = gzip.compress(WHOLE.encode(), mtime=0)
"""Without the time, which would get into the names of the tests."""


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("", "holds no object; expected the output of kubectl get"),
        ("# nothing\n", "holds no object; expected the output of kubectl get"),
        (WHOLE[:-20], "the file ends within an object; write it again"),
        (WHOLE.replace('"n"', '"n'), "line 7, column"),
        (WHOLE.replace('"n"', "n"), "line 7, column 13: not JSON: Expecting value"),
        ('{"a": 1}', "kind: missing; expected the output of kubectl get"),
        ("[1, 2]", "no object of Kubernetes: expected object"),
        ("plain text", "no object of Kubernetes: expected object"),
        (
            '{"kind": "Node", "metadata": {"name": "n", "labels": []}}',
            'Node "n": metadata.labels: expected object',
        ),
        ('{"kind": "List", "items": {}}', "items: no object of Kubernetes: expected array, got object"),
        ('{"kind": "List", "items": [1]}', "no object of Kubernetes: expected object"),
        (b'{"kind": "Node", "metadata": {"name": "\xff"}}', "not UTF-8"),
        (b'{"kind": "Node\xff"', "byte 14: not UTF-8 text"),
        (b"kind: \xff", "byte 6: not UTF-8 text"),
        (b"\xff\xfe{", "not utf-16-le text"),
        ("kind: Node\nmetadata: [", "line 3, column 1: not YAML"),
        ("kind: Node\n\tmetadata: x", "line 2, column 1: not YAML"),
        ("kind: Node\nmetadata: \x00", "not YAML: unacceptable character"),
        ("kind: !!python/object:os.system {}", "not YAML: could not determine a constructor"),
        ("kind: Node\nmetadata: &a [*a]", "line 2: an alias within what it stands for; write it out"),
        ("kind: Node\n? [a]\n: b", "line 2, column 3: not YAML"),
        ('{"a":' * 100_000, "nested too deeply"),
        ('{"kind": "List", "items": [' * 2000 + "]}" * 2000, "nested too deeply"),
        (GZIPPED[:-12], "the gzip file is damaged or ends early"),
        (GZIPPED[:12] + b"\xff" * 20, "the gzip file is damaged or ends early"),
    ],
)
def test_errors_name_file_place_and_fix(tmp_path, content, expected):
    """Whatever is wrong with a file, the text begins with its name and says where and what."""
    with pytest.raises(ClusterFileError) as refusal:
        read(tmp_path, content, name="broken")
    text = str(refusal.value)
    assert text.startswith(str(tmp_path / "broken-0: "))
    assert expected in text


def test_file_that_is_not_there(tmp_path):
    """A missing file, or a directory, is told by name."""
    for path in (tmp_path / "nowhere", tmp_path):
        with pytest.raises(ClusterFileError, match=r"No such file|Is a directory") as refusal:
            cluster_file.read([str(path)])
        assert str(path) in str(refusal.value)


def test_gzip_that_holds_too_much(tmp_path, monkeypatch):
    """A short file that decompresses to a long one is refused, before all of it is in memory."""
    monkeypatch.setattr(cluster_file, "MOST_DECOMPRESSED_BYTES", 3 << 20)
    whole = json.dumps({"kind": "List", "items": []})
    assert read(tmp_path, gzip.compress(whole.encode() + b" " * (2 << 20))).nodes == ()
    with pytest.raises(
        ClusterFileError, match=r"dump-0: holds more than 3 MiB when decompressed, the limit;"
    ):
        read(tmp_path, gzip.compress(whole.encode() + b" " * (8 << 20)))


@pytest.mark.parametrize("where", ["open_input", "_documents"])
def test_more_memory_than_there_is(tmp_path, monkeypatch, where):
    """Is said with the file, as any other fault of it."""

    def exhausted(*_arguments):
        raise MemoryError

    monkeypatch.setattr(cluster_file, where, exhausted)
    with pytest.raises(
        ClusterFileError, match="dump-0: takes more memory than there is; expected the output"
    ):
        read(tmp_path, "{}")
