"""
The fields of claims and their templates in each version of the API, and what to write instead of others.

Source: k8s.io/api resource/v1, v1beta2 and v1beta1 types.go, v0.37.2, and
k8s.io/apimachinery pkg/apis/meta/v1 types.go, v0.37.2.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Union

from ..decode.errors import FieldError, quoted_key

Fields = Mapping[str, Union["Fields", None]]
"""Fields by name, with those below; ``None`` where anything may stand. Lists count as their elements."""


def _leaves(*names: str) -> dict[str, Fields | None]:
    return dict.fromkeys(names)


_METADATA = _leaves(
    "name",
    "generateName",
    "namespace",
    "selfLink",
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "labels",
    "annotations",
    "ownerReferences",
    "finalizers",
    "managedFields",
)
_CEL = _leaves("expression")
_SELECTOR: Fields = {"cel": _CEL}
_SUB_REQUEST: Fields = {
    **_leaves("name", "deviceClassName", "allocationMode", "count"),
    "selectors": _SELECTOR,
    "tolerations": _leaves("key", "operator", "value", "effect", "tolerationSeconds"),
    "capacity": _leaves("requests"),
    "derivedAttributes": _leaves("name", "expression"),
}
_EXACTLY: Fields = {
    **{name: below for name, below in _SUB_REQUEST.items() if name != "name"},
    **_leaves("adminAccess"),
}
_NESTED: Fields = {**_leaves("name"), "exactly": _EXACTLY, "firstAvailable": _SUB_REQUEST}
_FLAT: Fields = {**_leaves("name"), **_EXACTLY, "firstAvailable": _SUB_REQUEST}

FLAT_VERSION = "v1beta1"
"""The version whose requests have no ``exactly``."""

_REQUESTS = {"v1": _NESTED, "v1beta2": _NESTED, FLAT_VERSION: _FLAT}
VERSIONS = tuple(_REQUESTS)
"""The versions of claims, the newest first."""


def _spec(version: str) -> Fields:
    return {
        "devices": {
            "requests": _REQUESTS[version],
            "constraints": _leaves("requests", "matchAttribute", "distinctAttribute"),
            "config": {**_leaves("requests"), "opaque": _leaves("driver", "parameters")},
        }
    }


def _object(spec: Fields) -> Fields:
    return {**_leaves("apiVersion", "kind", "status"), "metadata": _METADATA, "spec": spec}


FIELDS: Mapping[tuple[str, str], Fields] = {
    (kind, version): _object(spec)
    for version in VERSIONS
    for kind, spec in (
        ("ResourceClaim", _spec(version)),
        ("ResourceClaimTemplate", {"metadata": _METADATA, "spec": _spec(version)}),
    )
}
"""By kind and version."""


SINCE: Mapping[str, tuple[int, int]] = {"derivedAttributes": (1, 37)}
"""The first minor of fields that an older one of those that are modelled does not know."""


def newer_fields(document: object, minor: str, path: str = "") -> Iterator[FieldError]:
    """Yield each field of a claim that came after the minor ``"1.36"``, in every version of its API."""
    known = tuple(map(int, minor.split(".")))
    if isinstance(document, list):
        for index, element in enumerate(document):
            yield from newer_fields(element, minor, f"{path}[{index}]")
    elif isinstance(document, Mapping):
        for name, inner in document.items():
            below = f"{path}.{name}".removeprefix(".")
            since = SINCE.get(str(name))
            if since is not None and known < since:
                first = ".".join(map(str, since))
                yield FieldError(
                    below, f"unknown field in Kubernetes {minor}; it came with {first}, so remove it there"
                )
            elif name not in ("metadata", "parameters", "status"):
                yield from newer_fields(inner, minor, below)


def unknown_fields(document: Mapping[str, object], kind: str, version: str) -> Iterator[FieldError]:
    """Yield each field that the version does not have, with what to write instead."""
    for path, name, known in _unknown("", document, FIELDS[kind, version]):
        yield FieldError(path, f"unknown field in {version}; {_instead(path, name, known, kind)}")


def _unknown(path: str, value: object, fields: Fields) -> Iterator[tuple[str, str, Fields]]:
    if isinstance(value, list):
        for index, element in enumerate(value):
            yield from _unknown(f"{path}[{index}]", element, fields)
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            plain = str(name).isidentifier()
            below = f"{path}.{name}".removeprefix(".") if plain else f"{path}{quoted_key(str(name))}"
            if name not in fields:
                yield below, str(name), fields
            elif (known := fields[name]) is not None:
                yield from _unknown(below, inner, known)


def _instead(path: str, name: str, known: Fields, kind: str) -> str:
    if kind == "ResourceClaim" and path == "spec.spec":
        return "a ResourceClaim has its devices in spec.devices; only a ResourceClaimTemplate has spec.spec"
    if kind == "ResourceClaimTemplate" and path == "spec.devices":
        return "a ResourceClaimTemplate has its devices in spec.spec.devices; move them there"
    if known is _NESTED and name in _EXACTLY:
        return f"put it below exactly (only {FLAT_VERSION} has it beside the name)"
    if known is _SUB_REQUEST and name == "exactly":
        return "an alternative is flat; write its fields beside the name"
    if known is _SELECTOR and name in _CEL:
        return f"put it below cel, as in cel: {{{name}: ...}}"
    if known is _FLAT and name == "exactly":
        return f"write its fields beside the name, or apiVersion: resource.k8s.io/{VERSIONS[0]}"
    if known is _SUB_REQUEST and name == "adminAccess":
        return "alternatives have no admin access; ask for it with a request that has no firstAvailable"
    similar = [each for each in known if each.lower() == name.lower()]
    similar = similar or get_close_matches(name, list(known), n=1, cutoff=0.75)
    if similar:
        return f"did you mean {similar[0]}?"
    return f"remove it, or write one of {', '.join(sorted(known))}"
