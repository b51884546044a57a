"""Label selectors, as API objects carry them."""

from __future__ import annotations

from extender.model.scheduling import LabelRequirement, LabelSelector, SelectorOperator

from .fields import RequirementJSON, Wire


class LabelSelectorJSON(Wire):
    match_labels: dict[str, str] | None = None
    match_expressions: list[RequirementJSON] | None = None


def label_selector(selector: LabelSelectorJSON | None) -> LabelSelector | None:
    """Return all requirements, those of ``matchLabels`` first and sorted by key."""
    if selector is None:
        return None
    given = selector.match_labels or {}
    labels = (LabelRequirement(key, SelectorOperator.IN, (given[key],)) for key in sorted(given))
    expressions = (
        LabelRequirement(entry.key or "", entry.operator or "", tuple(entry.values or ()))
        for entry in selector.match_expressions or ()
    )
    return LabelSelector((*labels, *expressions))
