"""
Where the API server has each kind, and how its objects are decoded: one row each.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import msgspec

from extender.model.kinds import (
    DEVICE_CLASS,
    DEVICE_TAINT_RULE,
    KINDS,
    NAMESPACE,
    NODE,
    POD,
    RESOURCE_CLAIM,
    RESOURCE_CLAIM_TEMPLATE,
    RESOURCE_SLICE,
    Key,
    Kind,
    TypedKind,
)

from .claims import claim_template, resource_claim
from .classes import device_class
from .interner import Interner
from .namespaces import namespace
from .nodes import node
from .pods import pod
from .slices import resource_slice
from .taint_rules import device_taint_rule

K = TypeVar("K", bound=Key)
V = TypeVar("V")

Data = bytes | msgspec.Raw


@dataclass(frozen=True, slots=True)
class Resource:
    """
    ``read`` decodes one object to its key and value, of the types of ``kind``; it raises ``DecodeError``.
    ``versions`` are those that we read, the newest first. ``optional``: a cluster is complete without it.
    """

    kind: Kind
    read: Callable[[Data, Interner], tuple[Key, object]]
    versions: tuple[str, ...] = ("v1",)
    optional: bool = False

    @property
    def paths(self) -> tuple[str, ...]:
        """The path of all objects in each version (``/apis/resource.k8s.io/v1/resourceslices``)."""
        group = f"/apis/{self.kind.group}" if self.kind.group else "/api"
        return tuple(f"{group}/{version}/{self.kind.plural}" for version in self.versions)


def _resource(
    kind: TypedKind[K, V],
    decode: Callable[[Data, Interner], V],
    versions: tuple[str, ...] = ("v1",),
    *,
    optional: bool = False,
) -> Resource:
    """Return a row whose decoder makes values of the kind."""

    def read(data: Data, interner: Interner) -> tuple[Key, object]:
        value = decode(data, interner)
        return kind.key(value), value

    return Resource(kind, read, versions, optional)


RESOURCES = (
    _resource(NAMESPACE, namespace),
    _resource(NODE, node),
    _resource(DEVICE_CLASS, device_class),
    _resource(RESOURCE_SLICE, resource_slice),
    _resource(RESOURCE_CLAIM, resource_claim),
    _resource(POD, pod),
    _resource(DEVICE_TAINT_RULE, device_taint_rule, ("v1", "v1beta2", "v1alpha3"), optional=True),
    _resource(RESOURCE_CLAIM_TEMPLATE, claim_template),
)

BY_KIND = {resource.kind.name: resource for resource in RESOURCES}

FOLLOWED = tuple(resource for resource in RESOURCES if resource.kind in KINDS)
"""What a snapshot is made of."""
