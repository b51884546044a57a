"""
``extender.model`` values to Kubernetes JSON, v1 of every kind: the reverse of ``extender.kube.decode``.

What is written decodes to a value that predictions cannot tell from the one given. What decoding
passes over is lost, so this is no substitute for the object itself. Functions return JSON as Python
values, empty fields left out.
"""

from .allocations import allocation_json
from .claims import claim_json, class_json
from .nodes import node_json
from .pods import pod_json
from .slices import slice_json, taint_rule_json

__all__ = [
    "allocation_json",
    "claim_json",
    "class_json",
    "node_json",
    "pod_json",
    "slice_json",
    "taint_rule_json",
]
