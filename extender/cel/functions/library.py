"""
All functions of a dialect.

Source: k8s.io/apiserver pkg/cel/environment/base.go, v0.36: the stored-expressions
environment, which has everything regardless of feature gates.
"""

from __future__ import annotations

from functools import lru_cache

from ..checking.declarations import Declarations
from ..dialect import Dialect
from . import (
    authorization,
    conversions,
    formats,
    kubernetes,
    lists,
    networks,
    optional,
    sets,
    standard,
    strings,
    times,
)


@lru_cache(maxsize=16)
def declarations(dialect: Dialect) -> Declarations:
    """Return the functions of a dialect by name."""
    modern = dialect.cel_go_029
    functions = [
        *standard.FUNCTIONS,
        *standard.comparisons(orders_nan=dialect.cel_go_033),
        *standard.string_tests(cel_go_029=modern),
        *conversions.FUNCTIONS,
        *times.time_functions(number_to_duration=not modern),
        *strings.FUNCTIONS,
        *lists.list_functions(cel_go_029=modern, cel_go_033=dialect.cel_go_033),
        *sets.FUNCTIONS,
        *optional.FUNCTIONS,
        *kubernetes.FUNCTIONS,
        *kubernetes.quantity_parsers(wide=dialect.wide_quantities),
        *kubernetes.quantity_sums(in_place=dialect.sums_in_place, wide=dialect.wide_quantities),
        *networks.FUNCTIONS,
        *formats.FUNCTIONS,
        *authorization.FUNCTIONS,
    ]
    if dialect.tells_masks:
        functions.append(networks.IS_MASK)
    if dialect.includes:
        functions.append(kubernetes.includes(dialect.includes_limit))
    return {function.name: function for function in functions}
