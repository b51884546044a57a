"""``serve`` in a process of its own, which follows an API server of the test."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp

from tests.kube.api_server import JSON

CLAIMS = "/apis/resource.k8s.io/v1/resourceclaims"
PATHS = {
    "Namespace": "/api/v1/namespaces",
    "Node": "/api/v1/nodes",
    "Pod": "/api/v1/pods",
    "DeviceClass": "/apis/resource.k8s.io/v1/deviceclasses",
    "ResourceSlice": "/apis/resource.k8s.io/v1/resourceslices",
    "ResourceClaim": CLAIMS,
}


def allocated(claim: JSON, node: str, pod: JSON) -> JSON:
    """The claim after the scheduler has written its status: the first devices of the node."""
    results = [
        {"request": name, "driver": driver, "pool": node, "device": device}
        for name, driver, device in (("gpu", "gpu.nvidia.com", "gpu-0"), ("nic", "dra.net", "net0"))
    ]
    this_node = [{"key": "metadata.name", "operator": "In", "values": [node]}]
    return {
        **claim,
        "metadata": {**claim["metadata"], "resourceVersion": "101"},
        "status": {
            "allocation": {
                "devices": {"results": results},
                "nodeSelector": {"nodeSelectorTerms": [{"matchFields": this_node}]},
            },
            "reservedFor": [{"resource": "pods", "name": pod["name"], "uid": pod["uid"]}],
        },
    }


@asynccontextmanager
async def extender(
    kubeconfig: str, *argv: str, module: str = "extender"
) -> AsyncIterator[tuple[asyncio.subprocess.Process, aiohttp.ClientSession]]:
    """The process that serves; yields it with a client of it. ``module`` is what Python runs."""
    command = [sys.executable, "-m", module, "serve", "--kubeconfig", kubeconfig]
    process = await asyncio.create_subprocess_exec(
        *command,
        *argv,
        "--listen",
        "127.0.0.1:0",
        "--drain-seconds",
        "0",
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        announced = (await asyncio.wait_for(process.stdout.readline(), 60)).decode()
        match = re.search(r" on (http://127\.0\.0\.1:\d+)$", announced)
        assert match is not None, announced
        async with aiohttp.ClientSession(match[1]) as client:
            yield process, client
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
