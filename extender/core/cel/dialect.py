"""
What differs between Kubernetes minors in the CEL of device selectors.
"""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Dialect:
    """
    The switches; the defaults are kube-scheduler 1.36 with default feature gates.

    ``list_attributes``: list attributes are visible (else a device with one fails every selector).
    ``includes``: the function exists; ``includes_limit`` is the longest list it takes, ``None`` for any.
    ``iterate_attribute_value``: an attribute's value may be the range of a macro.
    ``dyn_result``: the expression's type may be ``dyn``.

    Source: k8s.io/dynamic-resource-allocation cel/compile.go, v0.34 to v0.37.
    """

    list_attributes: bool = False
    includes: bool = True
    iterate_attribute_value: bool = False
    dyn_result: bool = False
    includes_limit: int | None = 48
    sums_in_place: bool = True
    cel_go_029: bool = False


V1_36 = Dialect()
V1_35 = V1_34 = replace(V1_36, includes=False)
V1_36_LIST_ATTRIBUTES = replace(V1_36, list_attributes=True, iterate_attribute_value=True, dyn_result=True)
V1_37 = replace(V1_36_LIST_ATTRIBUTES, includes_limit=None, sums_in_place=False, cel_go_029=True)
