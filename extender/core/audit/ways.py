"""
How a pod may ask for its devices: as written, or with claims that ask for near ones.

A claim is rewritten to prefer devices on one PCIe root, or gets a ``matchAttribute`` constraint over all
of its requests. What the scheduler makes of that on a node is the business of the prediction.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from extender.model import ClaimSpec, Constraint

from ..cluster.snapshot import Snapshot
from ..soft_alignment.like_slices import SliceColumns
from ..soft_alignment.rewrite import Rewrite, rewritten
from ..soft_alignment.soften import all_slices, soften
from ..topology.vocabulary import NUMA_NODE, PCIE_ROOT

_ATTRIBUTES = (PCIE_ROOT, NUMA_NODE)


class Way(NamedTuple):
    """
    ``specs``: of the pod's claims, in its order. Those at the positions ``rewritten`` are others than now,
    with a constraint on ``attribute``, or to prefer near devices where that is empty.
    """

    specs: tuple[ClaimSpec, ...]
    rewritten: tuple[int, ...] = ()
    attribute: str = ""


class Ways:
    """The ways for the pods of one cluster; claims of one form are rewritten once."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._slices: SliceColumns | None = None
        self._softened: dict[ClaimSpec, ClaimSpec] = {}
        self._rewritten: dict[tuple[ClaimSpec, ...], tuple[Way, ...]] = {}

    def of(self, written: tuple[ClaimSpec, ...]) -> Iterator[Way]:
        """As written first, then what changes less before what changes more."""
        yield Way(written)
        found = self._rewritten.get(written)
        if found is None:
            found = self._rewritten[written] = tuple(self._ways(written))
        yield from found

    def _ways(self, written: tuple[ClaimSpec, ...]) -> Iterator[Way]:
        soft = tuple(self._soft(spec) for spec in written)
        if changed := _changed(written, soft):
            yield Way(soft, changed)
        for attribute in _ATTRIBUTES:
            hard = tuple(_constrained(spec, attribute) for spec in written)
            if changed := _changed(written, hard):
                yield Way(hard, changed, attribute)

    def _soft(self, spec: ClaimSpec) -> ClaimSpec:
        found = self._softened.get(spec)
        if found is None:
            if self._slices is None:
                self._slices = all_slices(self._snapshot)
            rewrite = soften(spec, self._snapshot, self._slices)
            found = rewritten(spec, rewrite) if isinstance(rewrite, Rewrite) else spec
            self._softened[spec] = found
        return found


def _changed(before: Sequence[ClaimSpec], after: Sequence[ClaimSpec]) -> tuple[int, ...]:
    pairs = enumerate(zip(before, after, strict=True))
    return tuple(position for position, (old, new) in pairs if new != old)


def _constrained(spec: ClaimSpec, attribute: str) -> ClaimSpec:
    """The same with a constraint, where the claim says plainly how many devices it wants, and has none."""
    exact = [request.exactly for request in spec.requests if request.exactly is not None]
    plain = len(exact) == len(spec.requests) and all(
        each.mode == "ExactCount" and each.admin_access is None for each in exact
    )
    if spec.constraints or not plain or sum(each.count for each in exact) < 2:
        return spec
    constraint = Constraint(match_attribute=attribute)
    return replace(spec, fingerprint=f"{spec.fingerprint}/match {attribute}", constraints=(constraint,))
