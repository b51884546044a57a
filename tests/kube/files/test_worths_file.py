"""A site's own worths: rows and single distances replaced, and every mistake named with its line."""

from __future__ import annotations

import pytest

from extender.core.alignment.worths import DEFAULT_WORTHS, Row
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
    gpu_nic = DEFAULT_WORTHS.pairs[DeviceKind.GPU, DeviceKind.NIC]._replace(numa=0.95, remote=0.25)
    assert read.pairs == {
        **DEFAULT_WORTHS.pairs,
        (DeviceKind.GPU, DeviceKind.NIC): gpu_nic,
        (DeviceKind.NIC, DeviceKind.NIC): Row(0.5, 0.8, 0.9, 1.0, 1.0, 0.9),
    }
    assert read.others == DEFAULT_WORTHS.others._replace(unknown=0.75)


def test_a_pair_without_a_row_starts_from_the_others(worths):
    """The row of all others is that of the file."""
    read = worths("others: {remote: 0.1}\npairs: {other-other: {socket: 0.2}}")
    assert read.row(DeviceKind.OTHER, DeviceKind.OTHER) == DEFAULT_WORTHS.others._replace(
        remote=0.1, socket=0.2
    )


@pytest.mark.parametrize("content", ["{}", "pairs: {}", "others: {}", "pairs: {gpu-nic: {}}"])
def test_what_is_left_out_stays(worths, content):
    """A file that says nothing changes nothing."""
    assert worths(content) == DEFAULT_WORTHS


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
