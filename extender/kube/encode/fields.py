"""The JSON that several kinds have in common: selectors, tolerations, quantities, configuration."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from extender.model import NodeRequirement, NodeSelector, OpaqueConfig, Taint, Toleration
from extender.model.quantity import Quantity

JSON = dict[str, object]

RESOURCE = "resource.k8s.io/v1"
SCHEDULING = "scheduling.k8s.io/v1beta1"


def filled(fields: Mapping[str, object]) -> JSON:
    """Return the fields that are not empty: not ``None``, false, zero, nor without content."""
    return {name: value for name, value in fields.items() if value}


def quantities(amounts: Iterable[tuple[str, Quantity]]) -> JSON:
    """Return pairs of name and amount as a map of texts."""
    return {name: str(amount) for name, amount in amounts}


def opaque(config: OpaqueConfig) -> msgspec.Raw:
    """Return a driver's configuration as it is."""
    return msgspec.Raw(config.json.encode())


def cel_selectors(selectors: Iterable[str | None]) -> list[JSON]:
    """Return CEL texts as selectors; an unknown kind is an empty one."""
    return [{} if text is None else {"cel": {"expression": text}} for text in selectors]


def tolerations(entries: Iterable[Toleration]) -> list[JSON]:
    return [
        filled(
            {
                "key": toleration.key,
                "operator": toleration.operator,
                "value": toleration.value,
                "effect": toleration.effect,
            }
        )
        for toleration in entries
    ]


def taint(taint: Taint) -> JSON:
    return filled({"key": taint.key, "value": taint.value, "effect": taint.effect})


def node_selector(selector: NodeSelector | None) -> JSON | None:
    if selector is None:
        return None
    terms = [
        filled(
            {"matchExpressions": _requirements(term.expressions), "matchFields": _requirements(term.fields)}
        )
        for term in selector.terms
    ]
    return {"nodeSelectorTerms": terms}


def _requirements(requirements: Iterable[NodeRequirement]) -> list[JSON]:
    return [
        {"key": requirement.key, "operator": requirement.operator, "values": list(requirement.values)}
        for requirement in requirements
    ]
