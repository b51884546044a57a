"""
Whether the devices of a prediction are too far apart for a pod that requires alignment.
"""

from __future__ import annotations

from dataclasses import dataclass

from extender.model import DeviceID

from ..alignment.pairs import Alignment, Pair
from ..reasons import Certainty, Outcome
from ..topology.locations import Distance
from .verdict import NodeVerdict

# Devices of one NUMA node or nearer count as aligned; unknown is no ground to reject.
_TOO_FAR = (Distance.REMOTE, Distance.SOCKET)


@dataclass(frozen=True, slots=True)
class Shortfall:
    """Two devices that would be allocated although they share no NUMA node."""

    a: DeviceID
    b: DeviceID
    distance: Distance


def farthest_pair(outcome: Outcome, certainty: Certainty, alignment: Alignment | None) -> Pair | None:
    """The farthest pair that shares no NUMA node, if it is certain that there is one."""
    if outcome is not Outcome.ALLOCATED or certainty is not Certainty.EXACT:
        return None
    pairs = () if alignment is None else alignment.pairs
    for distance in _TOO_FAR:
        for pair in pairs:
            if pair.distance is distance:
                return pair
    return None


def shortfall_of(verdict: NodeVerdict) -> Shortfall | None:
    """The farthest pair of a node by the names of its devices."""
    pair = farthest_pair(verdict.outcome, verdict.certainty, verdict.alignment)
    if pair is None:
        return None
    devices = verdict.devices
    return Shortfall(devices[pair.a].result.id, devices[pair.b].result.id, pair.distance)
