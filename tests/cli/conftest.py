"""A small cluster as kubectl dumps it, and the program in this process."""

from __future__ import annotations

import copy
import json
from typing import NamedTuple

import pytest

from extender.cli import main
from tests import api_objects as api
from tests.cli.recorded import attempt


class Ran(NamedTuple):
    status: object
    out: str
    err: str

    @property
    def document(self):
        """The JSON that was printed."""
        return json.loads(self.out)


@pytest.fixture
def run(capsys):
    """Run the program; the status is the process's, whether returned or raised."""

    def run_main(*argv):
        status: object
        try:
            status = main([str(each) for each in argv])
        except SystemExit as stop:
            status = stop.code
        captured = capsys.readouterr()
        return Ran(status, captured.out, captured.err)

    return run_main


@pytest.fixture
def objects():
    """The objects of the cluster, free to be changed."""
    return copy.deepcopy(api.SMALL_CLUSTER)


@pytest.fixture
def dump(tmp_path):
    """Write objects as the List that kubectl prints; returns the path."""

    def write(objects, name="cluster.json"):
        path = tmp_path / name
        path.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}))
        return path

    return write


@pytest.fixture
def cluster_file(dump, objects):
    """The cluster in one file."""
    return dump(objects)


@pytest.fixture
def version_file(tmp_path):
    """What ``kubectl version -o json`` prints."""
    path = tmp_path / "version.json"
    path.write_text(json.dumps({"serverVersion": {"gitVersion": "v1.36.2"}}))
    return path


@pytest.fixture
def placed():
    """The line of an attempt that put job-1 on ``near``; keywords change it."""

    def build(**changes):
        line = {
            "pod_object": api.pod("job-1", "job-1-devices"),
            "claims": [api.claim("job-1-devices", *api.GPU_AND_NIC)],
            "allocations": {"job-1-devices": api.FIRST_ON_NEAR},
        }
        return attempt(**{**line, **changes})

    return build


@pytest.fixture
def record(tmp_path, objects):
    """Write attempts as a recording on the small cluster; returns the path."""

    def write(*attempts, kubernetes="1.36.2", cluster=None):
        path = tmp_path / "recording.jsonl"
        kept = [each for each in cluster or objects if each["kind"] not in {"ResourceClaim", "Pod"}]
        header = {"kubernetes": kubernetes, "cluster": {"kind": "List", "items": kept}}
        path.write_text("".join(json.dumps(line) + "\n" for line in (header, *attempts)))
        return path

    return write
