"""
Print where the devices of this machine are, as an entry of a file for ``--machines``.

This file needs nothing but Python 3.7 and its standard library, so it can be piped into a pod on a node:

    kubectl debug node/NODE -i --image=python:3-slim -- python3 - --sys /host/sys < sysfs.py

It reads sysfs and writes nothing.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path
from typing import NamedTuple, Sequence  # noqa: UP035 Python 3.7 has no other that can be indexed

FINE, UNKNOWN, NO_PCI = 0, 1, 2
"""Exit status: all is known; the kernel does not know all; there is nothing to read."""

INSTANCE_TYPE = "node.kubernetes.io/instance-type"
REPLACE = "REPLACE-ME"

KINDS = (
    ("gpu", ("0x0300", "0x0302", "0x0380"), ("0x10de", "0x1002", "0x8086")),
    ("accelerator", ("0x1200", "0x0b40"), ()),
    ("accelerator", ("0x0880",), ("0x1d0f",)),
    ("accelerator", ("0xff00",), ("0x1ae0",)),
    ("nic", ("0x0200", "0x0207", "0x0280"), ()),
    ("nvme", ("0x0108",), ()),
)
"""
Kind, PCI classes and subclasses, and the vendors that count, none for all: boards have a display controller
for their console, and only some system peripherals are accelerators (AWS Neuron, Google TPU).
"""

_ADDRESS = re.compile(r"[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$")
_ROOT = re.compile(r"pci[0-9a-f]{4,8}:[0-9a-f]{2}$")
_BRIDGES_OF_A_SWITCH = 3
"""A root port, and the two sides of the switch."""


class Found(NamedTuple):
    """A device of interest; -1 and empty are not known. ``virtual``: a virtual function."""

    address: str
    kind: str
    root: str
    switch: str
    numa: int
    virtual: bool


class Machine(NamedTuple):
    """``sockets`` and ``distances`` by NUMA node; ``notes``: what the reader should know."""

    product: str
    devices: list[Found]
    sockets: dict[int, int]
    distances: dict[int, str]
    notes: list[str]


class NothingToRead(Exception):
    """There are no PCI devices to read; the text says what to do."""


def main(arguments: Sequence[str]) -> int:
    """Print the entry to stdout and notes to stderr; the exit status is one of those above."""
    parser = argparse.ArgumentParser(prog="probe", description="Print the facts of this machine.")
    add_arguments(parser)
    return run(parser.parse_args(arguments))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--sys", default="/sys", metavar="DIR", help="sysfs of the node (default: /sys)")
    parser.add_argument(
        "--name", metavar="TEXT", help="name of the machine type (default: the product's name)"
    )
    parser.add_argument(
        "--label",
        metavar="KEY=VALUE",
        help=f"label that tells the nodes of this type (default: {INSTANCE_TYPE} and the product's name on "
        "AWS, else a value to replace)",
    )
    parser.add_argument(
        "--virtual-functions",
        action="store_true",
        help="list virtual functions, too; without, only the devices that they are a part of",
    )


def run(args: argparse.Namespace) -> int:
    try:
        machine = probe(Path(args.sys), virtual=args.virtual_functions)
    except NothingToRead as error:
        sys.stderr.write(f"probe: {error}\n")
        return NO_PCI
    for note in machine.notes:
        sys.stderr.write(f"note: {note}\n")
    sys.stdout.write("\n".join(entry(machine, args.name, args.label)) + "\n")
    return UNKNOWN if machine.notes else FINE


def probe(sys_dir: Path, *, virtual: bool) -> Machine:
    """Read the tree under ``sys_dir``. Raises ``NothingToRead``."""
    bus = sys_dir / "bus" / "pci" / "devices"
    try:
        names = sorted(path.name for path in bus.iterdir() if _ADDRESS.match(path.name))
    except OSError as error:
        raise NothingToRead(
            f"{bus}: {error.strerror}; run it on the node, or give the node's sysfs with --sys /host/sys"
        ) from error
    if not names:
        raise NothingToRead(f"{bus} is empty: this machine has no PCI devices, so there are no facts")
    nodes = _numa_nodes(sys_dir)
    notes: list[str] = []
    devices = [found for name in names for found in _device(sys_dir, bus, name, nodes, notes)]
    left_out = sum(found.virtual for found in devices)
    if not virtual:
        devices = [found for found in devices if not found.virtual]
    if not devices:
        raise NothingToRead(
            f"{bus} has {len(names)} devices and no GPU, accelerator, NIC or NVMe disk"
            + (f" but {left_out} virtual functions, which --virtual-functions lists" if left_out else "")
        )
    sockets = _sockets(sys_dir, nodes)
    homeless = [node for node in {found.numa for found in devices} if node >= 0 and node not in sockets]
    notes += [f"the socket of NUMA node {node} is not known" for node in sorted(homeless)]
    return Machine(_product(sys_dir), devices, sockets, _distances(sys_dir, nodes), notes)


def _device(sys_dir: Path, bus: Path, name: str, nodes: Sequence[int], notes: list[str]) -> list[Found]:
    """The device if it is of interest; a device that cannot be read leaves a note."""
    folder = bus / name
    if not folder.is_dir():
        notes.append(f"{name} is left out: its link leads nowhere")
        return []
    kind = _kind(_text(folder / "class"), _text(folder / "vendor"))
    if not kind:
        return []
    try:
        parts = folder.resolve().relative_to(sys_dir.resolve() / "devices").parts
    except ValueError:
        notes.append(f"{name} is left out: its link leads out of {sys_dir}, so that is no complete sysfs")
        return []
    root = parts[0] if _ROOT.match(parts[0]) else ""
    if any(_ROOT.match(part) for part in parts[1:]) and root:
        notes.append(f"{name} is behind a controller that hides it (VMD); its root is that of the controller")
    bridges = [part for part in parts[1:-1] if _ADDRESS.match(part)]
    switch = bridges[1] if root and len(bridges) >= _BRIDGES_OF_A_SWITCH else ""
    numa = _number(_text(folder / "numa_node"))
    if numa < 0 and list(nodes) == [0]:
        # The kernel says -1 on machines with one node, where there is nothing to tell apart.
        numa = 0
    if numa < 0:
        notes.append(f"{name}: the kernel does not know its NUMA node")
    virtual = (folder / "physfn").exists()
    return [Found(name, kind, root, switch, numa, virtual)]


def _kind(class_: str, vendor: str) -> str:
    for kind, classes, vendors in KINDS:
        if class_[: len("0x0300")] in classes and (not vendors or vendor in vendors):
            return kind
    return ""


def _numa_nodes(sys_dir: Path) -> list[int]:
    folder = sys_dir / "devices" / "system" / "node"
    names = [path.name for path in folder.iterdir()] if folder.is_dir() else []
    return sorted(int(name[len("node") :]) for name in names if re.match(r"node[0-9]+$", name))


def _sockets(sys_dir: Path, nodes: Sequence[int]) -> dict[int, int]:
    """The socket of each NUMA node that has CPUs, by its first CPU."""
    system = sys_dir / "devices" / "system"
    sockets = {}
    for node in nodes:
        cpus = re.match(r"[0-9]+", _text(system / "node" / f"node{node}" / "cpulist"))
        if cpus:
            topology = system / "cpu" / f"cpu{cpus.group()}" / "topology"
            socket = _number(_text(topology / "physical_package_id"))
            if socket >= 0:
                sockets[node] = socket
    return sockets


def _distances(sys_dir: Path, nodes: Sequence[int]) -> dict[int, str]:
    folder = sys_dir / "devices" / "system" / "node"
    found = {node: _text(folder / f"node{node}" / "distance") for node in nodes}
    return {node: text for node, text in found.items() if text}


def _product(sys_dir: Path) -> str:
    return _text(sys_dir / "class" / "dmi" / "id" / "product_name")


def _text(path: Path) -> str:
    """What a file of sysfs says, empty where it cannot be read."""
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            return file.read(4096).strip()
    except OSError:
        return ""


def _number(text: str) -> int:
    return int(text) if re.match(r"[0-9]{1,6}$", text) else -1


def entry(machine: Machine, name: str | None, label: str | None) -> list[str]:
    """The lines of a file with this machine as its only type."""
    key, value = _label(machine.product, label)
    lines = ["# Facts of a machine type for dra-extender --machines."]
    if value == REPLACE:
        lines.append(
            f"# Replace {REPLACE} by the value that the label has on these nodes, or name another label."
        )
    lines += [f"# NUMA node {node} is at the distances {text}." for node, text in machine.distances.items()]
    lines += [
        "machines:",
        f"  {json.dumps(name or machine.product or 'machine')}:",
        f"    labels: {{{json.dumps(key)}: {json.dumps(value)}}}",
        "    devices:",
    ]
    order = [kind for kind, _, _ in KINDS]
    for found in sorted(machine.devices, key=lambda found: (order.index(found.kind), found.address)):
        facts = ", ".join(f"{field}: {value}" for field, value in _facts(found, machine.sockets))
        lines.append(f"      {json.dumps(found.address)}: {{{facts}}}  # {found.kind}")
    return lines


def _facts(found: Found, sockets: dict[int, int]) -> list[tuple[str, str]]:
    """What is known of a device, in the fields of the file."""
    facts = [("root", json.dumps(found.root))] if found.root else []
    if found.switch:
        facts.append(("switch", json.dumps(found.switch)))
    if found.numa >= 0:
        facts.append(("numa", str(found.numa)))
        if found.numa in sockets:
            facts.append(("socket", str(sockets[found.numa])))
    return facts


def _label(product: str, label: str | None) -> tuple[str, str]:
    if label:
        key, _, value = label.partition("=")
        return key, value or REPLACE
    # EC2 names the instance type there: a lower-case family, a point, a size.
    return INSTANCE_TYPE, product if re.match(r"[a-z0-9-]+\.[a-z0-9-]+$", product) else REPLACE


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
