"""
All functions of a dialect.

Source: k8s.io/apiserver pkg/cel/environment/base.go, v0.36: the stored-expressions
environment, which has everything regardless of feature gates.
"""

from __future__ import annotations

from functools import lru_cache

from . import (
    conversions,
    functions_authorization,
    functions_formats,
    functions_kubernetes,
    functions_lists,
    functions_networks,
    functions_optional,
    functions_standard,
    functions_strings,
    functions_times,
)
from .declarations import Declarations
from .dialect import Dialect


@lru_cache(maxsize=16)
def declarations(dialect: Dialect) -> Declarations:
    """Return the functions of a dialect by name."""
    modern = dialect.cel_go_029
    functions = [
        *functions_standard.FUNCTIONS,
        *functions_standard.string_tests(cel_go_029=modern),
        *conversions.FUNCTIONS,
        *functions_times.time_functions(number_to_duration=not modern),
        *functions_strings.FUNCTIONS,
        *functions_lists.list_functions(cel_go_029=modern),
        *functions_optional.FUNCTIONS,
        *functions_kubernetes.FUNCTIONS,
        *functions_kubernetes.quantity_sums(in_place=dialect.sums_in_place),
        *functions_networks.FUNCTIONS,
        *functions_formats.FUNCTIONS,
        *functions_authorization.FUNCTIONS,
    ]
    if dialect.includes:
        functions.append(functions_kubernetes.includes(dialect.includes_limit))
    return {function.name: function for function in functions}
