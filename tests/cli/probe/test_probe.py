"""probe: on trees of real machines, on this machine, and on trees that are broken."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from extender.cli.probe import sysfs
from extender.core.topology.known_machines import INSTANCE_TYPE
from extender.kube.files.machines_file import read_machines
from tests.machines.facts import facts_of
from tests.machines.record import Part, machines
from tests.machines.sysfs import add_device, write_sysfs

MACHINES = {machine.name: machine for machine in machines()}
PROBED = [name for name, machine in MACHINES.items() if any(part.address for part in machine.parts)]
GPU = Part("gpu", "gpu-0", "0000:1b:00.0", "pci0000:15", 0, rdma=False)


@pytest.fixture
def tree(tmp_path):
    return tmp_path / "sys"


def read(text, tmp_path):
    """The types of what was printed."""
    path = tmp_path / "probed.yaml"
    path.write_text(text)
    return read_machines(str(path))


@pytest.mark.parametrize("name", PROBED)
def test_the_record_of_each_machine_is_found_again(run, tree, tmp_path, name):
    """From its sysfs, all that is documented of devices that have an address."""
    machine = MACHINES[name]
    write_sysfs(machine, tree)
    ran = run("probe", "--sys", tree, "--name", name, "--label", f"{INSTANCE_TYPE}={name}")
    (probed,) = read(ran.out, tmp_path)
    recorded = facts_of(machine)
    assert (probed.name, probed.labels) == (name, recorded.labels)
    addressed = {part.address: part for part in machine.parts if part.address}
    assert probed.devices.keys() == addressed.keys()
    for address, place in probed.devices.items():
        # sysfs has the root of a hypervisor, too.
        assert place == recorded.devices[address]._replace(root=addressed[address].root)
    unknown = any(part.numa < 0 for part in addressed.values())
    assert ran.status == (sysfs.UNKNOWN if unknown else sysfs.FINE)
    assert ("the kernel does not know its NUMA node" in ran.err) is unknown


def test_the_machines_that_are_probed():
    """All but those of which no device with an address is documented."""
    assert set(MACHINES) - set(PROBED) == {"dell-r7725-nps4", "dual-xeon-6230r"}


def test_it_runs_here_as_a_script():
    """On whatever this machine is: an entry, or a clear answer that there is none; never a stack trace."""
    script = subprocess.run(
        [sys.executable, "-I", "-"],
        input=Path(sysfs.__file__).read_text(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert script.returncode in (sysfs.FINE, sysfs.UNKNOWN, sysfs.NO_PCI)
    assert "Traceback" not in script.stderr
    assert ("machines:" in script.stdout) is (script.returncode != sysfs.NO_PCI)


def test_the_script_is_printed(run):
    """What ``--print-script`` prints is the file that is run."""
    ran = run("probe", "--print-script")
    assert ran.status == 0
    compile(ran.out, "sysfs.py", "exec")
    assert 'if __name__ == "__main__":' in ran.out


def test_switches(run, tree, tmp_path):
    """Behind a root port and both sides of a switch; a device on the port itself has none."""
    port, up = "pci0000:15/0000:15:01.0", "pci0000:15/0000:15:01.0/0000:16:00.0"
    add_device(tree, GPU, vendor="0x10de", above=f"{up}/0000:17:00.0")
    nic = Part("nic", "n", "0000:1c:00.0", "", 0, rdma=True)
    add_device(tree, nic, vendor="0x15b3", above=f"{up}/0000:17:01.0")
    disk = Part("nvme", "d", "0000:2b:00.0", "", 0, rdma=False)
    add_device(tree, disk, vendor="0x144d", above=port)
    (probed,) = read(run("probe", "--sys", tree).out, tmp_path)
    assert {place.root for place in probed.devices.values()} == {"pci0000:15"}
    switches = {address: place.switch for address, place in probed.devices.items()}
    assert switches == {"0000:1b:00.0": "0000:16:00.0", "0000:1c:00.0": "0000:16:00.0", "0000:2b:00.0": ""}


def test_one_numa_node(run, tree, tmp_path):
    """The kernel says -1 for devices where it has one node only; that is node 0."""
    node = tree / "devices" / "system" / "node" / "node0"
    node.mkdir(parents=True)
    (node / "cpulist").write_text("0-3\n")
    add_device(tree, replace(GPU, numa=-1), vendor="0x10de")
    ran = run("probe", "--sys", tree)
    (probed,) = read(ran.out, tmp_path)
    assert probed.devices["0000:1b:00.0"].numa == 0
    assert "the socket of NUMA node 0 is not known" in ran.err


def test_virtual_functions(run, tree, tmp_path):
    """They come and go, so only the whole device is listed unless they are asked for."""
    add_device(tree, GPU, vendor="0x1002")
    part = Part("gpu", "vf", "0000:1b:02.0", "pci0000:15", 0, rdma=False)
    (add_device(tree, part, vendor="0x1002") / "physfn").mkdir()
    assert len(read(run("probe", "--sys", tree).out, tmp_path)[0].devices) == 1
    assert len(read(run("probe", "--sys", tree, "--virtual-functions").out, tmp_path)[0].devices) == 2


def test_the_console_is_no_gpu(run, tree, tmp_path):
    """The display controller of a board's own console, of whatever vendor."""
    add_device(tree, GPU, vendor="0x10de")
    console = add_device(
        tree, Part("gpu", "vga", "0000:03:00.0", "pci0000:00", 0, rdma=False), vendor="0x1a03"
    )
    (console / "class").write_text("0x030000\n")
    (probed,) = read(run("probe", "--sys", tree).out, tmp_path)
    assert probed.devices.keys() == {"0000:1b:00.0"}


def test_behind_a_vmd(run, tree):
    """A controller that hides disks makes up a domain; said in a note."""
    disk = Part("nvme", "d", "10000:e4:00.0", "", 0, rdma=False)
    add_device(tree, disk, vendor="0x144d", above="pci0000:e2/0000:e2:00.5/pci10000:e2/10000:e2:03.0")
    ran = run("probe", "--sys", tree)
    assert '"10000:e4:00.0": {root: "pci0000:e2"' in ran.out
    assert "behind a controller that hides it (VMD)" in ran.err
    assert ran.status == sysfs.UNKNOWN


def test_links_that_lead_nowhere(run, tree):
    """A device that went, and a tree that was copied in part."""
    add_device(tree, GPU, vendor="0x10de")
    (tree / "bus" / "pci" / "devices" / "0000:99:00.0").symlink_to(tree / "gone")
    outside = tree.parent / "0000:98:00.0"
    outside.mkdir()
    (outside / "class").write_text("0x030200")
    (outside / "vendor").write_text("0x10de")
    (tree / "bus" / "pci" / "devices" / "0000:98:00.0").symlink_to(outside)
    ran = run("probe", "--sys", tree)
    assert ran.status == sysfs.UNKNOWN
    assert "0000:99:00.0 is left out: its link leads nowhere" in ran.err
    assert "0000:98:00.0 is left out: its link leads out of" in ran.err
    assert '"0000:1b:00.0"' in ran.out


@pytest.mark.parametrize(
    ("made", "told"),
    [
        ((), "No such file or directory; run it on the node, or give the node's sysfs with --sys /host/sys"),
        (("bus/pci/devices",), "is empty: this machine has no PCI devices"),
        (("bus/pci/devices/0000:00:00.0",), "has 1 devices and no GPU, accelerator, NIC or NVMe disk"),
    ],
    ids=["no sysfs", "no PCI", "no device of interest"],
)
def test_nothing_to_read(run, tree, made, told):
    """Exit status 2 and what to do."""
    for folder in made:
        (tree / folder).mkdir(parents=True)
    ran = run("probe", "--sys", tree)
    assert (ran.status, ran.out) == (sysfs.NO_PCI, "")
    assert told in ran.err


@pytest.mark.parametrize(
    ("product", "label"),
    [
        ("p5.48xlarge", '"node.kubernetes.io/instance-type": "p5.48xlarge"'),
        ("PowerEdge XE9680", '"node.kubernetes.io/instance-type": "REPLACE-ME"'),
    ],
)
def test_the_product_names_the_type(run, tree, product, label):
    """On EC2 it is the instance type; elsewhere the label has to be written by hand, and says so."""
    add_device(tree, GPU, vendor="0x10de")
    dmi = tree / "class" / "dmi" / "id"
    dmi.mkdir(parents=True)
    (dmi / "product_name").write_text(f"{product}\n")
    out = run("probe", "--sys", tree).out
    assert f'  "{product}":\n' in out
    assert label in out
    assert ("# Replace REPLACE-ME" in out) is ("REPLACE-ME" in label)
