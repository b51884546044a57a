"""
A scheduler profile: which weights and which scoring strategy.

Source: k8s.io/kubernetes pkg/scheduler/apis/config/v1/default_plugins.go, v1.34 to v1.38.0-beta.0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from . import (
    dynamic_resources,
    image_locality,
    inter_pod_affinity,
    node_affinity,
    resource_allocation,
    spread_constraints,
    taint_toleration,
)
from .scoring_strategy import DEFAULT_STRATEGY, ScoringStrategy

DEFAULT_WEIGHTS: Mapping[str, int] = {
    taint_toleration.NAME: 3,
    node_affinity.NAME: 2,
    resource_allocation.FIT: 1,
    spread_constraints.NAME: 2,
    inter_pod_affinity.NAME: 2,
    dynamic_resources.NAME: 2,
    resource_allocation.BALANCED_ALLOCATION: 1,
    image_locality.NAME: 1,
}
"""The weight of each score plugin, in the order in which they run."""


@dataclass(frozen=True, slots=True)
class Profile:
    """``weights`` by plugin; a plugin that has none does not score."""

    weights: Mapping[str, int] = field(default_factory=lambda: DEFAULT_WEIGHTS, hash=False)
    strategy: ScoringStrategy = DEFAULT_STRATEGY


DEFAULT_PROFILE = Profile()
