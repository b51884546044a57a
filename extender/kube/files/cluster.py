"""A cluster as it stood: the decoded objects of a dump or of one reading of the API."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from dataclasses import dataclass
from typing import TypeVar

import msgspec

from extender.model import Claim, DeviceClass, DeviceTaintRule, Namespace, Node, Pod, ResourceSlice

from .. import decode
from ..decode import ClaimTemplate, DecodeError, Interner
from ..decode.errors import UNREADABLE, located

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")

_CORE, _RESOURCE = "", "resource.k8s.io"
GROUPS = {
    "Namespace": _CORE,
    "Node": _CORE,
    "Pod": _CORE,
    "DeviceClass": _RESOURCE,
    "DeviceTaintRule": _RESOURCE,
    "ResourceClaim": _RESOURCE,
    "ResourceClaimTemplate": _RESOURCE,
    "ResourceSlice": _RESOURCE,
}
"""API group by kind of all that a cluster is made of; others have kinds of the same names."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """
    Decoded objects, each once, in the order of their first appearance.

    ``kubernetes`` is the server's version (``1.36.2``), empty where unknown.
    ``replaced`` names the objects that were given more than once (the last one
    counts) as ``Kind namespace/name``; ``ignored`` counts, by kind, the objects
    that are not read.
    """

    nodes: tuple[Node, ...] = ()
    slices: tuple[ResourceSlice, ...] = ()
    classes: tuple[DeviceClass, ...] = ()
    claims: tuple[Claim, ...] = ()
    templates: tuple[ClaimTemplate, ...] = ()
    pods: tuple[Pod, ...] = ()
    taint_rules: tuple[DeviceTaintRule, ...] = ()
    namespaces: tuple[Namespace, ...] = ()
    kubernetes: str = ""
    replaced: tuple[str, ...] = ()
    ignored: tuple[tuple[str, int], ...] = ()


class _Head(msgspec.Struct, gc=False, rename="camel"):
    """What tells one document from another, a list's items still as JSON."""

    api_version: str | None = None
    kind: str | None = None
    items: list[msgspec.Raw] | None = None
    server_version: _Version | None = None
    git_version: str | None = None


class _Version(msgspec.Struct, gc=False, rename="camel"):
    git_version: str | None = None


_HEAD = msgspec.json.Decoder(_Head)


class ClusterBuilder:
    """Collects documents, in any order, and builds a :class:`Cluster` of them."""

    def __init__(self, interner: Interner | None = None, kubernetes: str = "") -> None:
        self.kubernetes = kubernetes
        self._interner = interner or Interner()
        self._nodes: dict[str, Node] = {}
        self._slices: dict[str, ResourceSlice] = {}
        self._classes: dict[str, DeviceClass] = {}
        self._claims: dict[tuple[str, str], Claim] = {}
        self._templates: dict[tuple[str, str], ClaimTemplate] = {}
        self._pods: dict[tuple[str, str], Pod] = {}
        self._taint_rules: dict[str, DeviceTaintRule] = {}
        self._namespaces: dict[str, Namespace] = {}
        self._replaced: list[str] = []
        self._ignored: Counter[str] = Counter()

    def add(self, data: bytes | msgspec.Raw, kind: str = "", api_version: str = "") -> None:
        """
        Add one JSON document: an object, a list of objects, or what ``kubectl version`` prints.

        ``kind`` and ``api_version`` are those of a document that has none, as
        the items of ``ResourceSliceList`` and the like. Raises ``DecodeError``.
        """
        try:
            head = _HEAD.decode(data)
        except UNREADABLE as error:
            problem = located(data, error, _HEAD)
            raise DecodeError(
                "document", "", problem.field, f"no object of Kubernetes: {problem.problem}"
            ) from None
        kind, api_version = head.kind or kind, head.api_version or api_version
        if kind.endswith("List"):
            item_kind = kind.removesuffix("List")
            for item in head.items or ():
                self.add(item, item_kind, api_version if item_kind else "")
        elif kind:
            self.add_object(kind, api_version, data)
        elif version := head.git_version or (head.server_version and head.server_version.git_version):
            self.kubernetes = version.removeprefix("v")
        else:
            raise DecodeError(
                "document", "", "kind", "missing; expected the output of kubectl get -o json or -o yaml"
            )

    def add_object(self, kind: str, api_version: str, data: bytes | msgspec.Raw) -> None:
        """Add one object, or count it as ignored. Raises ``DecodeError``."""
        group = api_version.rpartition("/")[0]
        if kind not in GROUPS or (api_version and group != GROUPS[kind]):
            self._ignored[kind] += 1
            return
        match kind:
            case "Namespace":
                namespace = decode.namespace(data, self._interner)
                self._put(self._namespaces, kind, namespace.name, namespace)
            case "Node":
                node = decode.node(data, self._interner)
                self._put(self._nodes, kind, node.name, node)
            case "Pod":
                pod = decode.pod(data, self._interner)
                self._put(self._pods, kind, (pod.namespace, pod.name), pod)
            case "DeviceClass":
                device_class = decode.device_class(data, self._interner)
                self._put(self._classes, kind, device_class.name, device_class)
            case "DeviceTaintRule":
                rule = decode.device_taint_rule(data, self._interner)
                self._put(self._taint_rules, kind, rule.name, rule)
            case "ResourceClaim":
                claim = decode.resource_claim(data, self._interner)
                self._put(self._claims, kind, claim.key, claim)
            case "ResourceClaimTemplate":
                template = decode.claim_template(data, self._interner)
                self._put(self._templates, kind, (template.namespace, template.name), template)
            case "ResourceSlice":
                resource_slice = decode.resource_slice(data, self._interner)
                self._put(self._slices, kind, resource_slice.name, resource_slice)

    def build(self) -> Cluster:
        return Cluster(
            nodes=tuple(self._nodes.values()),
            slices=tuple(self._slices.values()),
            classes=tuple(self._classes.values()),
            claims=tuple(self._claims.values()),
            templates=tuple(self._templates.values()),
            pods=tuple(self._pods.values()),
            taint_rules=tuple(self._taint_rules.values()),
            namespaces=tuple(self._namespaces.values()),
            kubernetes=self.kubernetes,
            replaced=tuple(self._replaced),
            ignored=tuple(sorted(self._ignored.items())),
        )

    def _put(self, table: dict[K, T], kind: str, key: K, value: T) -> None:
        if key in table:
            name = "/".join(key) if isinstance(key, tuple) else str(key)
            self._replaced.append(f"{kind} {name}")
        table[key] = value
