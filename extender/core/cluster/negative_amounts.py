"""
Claims that hold a negative amount of a capacity.

The API server stores none since 1.38; what it stored before stays. Earlier releases reckon with
such an amount, 1.38 gathers no allocated state while there is one.

Source: k8s.io/kubernetes pkg/scheduler/framework/plugins/dynamicresources
allocateddevices.go consumedCapacityError, v1.38.0-beta.0.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from extender.model import Claim

from .differences import Difference

ClaimKey = tuple[str, str]
"""Namespace and name."""


def negative_after(
    negative: frozenset[ClaimKey], changed: Mapping[ClaimKey, Difference[Claim]]
) -> frozenset[ClaimKey]:
    """The claims that hold a negative amount once some changed; the same object if none came or went."""
    now = frozenset(key for key, (_, claim) in changed.items() if holds_negative(claim))
    after = negative - changed.keys() | now
    return negative if after == negative else after


def holds_negative(claim: Claim | None) -> bool:
    """Whether a device of the claim's allocation has a negative amount, admin access or not."""
    if claim is None or claim.allocation is None:
        return False
    return any(
        amount.nanos < 0 for result in claim.allocation.results for _, amount in result.consumed_capacity
    )


def claim_names(keys: Iterable[ClaimKey]) -> tuple[str, ...]:
    """The claims as ``namespace/name``, sorted."""
    return tuple(f"{namespace}/{name}" for namespace, name in sorted(keys))
