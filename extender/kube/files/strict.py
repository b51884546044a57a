"""
Objects in files read as strictly as the API server reads what ``kubectl apply`` sends it.

What an API server has accepted passes, whatever it is: a newer one knows fields that we do not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import msgspec

from ..decode import DecodeError
from ..decode.claim_specs import ClaimSpecJSON
from ..decode.errors import FieldError, quoted
from ..decode.object_head import object_head
from .api_names import key_problem, label_problem, prefix_problem, subdomain_problem, value_problem
from .claim_fields import VERSIONS, unknown_fields
from .claim_rules import spec_problems

CLAIM_KINDS = ("ResourceClaim", "ResourceClaimTemplate")

Check = Callable[[str, str, bytes | msgspec.Raw], None]
"""Looks at an object of a kind and an ``apiVersion`` that was decoded. Raises ``DecodeError``."""

_GROUP = "resource.k8s.io"
_POD_CLAIM = ("name", "resourceClaimName", "resourceClaimTemplateName")
_TEMPLATE_METADATA = ("labels", "annotations")


class _Metadata(msgspec.Struct, rename="camel"):
    name: str | None = None
    generate_name: str | None = None
    namespace: str | None = None
    labels: dict[str, str] | None = None
    annotations: dict[str, str] | None = None


class _TemplateSpec(msgspec.Struct):
    metadata: msgspec.Raw = msgspec.Raw()
    spec: ClaimSpecJSON | None = None


class _Claim(msgspec.Struct):
    metadata: _Metadata
    spec: ClaimSpecJSON | None = None


class _Template(msgspec.Struct):
    metadata: _Metadata
    spec: _TemplateSpec | None = None


class _PodSpec(msgspec.Struct, rename="camel"):
    resource_claims: list[dict[str, object]] | None = None


class _Pod(msgspec.Struct):
    spec: _PodSpec | None = None


class _Pool(msgspec.Struct):
    name: str | None = None


class _SliceSpec(msgspec.Struct):
    driver: str | None = None
    pool: _Pool | None = None


class _Slice(msgspec.Struct):
    spec: _SliceSpec | None = None


def check_written(kind: str, api_version: str, data: bytes | msgspec.Raw) -> None:
    """Check an object that somebody wrote to apply it; see ``Check``."""
    if kind == "Pod":
        _report(kind, data, _pod_problems(data))
    elif kind in CLAIM_KINDS:
        _report(kind, data, _claim_problems(kind, api_version, data))


def check_dumped(kind: str, api_version: str, data: bytes | msgspec.Raw) -> None:
    """
    Check an object of a dump; see ``Check``.

    One with a ``resourceVersion`` was accepted by an API server.
    """
    if kind not in (*CLAIM_KINDS, "ResourceSlice") or object_head(data).version:
        return
    if kind == "ResourceSlice":
        _report(kind, data, _slice_problems(data))
    else:
        _report(kind, data, _claim_problems(kind, api_version or f"{_GROUP}/{VERSIONS[0]}", data))


class DumpCheck:
    """
    ``check_dumped`` for the objects of one dump.

    Claims are mostly made of few templates: what is right in one is not looked at again in others whose spec
    is the same JSON, and that have the same fields beside it.
    """

    def __init__(self) -> None:
        self._right: set[tuple[str, bytes, tuple[str, ...], tuple[str, ...]]] = set()

    def __call__(self, kind: str, api_version: str, data: bytes | msgspec.Raw) -> None:
        if kind != CLAIM_KINDS[0] or object_head(data).version:
            check_dumped(kind, api_version, data)
            return
        parts = msgspec.json.decode(data, type=dict[str, msgspec.Raw])
        metadata = msgspec.json.decode(parts.get("metadata", b"{}"), type=dict[str, msgspec.Raw] | None)
        form = (api_version, bytes(parts.get("spec", b"")), tuple(parts), tuple(metadata or ()))
        if form in self._right:
            _report(kind, data, _metadata_problems(msgspec.json.decode(parts["metadata"], type=_Metadata)))
        else:
            check_dumped(kind, api_version, data)
            self._right.add(form)


def _report(kind: str, data: bytes | msgspec.Raw, problems: Iterator[FieldError]) -> None:
    for problem in problems:
        raise DecodeError(kind, object_head(data).title, problem.field, problem.problem)


def _claim_problems(kind: str, api_version: str, data: bytes | msgspec.Raw) -> Iterator[FieldError]:
    version = api_version.removeprefix(f"{_GROUP}/")
    if not api_version:
        yield FieldError("apiVersion", f"missing; write {_GROUP}/{VERSIONS[0]}")
        return
    if version not in VERSIONS:
        yield FieldError(
            "apiVersion",
            f"{quoted(api_version)} has no {kind}; write {_GROUP}/{VERSIONS[0]}, whose requests have exactly",
        )
        return
    yield from unknown_fields(msgspec.json.decode(data, type=dict[str, object]), kind, version)
    if kind == CLAIM_KINDS[0]:
        claim = msgspec.json.decode(data, type=_Claim)
        yield from _metadata_problems(claim.metadata)
        yield from _under("spec", spec_problems(claim.spec or ClaimSpecJSON(), version))
        return
    template = msgspec.json.decode(data, type=_Template)
    yield from _metadata_problems(template.metadata)
    spec = template.spec or _TemplateSpec()
    yield from _under("spec.metadata", _template_metadata_problems(spec.metadata))
    yield from _under("spec.spec", spec_problems(spec.spec or ClaimSpecJSON(), version))


def _metadata_problems(metadata: _Metadata) -> Iterator[FieldError]:
    """
    Yield what is wrong with names and labels.

    Source: k8s.io/apimachinery pkg/api/validation/objectmeta.go ValidateObjectMeta, v0.36.2.
    """
    texts = (
        ("generateName", metadata.generate_name, prefix_problem),
        ("name", metadata.name, subdomain_problem),
        ("namespace", metadata.namespace, label_problem),
    )
    for field, text, problem_of in texts:
        if text and (problem := problem_of(text)):
            yield FieldError(f"metadata.{field}", problem)
    yield from _under("metadata", _label_problems(metadata.labels or {}, metadata.annotations or {}))


def _template_metadata_problems(metadata: msgspec.Raw) -> Iterator[FieldError]:
    """Yield what is wrong with the metadata that claims of a template get: they have no names."""
    if not metadata or bytes(metadata) == b"null":
        return
    try:
        for name, value in msgspec.json.decode(metadata, type=dict[str, object]).items():
            if name not in _TEMPLATE_METADATA and value not in (None, "", 0, {}, []):
                yield FieldError(name, "cannot be set for the claims of a template; remove it")
        decoded = msgspec.json.decode(metadata, type=_Metadata)
    except msgspec.ValidationError as error:
        yield FieldError("", f"{error}; write labels and annotations, each a map of texts")
        return
    yield from _label_problems(decoded.labels or {}, decoded.annotations or {})


def _label_problems(labels: Mapping[str, str], annotations: Mapping[str, str]) -> Iterator[FieldError]:
    for key, value in labels.items():
        if problem := key_problem(key) or value_problem(value):
            yield FieldError("labels", problem)
    for key in annotations:
        if problem := key_problem(key.lower()):
            yield FieldError("annotations", problem)


def _pod_problems(data: bytes | msgspec.Raw) -> Iterator[FieldError]:
    """
    Yield what is wrong with how a pod names its claims.

    Source: k8s.io/kubernetes pkg/apis/core/validation/validation.go validatePodResourceClaim, v1.36.2.
    """
    spec = msgspec.json.decode(data, type=_Pod).spec or _PodSpec()
    for index, claim in enumerate(spec.resource_claims or ()):
        field = f"spec.resourceClaims[{index}]"
        for name in claim:
            if name not in _POD_CLAIM:
                instead = f"beside the name write {' or '.join(_POD_CLAIM[1:])}"
                yield FieldError(f"{field}.{name}", f"unknown field; {instead}")
        given = [name for name in _POD_CLAIM[1:] if claim.get(name)]
        if not claim.get("name"):
            yield FieldError(f"{field}.name", "missing; write a name")
        if len(given) != 1:
            how = "both" if given else "neither"
            yield FieldError(
                field, f"has {how} of {' and '.join(_POD_CLAIM[1:])}; write exactly one of the two"
            )


def _slice_problems(data: bytes | msgspec.Raw) -> Iterator[FieldError]:
    """Yield what a ResourceSlice lacks that makes it one. Source: validateResourceSliceSpec, v1.36.2."""
    spec = msgspec.json.decode(data, type=_Slice).spec or _SliceSpec()
    if not spec.driver:
        yield FieldError("spec.driver", "missing; write the name of the driver")
    if spec.pool is None or not spec.pool.name:
        yield FieldError(
            "spec.pool.name",
            "missing; write pool: {name: ..., generation: 1, resourceSliceCount: 1}, "
            "where most drivers name the pool like the node",
        )


def _under(parent: str, problems: Iterator[FieldError]) -> Iterator[FieldError]:
    for problem in problems:
        yield problem.under(parent)
