"""
The machine types that are known without a site's own facts.

Only types of which the PCI addresses were seen in real ResourceSlices or are in the vendor's own topology
file, and only what these tell: a root or a socket that somebody inferred is left out. A hypervisor's
switches are left out, too. Machines that a site sets up itself (BIOS settings move NUMA nodes) are none of
these types; ``dra-extender probe`` prints the facts of such a machine.

To add a type, name above it where each fact was read, and run ``python -m tests.machines``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .machine_facts import BUILT_IN, MachineFacts, MachineType, Place

INSTANCE_TYPE = "node.kubernetes.io/instance-type"
"""The label by which cloud providers name the type of a node."""


def _type(name: str, instance_types: Iterable[str], *sides: Iterator[tuple[str, Place]]) -> MachineType:
    labels = {INSTANCE_TYPE: frozenset(instance_types)}
    return MachineType(name, BUILT_IN, labels, {address: place for side in sides for address, place in side})


def _side(numa: int, *addresses: str, socket: int = -1, root: str = "") -> Iterator[tuple[str, Place]]:
    """Devices on one NUMA node, which is on ``socket`` where that is known, and on ``root`` likewise."""
    return ((address, Place(root, "", numa, socket)) for address in addresses)


def _functions(domains: Iterable[str], function: str = "00:00.0") -> list[str]:
    return [f"{domain}:{function}" for domain in domains]


BUILT_IN_FACTS = MachineFacts(
    (
        # aws/aws-ofi-nccl, topology/p4d-24xl-topo.xml; slices of kubernetes-sigs/dranet,
        # examples/aws_eks_examples/gpu-efa.
        _type(
            "aws-p4d.24xlarge",
            ("p4d.24xlarge", "p4de.24xlarge"),
            _side(0, "0000:10:1b.0", "0000:10:1c.0", "0000:10:1d.0", socket=0, root="pci0000:10"),
            _side(
                0, "0000:20:01.0", "0000:20:1b.0", "0000:20:1c.0", "0000:20:1d.0", socket=0, root="pci0000:20"
            ),
            _side(
                1, "0000:90:01.0", "0000:90:1b.0", "0000:90:1c.0", "0000:90:1d.0", socket=1, root="pci0000:90"
            ),
            _side(
                1, "0000:a0:01.0", "0000:a0:1b.0", "0000:a0:1c.0", "0000:a0:1d.0", socket=1, root="pci0000:a0"
            ),
        ),
        # aws/aws-ofi-nccl, topology/g5.48xl-topo.xml: all devices on one bus of the hypervisor. The kernel
        # knows no NUMA node of the NIC, 0000:00:15.0.
        _type(
            "aws-g5.48xlarge",
            ("g5.48xlarge",),
            _side(0, *(f"0000:00:{slot}.0" for slot in ("16", "17", "18", "19"))),
            _side(1, *(f"0000:00:{slot}.0" for slot in ("1a", "1b", "1c", "1d"))),
        ),
        # Slices and nvidia-smi topo of kubernetes-sigs/dranet, examples/azure_aks_examples/gb300.
        _type(
            "azure-nd-gb300-v6",
            ("Standard_ND128isr_GB300_v6",),
            _side(0, *_functions(("0101", "0102")), *_functions(("0008", "0009"), "06:00.0"), socket=0),
            _side(1, *_functions(("0103", "0104")), *_functions(("0018", "0019"), "06:00.0"), socket=1),
        ),
        # Azure/azhpc-images, topology/ndv5-topo.xml. Its switches, one per GPU and NIC, are none of sysfs.
        _type(
            "azure-nd-h100-v5",
            ("Standard_ND96isr_H100_v5", "Standard_ND96is_H100_v5"),
            _side(0, *_functions(("0001", "0002", "0003", "0008", "0101", "0102", "0103", "0104")), socket=0),
            _side(1, *_functions(("0009", "000a", "000b", "000c", "0105", "0106", "0107", "0108")), socket=1),
        ),
        # Azure/azhpc-images, topology/ndv4-topo.xml. How many sockets there are is not told.
        _type(
            "azure-nd-a100-v4",
            ("Standard_ND96asr_v4", "Standard_ND96amsr_A100_v4"),
            _side(0, *_functions(("0003", "0004", "0103", "0104"))),
            _side(1, *_functions(("0001", "0002", "0101", "0102"))),
            _side(2, *_functions(("000d", "000e", "0107", "0108"))),
            _side(3, *_functions(("000b", "000c", "0105", "0106"))),
        ),
        # Azure/azhpc-images, topology/ncv4-topo.xml.
        _type(
            "azure-nc-a100-v4",
            ("Standard_NC96ads_A100_v4",),
            *(_side(numa, f"000{numa + 1}:00:00.0") for numa in range(4)),
        ),
        # Slices and nvidia-smi topo of kubernetes-sigs/dranet, examples/oci_oke_examples/BM.GPU.GB200-v3.4.
        _type(
            "oci-bm.gpu.gb200-v3.4",
            ("BM.GPU.GB200-v3.4",),
            _side(0, *_functions(("0008", "0009"), "06:00.0"), socket=0),
            *(_side(0, *_functions(("0000", "0002"), f"03:00.{port}"), socket=0) for port in range(2)),
            _side(1, *_functions(("0018", "0019"), "06:00.0"), socket=1),
            *(_side(1, *_functions(("0010", "0012"), f"03:00.{port}"), socket=1) for port in range(2)),
        ),
    )
)
