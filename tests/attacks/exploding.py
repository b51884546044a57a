"""Claims for which the allocator tries all orders of devices: the search explodes."""

from __future__ import annotations

from typing import Any

GPU_CLASS, NIC_CLASS = "gpu", "rdma"
"""Classes of the generated fleets."""


def exploding(count: int, *selectors: str) -> list[dict[str, Any]]:
    """
    Requests for so many GPUs, then for so many NICs: where these are too few, all orders of GPUs are tried.

    ``selectors``: CEL expressions of each of the requests.
    """
    cel = [{"cel": {"expression": expression}} for expression in selectors]
    return [
        {"name": f"{kind}-{each}", "exactly": {"deviceClassName": of, "selectors": cel}}
        for kind, of in (("gpu", GPU_CLASS), ("nic", NIC_CLASS))
        for each in range(count)
    ]
