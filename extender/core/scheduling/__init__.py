"""
What kube-scheduler's default profile would accept, and how it would score it.

One file per plugin, named as upstream; ``feasible`` and ``scores`` put them together.
``docs/scheduling.md`` says what is modelled, what is not, and how that is proved.
"""

from .accepted import Accepted, NotTold, NotToldCode, Unchecked, render_unchecked
from .accepting_nodes import AcceptingNodes
from .filtering import Feasibility, feasible
from .node_info import NodeInfo, Nodes, PlacedPod, node_info, nodes_of, placed_pod
from .profile import DEFAULT_PROFILE, Profile
from .reasons import (
    SCORES_ONLY,
    FilterCode,
    FilterReason,
    NotModelled,
    NotModelledCode,
    render_filter,
    render_not_modelled,
)
from .rules import RULES, SchedulingRules, rules_of
from .sampling import feasible_nodes_to_find
from .scoring import Scores, scores
from .spread_constraints import default_selector

__all__ = [
    "Accepted",
    "AcceptingNodes",
    "DEFAULT_PROFILE",
    "Feasibility",
    "FilterCode",
    "FilterReason",
    "NodeInfo",
    "Nodes",
    "NotModelled",
    "NotModelledCode",
    "NotTold",
    "NotToldCode",
    "PlacedPod",
    "Profile",
    "RULES",
    "SCORES_ONLY",
    "SchedulingRules",
    "Scores",
    "Unchecked",
    "default_selector",
    "feasible",
    "feasible_nodes_to_find",
    "node_info",
    "nodes_of",
    "placed_pod",
    "render_filter",
    "render_not_modelled",
    "render_unchecked",
    "rules_of",
    "scores",
]
