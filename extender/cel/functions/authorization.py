"""
Functions of the authorizer.

Selectors have no authorizer to call them on, but they are declared, and may be called on ``dyn``.

Source: k8s.io/apiserver pkg/cel/library/authz.go, v0.36.
"""

from __future__ import annotations

from ..checking import call_costs
from ..checking.declarations import Function, function, overload

_AUTHORIZATION = {
    "allowed": ("Decision.() -> bool",),
    "check": ("PathCheck.(string) -> Decision", "ResourceCheck.(string) -> Decision"),
    "error": ("Decision.() -> string",),
    "errored": ("Decision.() -> bool",),
    "fieldSelector": ("ResourceCheck.(string) -> ResourceCheck",),
    "group": ("Authorizer.(string) -> GroupCheck",),
    "labelSelector": ("ResourceCheck.(string) -> ResourceCheck",),
    "name": ("ResourceCheck.(string) -> ResourceCheck",),
    "namespace": ("ResourceCheck.(string) -> ResourceCheck",),
    "path": ("Authorizer.(string) -> PathCheck",),
    "reason": ("Decision.() -> string",),
    "resource": ("GroupCheck.(string) -> ResourceCheck",),
    "serviceAccount": ("Authorizer.(string, string) -> Authorizer",),
    "subresource": ("ResourceCheck.(string) -> ResourceCheck",),
}

_COSTS = {
    "check": call_costs.fixed(350_000),
    "fieldSelector": call_costs.SELECTOR,
    "labelSelector": call_costs.SELECTOR,
}

FUNCTIONS: tuple[Function, ...] = tuple(
    function(name, *map(overload, signatures), cost=_COSTS.get(name))
    for name, signatures in _AUTHORIZATION.items()
)
