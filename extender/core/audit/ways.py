"""
How a pod may ask for its devices: as written, or with claims that ask for near ones.

A claim is rewritten to prefer devices on one PCIe root, or gets a ``matchAttribute`` constraint over all
of its requests. What the scheduler makes of that on a node is the business of the prediction.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from extender.model import Claim, ClaimSpec, Constraint

from ..cluster.snapshot import Snapshot
from ..soft_alignment.rewrite import Rewrite, rewritten
from ..soft_alignment.soften import soften
from ..topology.vocabulary import NUMA_NODE, PCIE_ROOT
from .running_pods import RunningPod

_ATTRIBUTES = (PCIE_ROOT, NUMA_NODE)


class Way(NamedTuple):
    """
    ``claims``: those of the pod, in its order, to be allocated; those named in ``rewritten`` have another
    spec than now, with a constraint on ``attribute``, or to prefer near devices where that is empty.
    """

    claims: tuple[Claim, ...]
    rewritten: tuple[str, ...] = ()
    attribute: str = ""


class Ways:
    """The ways for the pods of one cluster; each spec is rewritten once."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._softened: dict[ClaimSpec, ClaimSpec] = {}

    def of(self, running: RunningPod) -> Iterator[Way]:
        """As written first, then what changes less before what changes more."""
        written = tuple(replace(claim, allocation=None) for claim in running.claims)
        yield Way(written)
        soft = tuple(replace(claim, spec=self._soft(claim.spec)) for claim in written)
        if names := _changed(written, soft):
            yield Way(soft, names)
        for attribute in _ATTRIBUTES:
            hard = tuple(replace(claim, spec=_constrained(claim.spec, attribute)) for claim in written)
            if names := _changed(written, hard):
                yield Way(hard, names, attribute)

    def _soft(self, spec: ClaimSpec) -> ClaimSpec:
        found = self._softened.get(spec)
        if found is None:
            rewrite = soften(spec, self._snapshot)
            found = rewritten(spec, rewrite) if isinstance(rewrite, Rewrite) else spec
            self._softened[spec] = found
        return found


def _changed(before: tuple[Claim, ...], after: tuple[Claim, ...]) -> tuple[str, ...]:
    return tuple(new.name for old, new in zip(before, after, strict=True) if new.spec != old.spec)


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
