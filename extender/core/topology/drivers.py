"""
The attribute names of the drivers that are known, each under the repository it comes from.

The names are those found in the drivers' sources in August 2026, older spellings of
the same driver included.

To add a driver, add one row to ``DRIVERS``: nothing else in the code names a driver to find out
where its devices are. The row gives the kind of the devices and the names by which the driver
publishes their location, beside the standard ones (see ``DriverAttributes``); above it stands the
repository that the names were read from. The tests then ask for

* a ResourceSlice of the driver in ``tests/data/slices``, and what is read of its devices in
  ``tests/core/topology/test_drivers.py``;
* the driver's row in the table of docs/alignment.md.

A driver whose devices publish the standard names works without a row; its devices are of kind
``other``. A site adds its own with ``--vocabulary``.
"""

from __future__ import annotations

from collections.abc import Mapping

from .driver_attributes import NUMA_NODE, PCI_BUS_ID, PCIE_ROOT, STANDARD, DeviceKind, DriverAttributes

EKS = "resource.aws.com"
"""The domain of Amazon EKS, which several drivers use."""

CPU_SOCKET = f"{STANDARD}/cpuSocketID"
"""In the standard domain, and no standard: KEP-6072 leaves the socket out."""

EKS_GROUPS = ((f"{EKS}/devicegroup1_id", 1.0), (f"{EKS}/devicegroup4_id", 0.95))
"""
Amazon EKS User Guide, "Manage Neuron devices" and "Manage EFA devices": Neuron devices and the EFAs on
their side of the machine have group ids in common. A group of one is a Neuron device and its EFA. A
group of four is on one NUMA node, which its Neuron devices do not publish. Groups of 8 and 16 span NUMA
nodes, so they say nothing.
"""

UNLISTED = DriverAttributes(
    kind=DeviceKind.OTHER,
    numa=(NUMA_NODE, "numaNode", "dra.net/numaNode", "dra.cpu/numaNodeID", "dra.cpu/numaNode"),
    socket=("dra.cpu/socketID", CPU_SOCKET),
    address=(PCI_BUS_ID, "pciBusID", "pcieBusID", "pciAddress", "k8s.cni.cncf.io/deviceID"),
    address_in_name=True,
)
"""
Spellings that several drivers share, for a driver that is not listed. Among these are those
of devices in a fabric (CoHDI/composable-dra-driver), which say nothing before one is attached.
"""

DRIVERS: Mapping[str, DriverAttributes] = {
    # kubernetes-sigs/dra-driver-nvidia-gpu. GPUs have a NUMA node after v0.4.1, VFIO
    # devices had `numa` up to it. addressingMode ATS: Grace, where the node may be the HBM.
    "gpu.nvidia.com": DriverAttributes(
        kind=DeviceKind.GPU,
        numa=(NUMA_NODE, "numa"),
        address=(PCI_BUS_ID, "pcieBusID"),
        identity=("uuid",),
        parent_identity=("parentUUID",),
        own_memory=("addressingMode", "ATS"),
    ),
    # The same repository: channels and daemons of IMEX, which are files and processes.
    "compute-domain.nvidia.com": DriverAttributes(kind=DeviceKind.VIRTUAL, root=(), numa=(), address=()),
    # ROCm/k8s-gpu-dra-driver. A partition's pciAddr is its parent's.
    "gpu.amd.com": DriverAttributes(
        kind=DeviceKind.GPU,
        numa=(NUMA_NODE, "numaNode"),
        address=(PCI_BUS_ID, "pciAddr"),
        parent=("parentPciAddr",),
    ),
    # intel/intel-resource-drivers-for-kubernetes: no NUMA node in any of the three.
    "gpu.intel.com": DriverAttributes(
        kind=DeviceKind.GPU,
        root_bus=("pciRoot",),
        address=(PCI_BUS_ID, "pciAddress"),
        address_in_name=True,
    ),
    "gaudi.intel.com": DriverAttributes(
        kind=DeviceKind.ACCELERATOR, root_bus=("pciRoot",), address_in_name=True
    ),
    "qat.intel.com": DriverAttributes(kind=DeviceKind.ACCELERATOR, address_in_name=True),
    # kubernetes-sigs/dranet. The standard NUMA node came after v1.4.0; the four parts
    # are the spelling of 2024 and 2025.
    "dra.net": DriverAttributes(
        kind=DeviceKind.NIC,
        numa=(NUMA_NODE, "numaNode"),
        address=(PCI_BUS_ID, "pciAddress"),
        address_parts=("pciAddressDomain", "pciAddressBus", "pciAddressDevice", "pciAddressFunction"),
        address_in_name=True,
        rdma=("rdma",),
        groups=EKS_GROUPS,
    ),
    # k8snetworkplumbingwg/dra-driver-sriov: VFs only, with the root of their PF.
    "sriovnetwork.k8snetworkplumbingwg.io": DriverAttributes(
        kind=DeviceKind.NIC,
        numa=(NUMA_NODE, "dra.net/numaNode"),
        address=(PCI_BUS_ID, "pciAddress", "k8s.cni.cncf.io/deviceID"),
        parent=("pfPciAddress",),
        identity=("PFName",),
        rdma=("rdmaCapable",),
    ),
    # k8snetworkplumbingwg/dra-driver-ovsdpdk: ports of a software bridge; no attribute locates them.
    "ovsdpdk.k8snetworkplumbingwg.io": DriverAttributes(kind=DeviceKind.NIC),
    # kubernetes-sigs/dra-driver-cpu: no NUMA node where CPUs are grouped by socket or machine.
    "dra.cpu": DriverAttributes(
        kind=DeviceKind.CPU,
        numa=(NUMA_NODE, "numaNodeID", "dra.net/numaNode", "numaNode"),
        socket=("socketID",),
        address=(),
    ),
    # ffromani/dra-driver-memory: memory and hugepages, dra.cpu/numaNode up to v0.1.5.
    "dra.memory": DriverAttributes(
        kind=DeviceKind.MEMORY,
        numa=(NUMA_NODE, "numaNode", "dra.net/numaNode", "dra.cpu/numaNodeID", "dra.cpu/numaNode"),
        address=(),
    ),
    # johnahull/dra-driver-nvme.
    "dra.nvme": DriverAttributes(kind=DeviceKind.NVME, numa=(NUMA_NODE, "numaNode"), socket=(CPU_SOCKET,)),
    # RBLN-SW/rbln-k8s-dra-driver.
    "npu.rebellions.ai": DriverAttributes(kind=DeviceKind.ACCELERATOR),
    # furiosa-ai/furiosa-dra-driver-guide; the driver's source is closed.
    "npu.furiosa.ai": DriverAttributes(kind=DeviceKind.ACCELERATOR, numa=(NUMA_NODE, "numaNode")),
    # Project-HAMi/k8s-dra-driver: NVIDIA GPUs that pods share.
    "hami-core-gpu.project-hami.io": DriverAttributes(
        kind=DeviceKind.GPU,
        numa=(NUMA_NODE, "numa"),
        address=(PCI_BUS_ID, "pcieBusID"),
        identity=("uuid",),
        parent_identity=("parentUUID",),
    ),
    # Project-HAMi/ascend-dra-driver: its uuid is the node's name and a number, so no identity.
    "ascend.project-hami.io": DriverAttributes(kind=DeviceKind.ACCELERATOR),
    # ibm-aiu/dra-driver-spyre: the NUMA node is a string; a device without a PF names it "0".
    "spyre.ibm.com": DriverAttributes(
        kind=DeviceKind.ACCELERATOR,
        numa=(NUMA_NODE, "numaInfo"),
        address=(PCI_BUS_ID, "pciAddress"),
        parent=("pfPciAddress",),
    ),
    # kubernetes-sigs/dra-driver-google-tpu: chips of one host may share their uuid.
    "tpu.google.com": DriverAttributes(kind=DeviceKind.ACCELERATOR),
    # Amazon EKS, Neuron DRA driver; its source is closed. devicegroup1_id is the device's own PCI address.
    "neuron.aws.com": DriverAttributes(kind=DeviceKind.ACCELERATOR, groups=EKS_GROUPS),
    # tenstorrent: pciAddress is all that locates a chip; trayID and asicLocation are of the mesh.
    "tenstorrent.com": DriverAttributes(kind=DeviceKind.ACCELERATOR, address=(PCI_BUS_ID, "pciAddress")),
    # openshift-psap/composite-dra-driver: a GPU and a NIC given away as one. It is where its
    # GPU is; the pair within is near by the composition's own constraint. The NIC's address is
    # left out: it would make GPU and NIC one physical device.
    "composite.dra.example.io": DriverAttributes(
        kind=DeviceKind.GPU,
        root=(PCIE_ROOT, "gpu/pcieRoot", "nic/pcieRoot"),
        numa=(NUMA_NODE, "gpu/numaNode", "nic/numaNode"),
        address=(PCI_BUS_ID, "gpu/pciBusID"),
        rdma=("nic/rdma",),
    ),
    # kubernetes-sigs/dra-example-driver: no topology.
    "gpu.example.com": DriverAttributes(kind=DeviceKind.GPU),
    # fabiendupont/mock-device: numa_node in its older documentation.
    "mock-accel.example.com": DriverAttributes(
        kind=DeviceKind.ACCELERATOR,
        numa=(NUMA_NODE, "numaNode", "numa_node"),
        address=(PCI_BUS_ID, "pciAddress"),
        parent=("physfn",),
    ),
}
"""By ``spec.driver``; DeviceClass names say nothing."""
