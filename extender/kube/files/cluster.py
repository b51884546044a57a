"""A cluster as it stood: the decoded objects of a dump or of one reading of the API."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import msgspec

from extender.core.cluster.objects import Objects
from extender.model import Claim, ClaimTemplate, DeviceClass, Node, Pod, ResourceSlice
from extender.model.kinds import (
    DEVICE_CLASS,
    NODE,
    POD,
    RESOURCE_CLAIM,
    RESOURCE_CLAIM_TEMPLATE,
    RESOURCE_SLICE,
    Key,
    Kind,
)

from ..decode import DecodeError, Interner
from ..decode.errors import UNREADABLE, located
from ..decode.object_head import object_head
from ..decode.readings import Reading
from ..decode.resources import BY_KIND, Resource
from .strict import Check

Step = Callable[[str], None]


def no_step(_kind: str) -> None:
    """Nobody wants to know how far the reading is."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """
    Decoded objects, each once, in the order of their first appearance.

    ``kubernetes`` is the server's version (``1.36.2``), empty where unknown.
    ``replaced`` names the objects that were given more than once (the last one
    counts) as ``Kind namespace/name``; ``ignored`` counts, by kind, the objects
    that are not read. ``left_out``: the objects of a live cluster that cannot be read, each with what is
    wrong with it. ``server``: the address of the API server of a live cluster, else empty.
    """

    objects: Objects = field(default_factory=Objects)
    kubernetes: str = ""
    replaced: tuple[str, ...] = ()
    ignored: tuple[tuple[str, int], ...] = ()
    left_out: tuple[DecodeError, ...] = ()
    server: str = ""

    @property
    def nodes(self) -> tuple[Node, ...]:
        return tuple(self.objects[NODE].values())

    @property
    def slices(self) -> tuple[ResourceSlice, ...]:
        return tuple(self.objects[RESOURCE_SLICE].values())

    @property
    def classes(self) -> tuple[DeviceClass, ...]:
        return tuple(self.objects[DEVICE_CLASS].values())

    @property
    def claims(self) -> tuple[Claim, ...]:
        return tuple(self.objects[RESOURCE_CLAIM].values())

    @property
    def templates(self) -> tuple[ClaimTemplate, ...]:
        return tuple(self.objects[RESOURCE_CLAIM_TEMPLATE].values())

    @property
    def pods(self) -> tuple[Pod, ...]:
        return tuple(self.objects[POD].values())


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

    def __init__(
        self,
        interner: Interner | None = None,
        kubernetes: str = "",
        check: Check | None = None,
        readings: Sequence[Reading] = (),
        step: Step = no_step,
    ) -> None:
        """
        ``check`` looks at each object that is read, beyond its types. ``readings``: how objects are read
        once more; one that cannot be is there without its second value. ``step`` is called with the kind of
        each object that was read.
        """
        self.kubernetes = kubernetes
        self._check = check
        self._readings = readings
        self._again = {
            each.of.name: [reading for reading in readings if reading.of == each.of] for each in readings
        }
        self._step = step
        self._interner = interner or Interner()
        self._tables: dict[str, dict[Key, object]] = {}
        self._replaced: list[str] = []
        self._ignored: Counter[str] = Counter()
        self._left_out: list[DecodeError] = []

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
        resource = BY_KIND.get(kind)
        # Other groups have kinds of the same names.
        if resource is None or (api_version and api_version.rpartition("/")[0] != resource.kind.group):
            self._ignored[kind] += 1
        else:
            self.add_all(resource, (data,))
            if self._check is not None:
                self._check(kind, api_version, data)

    def add_all(self, resource: Resource, items: Iterable[bytes | msgspec.Raw]) -> None:
        """Add objects of one kind. Raises ``DecodeError``."""
        for data in items:
            self._put(resource.kind, *resource.read(data, self._interner))
            self._read_again(resource.kind, data)

    def add_readable(self, resource: Resource, items: Iterable[bytes | msgspec.Raw]) -> None:
        """Add objects of one kind; those that cannot be read are left out, but for the devices they hold."""
        for data in items:
            try:
                key, value = resource.read(data, self._interner)
            except DecodeError as error:
                self._left_out.append(error)
                if error.remains is None:
                    continue
                head = object_head(data)
                key, value = resource.kind.key_of(head.namespace, head.name), error.remains
            self._put(resource.kind, key, value)
            self._read_again(resource.kind, data)

    def start_again(self, resource: Resource) -> None:
        """Forget the objects of one kind, whose list starts again."""
        for name in (
            resource.kind.name,
            *(reading.kind.name for reading in self._readings if reading.of == resource.kind),
        ):
            self._tables.pop(name, None)
        self._left_out = [error for error in self._left_out if error.kind != resource.kind.name]

    def _read_again(self, kind: Kind, data: bytes | msgspec.Raw) -> None:
        for reading in self._again.get(kind.name, ()):
            with suppress(DecodeError):
                key, value = reading.read(data, self._interner)
                if value is not None:
                    self._tables.setdefault(reading.kind.name, {})[key] = value

    def _put(self, kind: Kind, key: Key, value: object) -> None:
        table = self._tables.setdefault(kind.name, {})
        if key in table:
            self._replaced.append(f"{kind.name} {'/'.join(key) if isinstance(key, tuple) else key}")
        table[key] = value
        self._step(kind.name)

    def build(self) -> Cluster:
        return Cluster(
            Objects(self._tables),
            self.kubernetes,
            tuple(self._replaced),
            tuple(sorted(self._ignored.items())),
            tuple(self._left_out),
        )
