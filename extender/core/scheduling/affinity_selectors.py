"""
Selectors in the affinity of pods on nodes that the scheduler cannot parse.

Source: k8s.io/kubernetes pkg/scheduler/framework/types.go PodInfo.Update, v1.34 to v1.38.0-beta.0.
"""

from __future__ import annotations

from dataclasses import replace

from extender.model.scheduling import AffinityTerm, PodAffinity

from .labels import valid_selector


def parsed_affinity(affinity: PodAffinity) -> PodAffinity:
    """
    The affinity as it counts for a pod on a node.

    Of a list with a term that cannot be parsed no term counts; upstream ignores the error.
    """
    if all(_valid(terms) for terms in _lists(affinity)):
        return affinity
    required, preferred, required_anti, preferred_anti = (
        terms if _valid(terms) else () for terms in _lists(affinity)
    )
    return replace(
        affinity,
        required=required,
        preferred=preferred,
        required_anti=required_anti,
        preferred_anti=preferred_anti,
    )


def _lists(affinity: PodAffinity) -> tuple[tuple[AffinityTerm, ...], ...]:
    return affinity.required, affinity.preferred, affinity.required_anti, affinity.preferred_anti


def _valid(terms: tuple[AffinityTerm, ...]) -> bool:
    return all(valid_selector(each.selector) and valid_selector(each.namespace_selector) for each in terms)
