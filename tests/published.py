"""Slices as drivers publish them, from the JSON of the API to the locations of their devices on node n."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from extender.core.cluster.snapshot import Snapshot
from extender.core.releases.history import release_for
from extender.core.topology.locations import Distance, Location, distance
from extender.kube import decode
from extender.kube.decode import Interner
from extender.model import Claim, DeviceClass, Node, ResourceSlice

ROOT = "resource.kubernetes.io/pcieRoot"
BUS_ID = "resource.kubernetes.io/pciBusID"
NUMA = "resource.kubernetes.io/numaNode"
NVIDIA, AMD, INTEL, NET, CPU = "gpu.nvidia.com", "gpu.amd.com", "gpu.intel.com", "dra.net", "dra.cpu"
SRIOV = "sriovnetwork.k8snetworkplumbingwg.io"
RELEASE = release_for("1.36.2")

NODES = ("nodeName", "allNodes")
ELSEWHERE = {"nodeSelector", "allNodes", "perDeviceNodeSelection"}

Values = Mapping[str, object]


def attributes(values: Values) -> dict[str, object]:
    """Attributes as the API writes them."""
    written: dict[str, object] = {}
    for name, value in values.items():
        if isinstance(value, list):
            written[name] = {"ints" if isinstance(value[0], int) else "strings": value}
        elif isinstance(value, bool):
            written[name] = {"bool": value}
        else:
            written[name] = {"int" if isinstance(value, int) else "string": value}
    return written


def listed(devices: Mapping[str, Values]) -> list[dict[str, object]]:
    """Devices as the API writes them; ``nodeName`` and ``allNodes`` are no attributes."""
    return [
        {
            "name": name,
            "attributes": attributes({key: value for key, value in values.items() if key not in NODES}),
            **{key: value for key, value in values.items() if key in NODES},
        }
        for name, values in devices.items()
    ]


def published(driver: str, entries: Mapping[str, Values], **spec: object) -> ResourceSlice:
    """A slice of ``driver`` on node n, unless ``spec`` says otherwise."""
    full = {
        "driver": driver,
        "pool": {"name": "n", "generation": 1, "resourceSliceCount": 1},
        **({} if ELSEWHERE & spec.keys() else {"nodeName": "n"}),
        "devices": listed(entries),
        **spec,
    }
    body = {"metadata": {"name": f"{driver}-{full['pool']}-{'-'.join(entries)}"}, "spec": full}
    return decode.resource_slice(json.dumps(body).encode(), Interner())


def pool(name: str = "n", count: int = 1, **fields: object) -> dict[str, object]:
    return {"name": name, "resourceSliceCount": count, **fields}


def world(*slices: ResourceSlice, claims: Iterable[Claim] = (), names: Iterable[str] = ("n",)) -> Snapshot:
    """Nodes and slices, with a class for every driver, named for it."""
    drivers = dict.fromkeys(slice_.driver for slice_ in slices)
    classes = [DeviceClass(driver, (f"device.driver == '{driver}'",)) for driver in drivers]
    return Snapshot.of(
        release=RELEASE,
        nodes=[Node(name, {"rack": name}) for name in names],
        slices=slices,
        classes=classes,
        claims=claims,
    )


def located(snapshot: Snapshot, node: str = "n") -> dict[str, Location]:
    """The locations of a node's devices by name."""
    inventory = snapshot.nodes[node].inventory
    return {
        device.name: location
        for slice_, signature in zip(inventory.slices, inventory.signature.slices, strict=True)
        for device, location in zip(slice_.devices, signature.locations, strict=True)
    }


def apart(*slices: ResourceSlice, a: str = "gpu", z: str = "nic") -> Distance:
    """How far the devices named ``a`` and ``z`` are apart on node n."""
    locations = located(world(*slices))
    return distance(locations[a], locations[z])
