"""What --cluster and --kubernetes accept, and how they refuse."""

from __future__ import annotations

import io
import json
import random

import pytest
import yaml

POD = ("--pod", "default/job-1", "-o", "json")


def test_standard_input(run, monkeypatch, cluster_file):
    """FILE `-` is standard input."""
    expected = run("explain", "--cluster", cluster_file, *POD)
    stdin = io.TextIOWrapper(io.BufferedReader(io.BytesIO(cluster_file.read_bytes())))
    monkeypatch.setattr("sys.stdin", stdin)
    ran = run("explain", "--cluster", "-", *POD)
    assert ran.status == 0
    assert ran.out == expected.out


def test_several_files_add_up(run, dump, objects, cluster_file):
    """Several FILEs are one cluster, whether after one --cluster or several."""
    expected = run("explain", "--cluster", cluster_file, *POD).out
    first, second = dump(objects[:4], "first.json"), dump(objects[4:], "second.json")
    assert run("explain", "--cluster", first, second, *POD).out == expected
    assert run("explain", "--cluster", second, "--cluster", first, *POD).out == expected


def test_multi_document_yaml(run, objects, tmp_path, cluster_file):
    """A FILE may be YAML with several documents."""
    path = tmp_path / "cluster.yaml"
    path.write_text(yaml.safe_dump_all(objects))
    assert run("explain", "--cluster", path, *POD).out == run("explain", "--cluster", cluster_file, *POD).out


def test_the_order_of_objects_does_not_matter(run, objects, dump):
    """Shuffled objects and nodes give the same bytes."""
    outputs = set()
    for seed in range(5):
        random.Random(seed).shuffle(objects)
        outputs.add(run("explain", "--cluster", dump(objects), *POD).out)
    assert len(outputs) == 1


def test_an_object_given_twice_is_told(run, objects, dump):
    """The later one counts, and a note names it."""
    ran = run("explain", "--cluster", dump([*objects, objects[-1]]), *POD)
    assert ran.status == 0
    assert "given more than once, the last one counts: Pod default/job-1" in ran.err


def test_a_wrong_field_is_named(run, objects, dump):
    """A field of the wrong type: status 2, the file, the object and the field are named."""
    objects[5]["spec"]["devices"][0]["attributes"]["numa"] = {"int": "zero"}
    path = dump(objects)
    ran = run("explain", "--cluster", path, *POD)
    assert ran.status == 2
    assert str(path) in ran.err
    assert 'ResourceSlice "near-gpu.nvidia.com"' in ran.err
    assert 'spec.devices[0].attributes["numa"].int' in ran.err


def test_a_truncated_file_is_refused(run, cluster_file):
    """A file that ends early: status 2 and the place."""
    cluster_file.write_bytes(cluster_file.read_bytes()[:-40])
    ran = run("explain", "--cluster", cluster_file, *POD)
    assert ran.status == 2
    assert f"{cluster_file}: line 1" in ran.err


def test_a_missing_file_is_refused(run, tmp_path):
    """A file that is not there: status 2 and its name."""
    ran = run("explain", "--cluster", tmp_path / "absent.json", *POD)
    assert ran.status == 2
    assert "absent.json" in ran.err


def test_an_unknown_release_lists_the_known(run, cluster_file):
    """A release that is not modelled: status 2 and what is."""
    ran = run("explain", "--cluster", cluster_file, *POD, "--kubernetes", "1.29")
    assert ran.status == 2
    assert "--kubernetes" in ran.err
    assert "1.36" in ran.err


@pytest.mark.parametrize(("asked", "used"), [("1.36", "1.36.6"), ("1.36.2", "1.36.2"), ("v1.36.1", "1.36.1")])
def test_the_option_sets_the_release(run, cluster_file, asked, used):
    """A bare minor is its newest known patch."""
    ran = run("explain", "--cluster", cluster_file, *POD, "--kubernetes", asked)
    assert ran.document["kubernetes"] == used
    assert ran.err == ""


def test_feature_gates(run, cluster_file):
    """Gates add up over several options and change what is predicted."""
    gates = [
        "--feature-gates",
        "DRAPrioritizedList=true,DRADeviceTaints=false",
        "--feature-gates",
        "DRAPartitionableDevices=false",
    ]
    ran = run("explain", "--cluster", cluster_file, *POD, "--kubernetes", "1.36", *gates)
    assert ran.status == 0


@pytest.mark.parametrize(
    ("kubernetes", "gates", "problem"),
    [
        ("1.36", "DRADerivedAttributes=true", "'DRADerivedAttributes' is not modelled for Kubernetes 1.36"),
        ("1.37", "DRAPrioritizedList=false", "DRAPrioritizedList is locked to True in Kubernetes 1.37"),
        ("1.37", "DRAListTypeAttributes", "'DRAListTypeAttributes' is not NAME=true or NAME=false"),
    ],
)
def test_wrong_feature_gates(run, cluster_file, kubernetes, gates, problem):
    """A gate that the release lacks, that is locked, or that is no gate: status 2 and what is wrong."""
    ran = run(
        "explain", "--cluster", cluster_file, *POD, "--kubernetes", kubernetes, "--feature-gates", gates
    )
    assert ran.status == 2
    assert "--feature-gates" in ran.err
    assert problem in ran.err


def test_the_dump_sets_the_release(run, cluster_file, version_file):
    """The server's version in the input counts where the option is not given."""
    ran = run("explain", "--cluster", cluster_file, version_file, *POD)
    assert ran.document["kubernetes"] == "1.36.2"
    assert ran.err == ""


def test_a_dump_without_version_is_told(run, cluster_file):
    """Without a version the newest minor is predicted, and the output says so."""
    ran = run("explain", "--cluster", cluster_file, "--pod", "default/job-1")
    assert "does not name a Kubernetes version: predicted for 1.37.2" in " ".join(ran.out.split())


def test_a_dump_of_an_unknown_release_says_how_to_go_on(run, cluster_file, tmp_path):
    """The input's own version may be one we do not model: --kubernetes is the way out."""
    version = tmp_path / "old.json"
    version.write_text(json.dumps({"serverVersion": {"gitVersion": "v1.29.1"}}))
    ran = run("explain", "--cluster", cluster_file, version, *POD)
    assert ran.status == 2
    assert "--kubernetes predicts for another release" in ran.err


@pytest.mark.parametrize(
    ("left_out", "note"), [("Node", "holds no Node"), ("ResourceSlice", "holds no ResourceSlice")]
)
def test_an_input_that_lacks_a_kind_is_told(run, objects, dump, left_out, note):
    """Forgetting nodes or slices in the dump is legal, but hardly meant."""
    kept = [each for each in objects if each["kind"] != left_out]
    assert note in run("explain", "--cluster", dump(kept), *POD).err
