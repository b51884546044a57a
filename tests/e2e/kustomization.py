"""
What ``kubectl kustomize`` makes of the kustomizations in ``deploy``.

Only what they use: resources, components, strategic merge patches, JSON patches that add to the end of a
list, namespace, labels and images.
Anything else is an error, so that nothing is silently left out.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from tests.e2e.api import Object

KNOWN = {"apiVersion", "kind", "resources", "components", "patches", "namespace", "labels", "images"}
CLUSTER_SCOPED = {"Namespace", "ClusterRole", "ClusterRoleBinding", "MutatingWebhookConfiguration"}
MERGE_KEYS = {
    "spec.containers": "name",
    "containers.ports": "containerPort",
    "containers.volumeMounts": "mountPath",
    "spec.volumes": "name",
}
"""What tells the items of a list apart; ``patchMergeKey`` of k8s.io/api core/v1 types.go, v0.36."""
REPLACED = {"containers.args"}
"""Lists that a patch replaces as a whole."""


class Unsupported(Exception):
    """A kustomization uses what this does not know."""


def render(folder: Path) -> list[Object]:
    """The objects of a kustomization, namespaces first."""
    return sorted(_render(folder, []), key=lambda document: document["kind"] != "Namespace")


def _render(folder: Path, documents: list[Object]) -> list[Object]:
    """Add a folder's objects to ``documents`` and transform them all: a component sees its includer's."""
    path = folder / "kustomization.yaml"
    kustomization = yaml.safe_load(path.read_text(encoding="utf-8"))
    if unknown := set(kustomization) - KNOWN:
        raise Unsupported(f"{path}: {', '.join(sorted(unknown))}")
    for name in kustomization.get("resources", ()):
        target = folder / name
        documents = [*documents, *(_render(target, []) if target.is_dir() else _read(target))]
    for name in kustomization.get("components", ()):
        documents = _render(folder / name, documents)
    for patch in kustomization.get("patches", ()):
        if "target" in patch:
            documents = _appended(documents, patch)
            continue
        for change in _read(folder / patch["path"]):
            documents = _patched(documents, change)
    if namespace := kustomization.get("namespace"):
        documents = [_in_namespace(document, namespace) for document in documents]
    for label in kustomization.get("labels", ()):
        if set(label) != {"pairs"}:
            raise Unsupported(f"{path}: labels: {', '.join(sorted(label))}")
        documents = [
            _merged(document, {"metadata": {"labels": label["pairs"]}}, "labels") for document in documents
        ]
    images = {
        image["name"]: f"{image['newName']}:{image['newTag']}" for image in kustomization.get("images", ())
    }
    return [_with_images(document, images) for document in documents]


def _read(path: Path) -> list[Object]:
    return list(yaml.safe_load_all(path.read_text(encoding="utf-8")))


def _patched(documents: Iterable[Object], change: Object) -> list[Object]:
    """Patch the one object of the patch's kind and name."""
    found = 0
    result = []
    for document in documents:
        if (document["kind"], document["metadata"]["name"]) == (change["kind"], change["metadata"]["name"]):
            found += 1
            document = _merged(document, change, change["kind"])  # noqa: PLW2901
        result.append(document)
    if found != 1:
        raise Unsupported(f"a patch of {change['kind']} {change['metadata']['name']} meets {found} objects")
    return result


def _appended(documents: Iterable[Object], patch: Object) -> list[Object]:
    """Apply a JSON patch (RFC 6902) that adds to the end of lists of the one object that it targets."""
    result = copy.deepcopy(list(documents))
    target = patch["target"]
    if set(patch) != {"target", "patch"} or set(target) != {"kind", "name"}:
        raise Unsupported(f"a JSON patch with {', '.join(sorted({*patch, *target}))}")
    wanted = (target["kind"], target["name"])
    found = [document for document in result if (document["kind"], document["metadata"]["name"]) == wanted]
    if len(found) != 1:
        raise Unsupported(f"a patch of {wanted[0]} {wanted[1]} meets {len(found)} objects")
    for operation in yaml.safe_load(patch["patch"]):
        *steps, last = operation["path"].removeprefix("/").split("/")
        if (operation["op"], last) != ("add", "-"):
            raise Unsupported(f"the JSON patch {operation['op']} {operation['path']}")
        value: Any = found[0]
        for step in steps:
            value = value[int(step) if isinstance(value, list) else step]
        value.append(operation["value"])
    return result


def _merged(into: Any, change: Any, where: str) -> Any:
    if isinstance(into, dict) and isinstance(change, dict):
        return {
            **into,
            **{key: _merged(into.get(key), value, f"{where}.{key}") for key, value in change.items()},
        }
    if isinstance(into, list) and (field := ".".join(where.split(".")[-2:])) not in REPLACED:
        if field not in MERGE_KEYS:
            raise Unsupported(f"{where}: a patch that merges lists")
        return _merged_lists(into, change, MERGE_KEYS[field], where)
    return change


def _merged_lists(into: list[Any], change: list[Any], key: str, where: str) -> list[Any]:
    """Items with the same key are merged, others come after."""
    changes = {item[key]: item for item in change}
    merged = [_merged(item, changes.pop(item[key], {}), where) for item in into]
    return [*merged, *changes.values()]


def _in_namespace(document: Object, namespace: str) -> Object:
    if document["kind"] in CLUSTER_SCOPED:
        return document
    return _merged(document, {"metadata": {"namespace": namespace}}, document["kind"])


def _with_images(value: Any, images: dict[str, str]) -> Any:
    """Replace the ``image`` of containers, wherever they are."""
    if isinstance(value, list):
        return [_with_images(item, images) for item in value]
    if isinstance(value, dict):
        return {
            key: images.get(item, item) if key == "image" else _with_images(item, images)
            for key, item in value.items()
        }
    return value
