"""The page of topologies is what the machines' facts make it."""

from __future__ import annotations

import pytest

from tests.machines.page import page, summary
from tests.machines.record import machines
from tests.paths import DOCS, ROOT

FILE = DOCS / "topologies.md"


def test_the_page_is_what_is_generated():
    """After a change of facts or rules: python -m tests.machines."""
    assert FILE.read_text() == page()


def test_the_readme_has_the_table_that_is_generated():
    """Likewise."""
    assert summary() in (ROOT / "README.md").read_text()


def test_every_machine_is_on_the_page():
    """Those without GPUs and NICs have no devices to be apart: they are known by their roots alone."""
    text = FILE.read_text()
    for machine in machines():
        shown = f"| {machine.name} |" in text
        assert shown is any(part.kind in ("gpu", "nic") for part in machine.parts)


def test_what_released_nvidia_drivers_leave_unknown():
    """The machines where a GPU's nearest NIC is not known before the driver publishes NUMA nodes."""
    lines = [line for line in FILE.read_text().split("## Pairs")[0].splitlines() if "NVIDIA v25.3" in line]
    unknown = {line.split(" | ")[0].removeprefix("| ") for line in lines if "unknown" in line.split(" | ")[4]}
    assert unknown == {
        "azure-nd-gb300-v6",
        "azure-nd-h100-v5",
        "azure-nd-a100-v4",
        "oci-bm.gpu.gb200-v3.4",
        "dell-xe8640-h100",
        "dell-r760xa-a40",
        "dell-r7725-nps4",
        "aws-g5.48xlarge",
    }


@pytest.mark.parametrize(
    ("machine", "generation", "column", "cell"),
    [
        ("aws-p4d.24xlarge", "NVIDIA v25.3", "dranet to v1.4", "8 pcie-root"),
        ("dgx-h100", "NVIDIA v25.3", "SR-IOV", "8 pcie-root"),
        ("dell-xe9680-mi300x-snc-off", "AMD 2026-04", "dranet main", "2 pcie-root, 6 numa"),
        ("dell-xe9680-mi300x-snc-on", "AMD 2026-04", "dranet main, dra.cpu", "2 pcie-root, 2 numa, 4 socket"),
        ("dell-xe8640-h100", "NVIDIA v25.3", "dranet main, dra.cpu", "1 pcie-root, 1 numa, 2 remote"),
        ("dell-r760xa-a40", "NVIDIA main", "dranet to v1.4", "2 numa"),
        ("dell-r7725-nps4", "NVIDIA main", "dranet main, dra.cpu", "1 socket"),
        ("azure-nd-h100-v5", "NVIDIA v25.3", "dranet main", "8 unknown"),
        ("oci-bm.gpu.gb200-v3.4", "NVIDIA main", "dranet main", "4 numa"),
        ("digitalocean-b300-vm", "NVIDIA v25.3", "dranet main", "8 pcie-root"),
        ("aws-g5.48xlarge", "NVIDIA v25.3", "dranet to v1.4", "8 unknown"),
    ],
)
def test_nearest_nics_that_are_known_by_hand(machine, generation, column, cell):
    """What counts and diagrams of these machines say, not what the generator makes of the record."""
    header, _, *rows = (
        line.strip("| ").split(" | ")
        for line in FILE.read_text()
        .split("## GPUs by their nearest NIC")[1]
        .split("## Pairs")[0]
        .splitlines()
        if line.startswith("|")
    )
    vendor, _, number = generation.partition(" ")
    (row,) = (
        row for row in rows if row[0] == machine and number in row[1].removeprefix(f"{vendor} ").split(", ")
    )
    assert row[header.index(column)] == cell
