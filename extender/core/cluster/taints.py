"""
Device taints and the tolerations of a request.

Source: k8s.io/dynamic-resource-allocation resourceclaim/devicetoleration.go
ToleratesTaint and allocator_*.go taintPreventsAllocation, v0.35 to v0.37, allTaintsTolerated, v0.34.
"""

from __future__ import annotations

from collections.abc import Iterable

from extender.model import Taint, Toleration

_BLOCKING = ("NoSchedule", "NoExecute")


def taints_block(
    taints: Iterable[Taint], tolerations: Iterable[Toleration], *, any_effect: bool = False
) -> bool:
    """Whether a taint keeps the request off the device; unknown effects do only with ``any_effect``."""
    return any(
        (any_effect or taint.effect in _BLOCKING)
        and not any(tolerates(toleration, taint) for toleration in tolerations)
        for taint in taints
    )


def tolerates(toleration: Toleration, taint: Taint) -> bool:
    """An empty effect or key tolerates all; an unknown operator tolerates nothing."""
    if toleration.effect and toleration.effect != taint.effect:
        return False
    if toleration.key and toleration.key != taint.key:
        return False
    match toleration.operator:
        case "" | "Equal":
            return toleration.value == taint.value
        case "Exists":
            return True
        case _:
            return False
