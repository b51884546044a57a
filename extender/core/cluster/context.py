"""
What makes the state of a node, apart from the node.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from extender.model import PoolID

from ..releases.release import Release
from ..topology.machine_facts import NO_FACTS, MachineFacts
from ..topology.vocabulary import Vocabulary
from .signature import Lineage
from .slice_index import SliceIndex
from .taint_rules import Rules
from .usage import PoolUsage


@dataclass(frozen=True, slots=True)
class ClusterContext:
    """
    What a snapshot knows of all nodes.

    ``usage``: of the pools that somebody holds devices of. ``lineage`` interns what nodes share.
    ``rules``: those that put taints on devices.
    """

    release: Release
    vocabulary: Vocabulary
    slices: SliceIndex
    usage: Mapping[PoolID, PoolUsage]
    lineage: Lineage
    machines: MachineFacts = NO_FACTS
    rules: Rules = ()
