"""
What kube-scheduler's plugins do differently from release to release, as data.

Source: k8s.io/kubernetes pkg/scheduler v1.34.4, v1.35.4, v1.36.2, v1.37.2, v1.38.0-beta.0, with the
defaults of pkg/features/kube_features.go; k8s.io/component-helpers resource/helpers.go and
nodedeclaredfeatures/features/registry.go, v0.34 to v0.38.0-beta.0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ..releases.release import Release


@dataclass(frozen=True, slots=True)
class SchedulingRules:
    """
    The rules of one minor with its default feature gates.

    ``node_features``: those that a pod may need a node to declare; none while NodeDeclaredFeatures is off
    (to 1.35). ``pod_level_resize``: a resize of pod-level resources counts (from 1.36).
    ``resize_by_state``: the containers are added up for what is asked, allocated and actual, and the
    greatest sum counts, else the greatest of each container (from 1.37). ``balance_change``:
    NodeResourcesBalancedAllocation rates what the pod changes, else what comes of it (from 1.36).
    ``image_volumes``: they count for ImageLocality (from 1.36); ``image_volumes_raise_limit``: and
    stretch its scale (from 1.37). ``forgets_namespace_selector``: the namespaces that a term of the pod
    selects are looked up, and the selector is put aside; else it is applied to no labels as well (to 1.36).
    ``fit_scores_whole_pod``: NodeResourcesFit scores what the pod as a whole requests, and its status, as
    NodeResourcesBalancedAllocation does (from 1.38). ``spread_counts_all``: a spread constraint whose
    selector has no requirements counts all pods of the namespace, else none (from 1.38, pull request
    141340).
    ``dra_extended_resource``: extended resources that a device class backs are left to DRA (from 1.36).
    ``dra_score``: DynamicResources scores (from 1.35); ``dra_scores_allocated``: also claims that were
    allocated before (from 1.36). ``known``: the minor has been compared with its own plugins.
    """

    minor: str
    known: bool = True
    node_features: frozenset[str] = frozenset()
    pod_level_resize: bool = False
    resize_by_state: bool = False
    balance_change: bool = False
    image_volumes: bool = False
    image_volumes_raise_limit: bool = False
    forgets_namespace_selector: bool = False
    fit_scores_whole_pod: bool = False
    spread_counts_all: bool = False
    dra_extended_resource: bool = False
    dra_score: bool = False
    dra_scores_allocated: bool = False


_RULES_34 = SchedulingRules("1.34")
_RULES_35 = replace(_RULES_34, minor="1.35", dra_score=True)
_RULES_36 = replace(
    _RULES_35,
    minor="1.36",
    node_features=frozenset({"RestartAllContainersOnContainerExits", "UserNamespacesHostNetworkSupport"}),
    pod_level_resize=True,
    balance_change=True,
    image_volumes=True,
    dra_extended_resource=True,
    dra_scores_allocated=True,
)
_RULES_37 = replace(
    _RULES_36,
    minor="1.37",
    node_features=_RULES_36.node_features | {"VolumeBindMountOptions"},
    resize_by_state=True,
    image_volumes_raise_limit=True,
    forgets_namespace_selector=True,
)
_RULES_38 = replace(
    _RULES_37,
    minor="1.38",
    node_features=_RULES_37.node_features | {"PodCertificateMLDSA", "SecurityProfileOCI"},
    fit_scores_whole_pod=True,
    spread_counts_all=True,
)

RULES: Mapping[str, SchedulingRules] = {
    rules.minor: rules for rules in (_RULES_34, _RULES_35, _RULES_36, _RULES_37, _RULES_38)
}
"""The rules by minor, oldest first."""


def rules_of(release: Release) -> SchedulingRules:
    """
    The rules of a release with its features.

    A minor newer than those we know has the rules of the newest one, and is not ``known``.
    """
    rules = RULES.get(release.minor) or replace(_RULES_38, minor=release.minor, known=False)
    return replace(rules, dra_extended_resource=release.features.extended_resource)
