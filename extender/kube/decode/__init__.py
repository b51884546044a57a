"""
Kubernetes JSON to ``extender.model`` values, one function per kind.

Each function takes one object as JSON bytes and an :class:`Interner`, reads
only the fields that matter here, fills in what the API server would default,
and raises nothing but :class:`DecodeError`. ``null`` and absent are one, as in
Go. Shapes of v1, v1beta2 and v1beta1 are told apart by the body, not by
``apiVersion``: published objects mix the two.

Rules that the API server's validation enforces (a driver's name, exactly one
way to name nodes, unique device names) are not checked again: such an object
decodes as it is written, and the allocator treats it as upstream's would.
"""

from .allocations import allocation
from .claims import claim_template, resource_claim
from .classes import device_class
from .errors import DecodeError
from .interner import Interner
from .namespaces import namespace
from .nodes import node
from .pods import pod
from .slices import resource_slice
from .taint_rules import device_taint_rule

__all__ = [
    "DecodeError",
    "Interner",
    "allocation",
    "claim_template",
    "device_class",
    "device_taint_rule",
    "namespace",
    "node",
    "pod",
    "resource_claim",
    "resource_slice",
]
