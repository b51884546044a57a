"""The kinds that are watched: where the API server has them, and how they are decoded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from .. import decode
from ..api.errors import Rule
from ..decode import Interner
from ..files.cluster import GROUPS

Decode = Callable[[bytes | msgspec.Raw, Interner], object]


@dataclass(frozen=True, slots=True)
class Resource:
    """
    ``group_version_paths`` are the prefixes of all versions that we read, the newest first
    (``/apis/resource.k8s.io/v1``). ``optional``: a cluster is complete without it.
    """

    kind: str
    group_version_paths: tuple[str, ...]
    plural: str
    decode: Decode
    namespaced: bool = False
    optional: bool = False

    def rule(self, verb: str) -> Rule:
        """Return what RBAC must allow for ``verb`` on all objects of the kind."""
        return Rule(verb, f"{self.plural}.{GROUPS[self.kind]}".rstrip("."))


_CORE = ("/api/v1",)
_RESOURCE = ("/apis/resource.k8s.io/v1",)
_TAINT_RULES = tuple(f"/apis/resource.k8s.io/{version}" for version in ("v1", "v1beta2", "v1alpha3"))

RESOURCES = (
    Resource("Namespace", _CORE, "namespaces", decode.namespace),
    Resource("Node", _CORE, "nodes", decode.node),
    Resource("DeviceClass", _RESOURCE, "deviceclasses", decode.device_class),
    Resource("ResourceSlice", _RESOURCE, "resourceslices", decode.resource_slice),
    Resource("ResourceClaim", _RESOURCE, "resourceclaims", decode.resource_claim, namespaced=True),
    Resource("Pod", _CORE, "pods", decode.pod, namespaced=True),
    Resource("DeviceTaintRule", _TAINT_RULES, "devicetaintrules", decode.device_taint_rule, optional=True),
)
"""
What answers depend on; Namespaces for the policy of their pods. ResourceClaimTemplates are not
among them: kube-scheduler waits for the claims made from them.
"""
