"""A site's own worths: rows and single distances replaced, and every mistake named with its line."""

from __future__ import annotations

import pytest

from extender.core.alignment.worths import DEFAULT_WORTHS, SITE_FILE, Basis, WorthRow
from extender.core.topology.vocabulary import DeviceKind
from extender.kube.files.site_file import SiteFileError
from extender.kube.files.worths_file import read_worths
from tests.paths import DOCS

EXAMPLE = DOCS / "examples" / "worths.yaml"


@pytest.fixture
def worths(tmp_path):
    """Write a file and read it as worths."""

    def write(content):
        path = tmp_path / "worths.yaml"
        path.write_text(content)
        return read_worths(str(path), DEFAULT_WORTHS)

    return write


def test_the_documented_example():
    """Two distances of one pair, the whole row of another, and the rest of the table as it is."""
    read = read_worths(str(EXAMPLE), DEFAULT_WORTHS)
    gpu_nic = WorthRow(1.0, 1.0, 0.95, 0.8, 0.25, 0.7, basis=Basis.SITE, sources=(SITE_FILE,))
    assert read.pairs == {
        **DEFAULT_WORTHS.pairs,
        (DeviceKind.GPU, DeviceKind.NIC): gpu_nic,
        (DeviceKind.NIC, DeviceKind.NIC): WorthRow(0.5, 0.8, 0.9, 1.0, 1.0, 0.9),
    }
    assert read.others == WorthRow(1.0, 1.0, 0.95, 0.9, 0.6, 0.75)


def test_a_pair_without_a_row_starts_from_the_others(worths):
    """The row of all others is that of the file."""
    read = worths("others: {remote: 0.1}\npairs: {other-other: {socket: 0.2}}")
    assert read.row_of("other-other") == WorthRow(1.0, 1.0, 0.95, 0.2, 0.1, 0.8)


@pytest.mark.parametrize("content", ["{}", "pairs: {}", "others: {}", "pairs: {gpu-nic: {}}"])
def test_what_is_left_out_stays(worths, content):
    """A file that says nothing changes nothing."""
    assert worths(content) == DEFAULT_WORTHS


def test_a_row_keeps_its_sources_where_its_numbers_stay(worths):
    """Worths that the file repeats are still those of the publications, also for pairs without a row."""
    read = worths("pairs: {gpu-nic: {remote: 0.4}, nic-other: {remote: 0.6}, gpu-cpu: {remote: 0.5}}")
    for kinds in ("gpu-nic", "nic-other"):
        assert read.row_of(kinds) is DEFAULT_WORTHS.row_of(kinds)
    assert read.row_of("gpu-cpu").basis is Basis.SITE
    # This row equals the built-in one of all others, and the file has changed that.
    read = worths("others: {remote: 0.1}\npairs: {nic-other: {remote: 0.6}, gpu-other: {}}")
    assert read.row_of("nic-other") is DEFAULT_WORTHS.others
    assert read.row_of("gpu-other").basis is Basis.SITE


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["pair: {}"], "line 1: the file: unknown section pair; did you mean pairs? (known: pairs, others)"),
        (
            ["pairs:", "  nic-gpu: {}"],
            "line 2: pairs, nic-gpu: the kinds are the wrong way round; write gpu-nic",
        ),
        (["pairs:", "  gpu-fpga: {}"], "line 2: pairs, gpu-fpga: not a pair of kinds; write two of gpu, acc"),
        (["pairs:", "  gpu: {}"], "line 2: pairs, gpu: not a pair of kinds"),
        (["pairs:", "  gpu-virtual: {}"], "line 2: pairs, gpu-virtual: not a pair of kinds"),
        (
            ["pairs:", "  gpu-nic: 1"],
            "line 2: pairs, gpu-nic: expected a mapping of distances, got a number (1)",
        ),
        (
            ["pairs:", "  gpu-nic:", "    pcieroot: 1"],
            "line 3: pairs, gpu-nic: unknown distance pcieroot; did you mean pcie-root?",
        ),
        (
            ["pairs:", "  gpu-nic:", "    numa: 90"],
            "line 3: pairs, gpu-nic, numa: expected a number from 0 to 1, got 90",
        ),
        (["others:", "  numa: -0.1"], "line 2: others, numa: expected a number from 0 to 1, got -0.1"),
        (["others:", "  numa: 90%"], "line 2: others, numa: expected a number from 0 to 1, got a text (90%)"),
        (["others:", "  numa: 1", "  numa: 1"], "line 3: others: numa is given twice, before in line 2"),
    ],
)
def test_mistakes_are_named(worths, lines, message):
    """File, line, what is wrong, what to write."""
    with pytest.raises(SiteFileError) as caught:
        worths("\n".join(lines))
    assert f"worths.yaml: {message}" in str(caught.value)
