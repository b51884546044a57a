"""
Label selectors of pods.

Source: k8s.io/apimachinery pkg/apis/meta/v1/helpers.go LabelSelectorAsSelector, v0.36.
"""

from __future__ import annotations

from collections.abc import Mapping

from extender.model.nodes import label_requirement_parses
from extender.model.scheduling import LabelSelector, SelectorOperator

from ..cluster.node_selection import requirement_matches

_OPERATORS = frozenset(SelectorOperator)


def selector_matches(selector: LabelSelector | None, labels: Mapping[str, str]) -> bool:
    """``None`` matches nothing, a selector without requirements everything."""
    return selector is not None and all(
        requirement_matches(requirement, labels) for requirement in selector.requirements
    )


def valid_selector(selector: LabelSelector | None) -> bool:
    """Whether the scheduler can parse it."""
    return selector is None or all(
        requirement.operator in _OPERATORS
        and label_requirement_parses(requirement.key, requirement.operator, requirement.values)
        for requirement in selector.requirements
    )
