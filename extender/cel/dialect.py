"""
What differs between Kubernetes minors in the CEL of device selectors.

The scheduler evaluates with the environment for stored expressions, which has everything the binary
knows, whatever the feature gates; only 1.36 lets a gate of its own decide about lists.
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
    ``sums_in_place``: adding to some quantities changes them.
    ``cel_go_029``: cel-go 0.29 instead of 0.26. Fields may be quoted, local variables hide what their
    name qualifies, optionals keep what they hold, ``or`` and ``orValue`` refuse other values,
    ``lists.range`` and the searches of strings check their numbers, ``duration(int)`` is gone, and some
    tests of strings cost otherwise.
    ``cel_go_033``: cel-go 0.33. A call stops at the first operand that fails, and costs nothing then; the
    types of a list and of a map are never equal, which the checker tells.
    ``tells_masks``: ``isMask()`` of CIDRs exists (from 1.38).
    ``wide_quantities``: quantities of 19 digits that fit 64 bits are whole numbers, of others 29 digits
    count, and a sum rounds what is more than 29 digits finer than the other operand (from 1.38).
    ``lazy_attributes``: an attribute that cannot be read fails only the expressions that read it, else
    every selector on its device; keys of the device's maps are made text (from 1.38).

    Source: k8s.io/dynamic-resource-allocation cel/compile.go and k8s.io/apiserver pkg/cel/environment
    and pkg/cel/library, v0.34 to v0.38.0-beta.0; github.com/google/cel-go v0.26 and v0.29, cel.dev/cel-go
    v0.33.
    """

    list_attributes: bool = False
    includes: bool = True
    iterate_attribute_value: bool = False
    dyn_result: bool = False
    includes_limit: int | None = 48
    sums_in_place: bool = True
    cel_go_029: bool = False
    cel_go_033: bool = False
    tells_masks: bool = False
    wide_quantities: bool = False
    lazy_attributes: bool = False


V1_36 = Dialect()
V1_35 = replace(V1_36, includes=False)
V1_34 = V1_35
V1_36_LIST_ATTRIBUTES = replace(V1_36, list_attributes=True, iterate_attribute_value=True, dyn_result=True)
V1_37 = replace(V1_36_LIST_ATTRIBUTES, includes_limit=None, sums_in_place=False, cel_go_029=True)
V1_38 = replace(V1_37, cel_go_033=True, tells_masks=True, wide_quantities=True, lazy_attributes=True)
DIALECTS = {"1.34": V1_34, "1.35": V1_35, "1.36": V1_36, "1.37": V1_37, "1.38": V1_38}
"""By minor, the oldest first, with the gates' defaults."""


def dialect_of(minor: str, *, list_attributes: bool) -> Dialect:
    """
    Return the dialect of a minor (``"1.36"``).

    ``list_attributes``: DRAListTypeAttributes is on, which decides in 1.36. Raises ``KeyError`` for a
    minor that is not known.
    """
    return V1_36_LIST_ATTRIBUTES if minor == "1.36" and list_attributes else DIALECTS[minor]
