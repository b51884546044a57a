"""
The kinds of Kubernetes objects that predictions depend on: one row each.

A new kind needs its value in this package, its row here and an entry in ``KINDS``, a decoder with its row
in ``extender.kube.decode.resources``, and whatever reads its objects. Lists, watches, dumps and snapshots
carry the objects of every kind in ``KINDS``. Recordings carry those of kinds without a namespace, and
claims; those of another kind with a namespace are left out until ``kube.recording.state`` has a place
for them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from .claims import Claim, ClaimTemplate, DeviceClass
from .namespaces import Namespace
from .nodes import Node
from .pods import Pod
from .slices import ResourceSlice
from .taint_rules import DeviceTaintRule

Key = str | tuple[str, str]
"""An object's name, or its namespace and name for kinds that have namespaces."""

K = TypeVar("K", bound=Key)
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Kind:
    """
    What the API server calls a kind.

    ``name`` is the ``kind`` of a manifest, ``group`` the API group (empty for the core group), ``plural``
    the last part of its path.
    """

    name: str
    group: str
    plural: str
    namespaced: bool

    @property
    def resource(self) -> str:
        """The resource with its group, as RBAC and kubectl name it (``resourceslices.resource.k8s.io``)."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    def key_of(self, namespace: str, name: str) -> Key:
        """Return the key of the object with this namespace (ignored where the kind has none) and name."""
        return (namespace, name) if self.namespaced else name


@dataclass(frozen=True, slots=True)
class TypedKind(Kind, Generic[K, V]):
    """A kind whose objects are values of type ``V``; ``key`` returns the key of one."""

    key: Callable[[V], K]


class _Named(Protocol):
    @property
    def name(self) -> str: ...


class _Namespaced(_Named, Protocol):
    @property
    def namespace(self) -> str: ...


def _name(value: _Named) -> str:
    return value.name


def _namespace_and_name(value: _Namespaced) -> tuple[str, str]:
    return value.namespace, value.name


_CORE, _RESOURCE = "", "resource.k8s.io"

NAMESPACE: TypedKind[str, Namespace] = TypedKind(
    "Namespace", _CORE, "namespaces", namespaced=False, key=_name
)
NODE: TypedKind[str, Node] = TypedKind("Node", _CORE, "nodes", namespaced=False, key=_name)
POD: TypedKind[tuple[str, str], Pod] = TypedKind(
    "Pod", _CORE, "pods", namespaced=True, key=_namespace_and_name
)
DEVICE_CLASS: TypedKind[str, DeviceClass] = TypedKind(
    "DeviceClass", _RESOURCE, "deviceclasses", namespaced=False, key=_name
)
RESOURCE_CLAIM: TypedKind[tuple[str, str], Claim] = TypedKind(
    "ResourceClaim", _RESOURCE, "resourceclaims", namespaced=True, key=_namespace_and_name
)
RESOURCE_SLICE: TypedKind[str, ResourceSlice] = TypedKind(
    "ResourceSlice", _RESOURCE, "resourceslices", namespaced=False, key=_name
)
DEVICE_TAINT_RULE: TypedKind[str, DeviceTaintRule] = TypedKind(
    "DeviceTaintRule", _RESOURCE, "devicetaintrules", namespaced=False, key=_name
)
RESOURCE_CLAIM_TEMPLATE: TypedKind[tuple[str, str], ClaimTemplate] = TypedKind(
    "ResourceClaimTemplate", _RESOURCE, "resourceclaimtemplates", namespaced=True, key=_namespace_and_name
)

KINDS: tuple[Kind, ...] = (
    NAMESPACE,
    NODE,
    POD,
    DEVICE_CLASS,
    RESOURCE_CLAIM,
    RESOURCE_SLICE,
    DEVICE_TAINT_RULE,
)
"""
All that a snapshot is made of; Namespaces for the policy of their pods. ResourceClaimTemplates are not among
them: kube-scheduler waits for the claims made from them.
"""
