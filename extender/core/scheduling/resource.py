"""
Amounts of resources as the scheduler counts them: milli-CPUs, bytes, and whole units.

Source: k8s.io/kubernetes pkg/scheduler/framework/types.go Resource, pkg/scheduler/util/utils.go
IsScalarResourceName and pkg/apis/core/v1/helper/helpers.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from extender.model.names import is_qualified_name

CPU = "cpu"
MEMORY = "memory"
EPHEMERAL_STORAGE = "ephemeral-storage"
PODS = "pods"

LARGEST = (2**63 - 1) // 100
"""Beyond this the scheduler's products with 100 leave 64 bits."""

_MILLI, _WHOLE = 10**6, 10**9


@dataclass(frozen=True, slots=True)
class Resource:
    """``scalars`` are extended resources, huge pages and the like, by name."""

    milli_cpu: int = 0
    memory: int = 0
    ephemeral_storage: int = 0
    pods: int = 0
    scalars: Mapping[str, int] = field(default_factory=dict, hash=False)

    @property
    def too_large(self) -> bool:
        """Whether an amount is beyond upstream's arithmetic."""
        return too_large(
            self.milli_cpu, self.memory, self.ephemeral_storage, self.pods, *self.scalars.values()
        )


ATTRIBUTES = {CPU: "milli_cpu", MEMORY: "memory", EPHEMERAL_STORAGE: "ephemeral_storage"}
"""The attribute of ``Resource`` that holds a resource; the others are in ``scalars``."""

NOTHING = Resource()


def too_large(*amounts: int) -> bool:
    """Whether one of the amounts is beyond upstream's arithmetic."""
    return max(amounts) > LARGEST or min(amounts) < 0


def resource(nanos: Mapping[str, int]) -> Resource:
    """The amounts, each rounded up; names that the scheduler does not count are left out."""
    return Resource(
        milli_cpu=milli(nanos.get(CPU, 0)),
        memory=whole(nanos.get(MEMORY, 0)),
        ephemeral_storage=whole(nanos.get(EPHEMERAL_STORAGE, 0)),
        pods=whole(nanos.get(PODS, 0)),
        scalars={name: whole(amount) for name, amount in nanos.items() if is_scalar(name)},
    )


def counted(name: str, nanos: int) -> int:
    """One amount in the unit that its resource is counted in."""
    return milli(nanos) if name == CPU else whole(nanos)


def milli(nanos: int) -> int:
    """Thousandths, rounded up (``Quantity.MilliValue``)."""
    return -(-nanos // _MILLI)


def whole(nanos: int) -> int:
    """Units, rounded up (``Quantity.Value``)."""
    return -(-nanos // _WHOLE)


def is_scalar(name: str) -> bool:
    """``IsScalarResourceName``."""
    return (
        name.startswith(("hugepages-", "attachable-volumes-"))
        or "kubernetes.io/" in name
        or is_extended(name)
    )


def is_extended(name: str) -> bool:
    """``IsExtendedResourceName``: outside ``kubernetes.io``, and a qualified name also in a quota."""
    if "/" not in name or "kubernetes.io/" in name or name.startswith("requests."):
        return False
    return is_qualified_name(f"requests.{name}")
