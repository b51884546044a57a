"""The sysfs of each machine of the record, as far as a probe reads it."""

from __future__ import annotations

from pathlib import Path

from tests.machines.record import Machine, Part

_CLASSES = {"gpu": "0x030200", "nic": "0x020000", "nvme": "0x010802"}
_VENDORS = {"gpu.nvidia.com": "0x10de", "gpu.amd.com": "0x1002"}


def write_sysfs(machine: Machine, sys: Path) -> None:
    """Devices that have an address, NUMA nodes with a CPU each, and its socket."""
    devices, bus = sys / "devices", sys / "bus" / "pci" / "devices"
    bus.mkdir(parents=True)
    for node, socket in machine.sockets.items():
        folder = devices / "system" / "node" / f"node{node}"
        folder.mkdir(parents=True)
        (folder / "cpulist").write_text(f"{node}-{node},9{node}\n")
        (folder / "distance").write_text(
            " ".join("10" if other == node else "21" for other in machine.sockets)
        )
        topology = devices / "system" / "cpu" / f"cpu{node}" / "topology"
        topology.mkdir(parents=True)
        (topology / "physical_package_id").write_text(f"{socket}\n")
    for part in machine.parts:
        if part.address:
            add_device(sys, part, vendor=_VENDORS[machine.gpu_driver] if part.kind == "gpu" else "0x15b3")


def add_device(sys: Path, part: Part, *, vendor: str, above: str = "") -> Path:
    """A device below ``above``, by default its root; one without a root is on a bus of a hypervisor."""
    below = above or part.root or "LNXSYSTM:00/VMBUS:00/pci" + part.address.rpartition(":")[0]
    folder = sys / "devices" / below / part.address
    folder.mkdir(parents=True)
    (folder / "class").write_text(f"{_CLASSES[part.kind]}\n")
    (folder / "vendor").write_text(f"{vendor}\n")
    (folder / "numa_node").write_text(f"{part.numa}\n")
    (sys / "bus" / "pci" / "devices").mkdir(parents=True, exist_ok=True)
    (sys / "bus" / "pci" / "devices" / part.address).symlink_to(folder)
    return folder
