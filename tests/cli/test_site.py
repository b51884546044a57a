"""--vocabulary and --worths: a site's own words and numbers, wherever a cluster is judged."""

from __future__ import annotations

import pytest

KNOWN = "drivers: {dra.net: {root: [nearestRoot]}}"
"""Moves the root of the NICs to an attribute that they do not have, so that only the NUMA node is left."""


@pytest.fixture
def site(tmp_path):
    """Write a file; returns its path."""

    def write(content, name="site.yaml"):
        path = tmp_path / name
        path.write_text(content)
        return path

    return write


def test_explain_reads_the_sites_vocabulary(run, cluster_file, site):
    """The first pair shares a root no more, and the table has the kind that the site gives."""
    options = ("explain", "--cluster", cluster_file, "--pod", "job-1", "--node", "near")
    words = site("drivers: {dra.net: {kind: accelerator, root: [nearestRoot]}}")
    document = run(*options, "--vocabulary", words, "-o", "json").document
    (pair,) = document["nodes"]["near"]["alignment"]["pairs"]
    assert (pair["kinds"], pair["distance"]) == ("gpu-accelerator", "numa")
    assert "accelerator  dra.net/near/net0" in run(*options, "--vocabulary", words).out


def test_explain_reads_the_sites_worths(run, cluster_file, site):
    """Predicted and best alignment are both rated by them."""
    worths = site("pairs: {gpu-nic: {pcie-root: 0.5, remote: 0.125}}")
    ran = run("explain", "--cluster", cluster_file, "--pod", "job-1", "--worths", worths, "-o", "json")
    nodes = ran.document["nodes"]
    assert (nodes["near"]["score"], nodes["near"]["alignment"]["best"]) == (50, 0.5)
    assert (nodes["far"]["score"], nodes["far"]["alignment"]["best"]) == (11, 0.5)


def test_replay_answers_by_the_sites_files(run, record, placed, site):
    """Our scores follow them; what the scheduler allocates does not depend on them."""
    options = ("--vocabulary", site(KNOWN), "--worths", site("pairs: {gpu-nic: {numa: 0.25}}", "worths.yaml"))
    ran = run("replay", record(placed()), *options, "-o", "json")
    assert ran.status == 0
    (attempt,) = ran.document["attempts"]
    assert attempt["agreement"] == "right"
    assert attempt["requests"][1]["answer"] == [{"Host": "far", "Score": 39}, {"Host": "near", "Score": 25}]


@pytest.mark.parametrize("option", ["--vocabulary", "--worths"])
@pytest.mark.parametrize("command", ["explain", "serve", "replay"])
def test_a_mistake_ends_with_status_2(run, cluster_file, record, placed, site, command, option):
    """Before anything is served or printed."""
    arguments = {
        "explain": ("--cluster", cluster_file, "--pod", "job-1"),
        "serve": ("--cluster", cluster_file, "--listen", "127.0.0.1:0"),
        "replay": (record(placed()),),
    }
    ran = run(command, *arguments[command], option, site("\nsites: {}"))
    assert (ran.status, ran.out) == (2, "")
    assert "site.yaml: line 2: the file: unknown section sites" in ran.err


def test_a_file_that_is_not_there(run, cluster_file, tmp_path):
    """Said as for a dump."""
    missing = tmp_path / "none.yaml"
    ran = run("explain", "--cluster", cluster_file, "--pod", "job-1", "--worths", missing)
    assert (ran.status, ran.out) == (2, "")
    assert ran.err.endswith("none.yaml: No such file or directory\n")
