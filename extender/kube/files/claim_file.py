"""
Manifests that people write: claims, their templates, and pods that use them.

Read like a dump of a cluster, but claims are read as the API server would read them (see
``strict``), and are kept as they are written too; and the pods that a Deployment, a Job or
the like makes count as pods.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import BufferedReader
from typing import cast

import msgspec

from ..decode import DecodeError
from ..decode.fields import NAMESPACE_DEFAULT
from ..decode.readings import Reading
from .cluster import Cluster, ClusterBuilder
from .cluster_file import ClusterFileError, documents
from .strict import CLAIM_KINDS, check_written

ManifestKey = tuple[str, str, str]
"""Kind, namespace and name."""

_WANTED = "expected a ResourceClaim, a ResourceClaimTemplate, or a Pod with what its claims refer to"
# Where workloads keep their pods' templates, below spec.
_TEMPLATES = (("template",), ("jobTemplate", "spec", "template"))


@dataclass(frozen=True, slots=True)
class ClaimFile:
    """``manifests``: the claims and templates as JSON, by kind, namespace and name."""

    path: str
    cluster: Cluster
    manifests: Mapping[ManifestKey, Mapping[str, object]]


def read_claims(
    path: str, stdin: BufferedReader | None = None, readings: Sequence[Reading] = ()
) -> ClaimFile:
    """
    Read one file of manifests, ``-`` for ``stdin``. ``readings``: see ``ClusterBuilder``.

    Raises ``ClusterFileError``.
    """
    builder = ClusterBuilder(check=check_written, readings=readings)
    manifests: dict[ManifestKey, Mapping[str, object]] = {}
    for document in documents(path, stdin):
        try:
            for item in _items(msgspec.json.decode(document)):
                builder.add(msgspec.json.encode(item))
                pod = _workload_pod(item)
                if pod is not None:
                    builder.add(msgspec.json.encode(pod))
                if item.get("kind") in CLAIM_KINDS:
                    manifests[_key(item)] = item
        except DecodeError as error:
            raise ClusterFileError(f"{path}: {error}") from None
    cluster = builder.build()
    if not (cluster.claims or cluster.templates or cluster.pods):
        raise ClusterFileError(f"{path}: holds no claim; {_WANTED}")
    return ClaimFile(path, cluster, manifests)


def manifests_of(
    paths: Sequence[str], wanted: Collection[ManifestKey]
) -> dict[ManifestKey, Mapping[str, object]]:
    """The ``wanted`` claims and templates of a dump that was read before. Raises ``ClusterFileError``."""
    manifests: dict[ManifestKey, Mapping[str, object]] = {}
    for path in paths:
        for document in documents(path):
            for item in _items(msgspec.json.decode(document)):
                if item.get("kind") in CLAIM_KINDS and _key(item) in wanted:
                    manifests[_key(item)] = item
    return manifests


def _key(item: Mapping[str, object]) -> ManifestKey:
    """Of a claim or template that was decoded without complaint."""
    metadata = cast("Mapping[str, object]", item["metadata"])
    name = metadata.get("name") or metadata.get("generateName")
    return str(item["kind"]), str(metadata.get("namespace") or NAMESPACE_DEFAULT), str(name)


def _items(document: object) -> Iterator[Mapping[str, object]]:
    if not isinstance(document, Mapping):
        raise DecodeError("document", "", "", "no object of Kubernetes")
    items = document.get("items")
    if str(document.get("kind") or "").endswith("List") and isinstance(items, list):
        for item in items:
            yield from _items(item)
    else:
        yield document


def _workload_pod(item: Mapping[str, object]) -> Mapping[str, object] | None:
    """The pod that a workload makes, under the workload's name; ``None`` for anything else."""
    spec = item.get("spec")
    for path in _TEMPLATES:
        template: object = spec
        for step in path:
            template = template.get(step) if isinstance(template, Mapping) else None
        inner = template.get("spec") if isinstance(template, Mapping) else None
        if isinstance(inner, Mapping) and "containers" in inner:
            return {"apiVersion": "v1", "kind": "Pod", "metadata": item.get("metadata"), "spec": inner}
    return None
