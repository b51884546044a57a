"""
The shape of a pod's claims: what to search for, resolved before any search.

Classes are looked up, selectors compiled, constraints bound to requests. A
shape knows neither claim names nor nodes, so pods made from one template share
it; claims are known by their position.

Source: k8s.io/dynamic-resource-allocation structured/internal/incubating
allocator_incubating.go Allocate and validateDeviceRequest, v0.36.2.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from .cel import Selector, compile_selector
from .model import ClaimSpec, Constraint, DeviceClass, ExactRequest, Request
from .reasons import Reason, ReasonCode, reason
from .releases import Features, Release


@dataclass(frozen=True, slots=True, eq=False)
class Alternative:
    """
    One way to satisfy a request: its exact form, or one of ``firstAvailable``.

    ``index`` numbers the alternatives of the whole shape. ``constraints`` are
    positions in the claim's constraints that apply to its devices. ``selectors``
    are the class's, then the request's, each with where it stands.
    """

    index: int
    claim: int
    request: ExactRequest
    parent: str
    device_class: DeviceClass
    selectors: tuple[tuple[str, Selector], ...]
    constraints: tuple[int, ...]

    @property
    def all_devices(self) -> bool:
        return self.request.mode == "All"

    @property
    def admin(self) -> bool:
        return bool(self.request.admin_access)

    @property
    def base_name(self) -> str:
        """The name that constraints and distinct values go by."""
        return self.parent or self.request.name

    @property
    def result_name(self) -> str:
        """The name in the allocation result: ``request`` or ``parent/sub``."""
        return f"{self.parent}/{self.request.name}" if self.parent else self.request.name


@dataclass(frozen=True, slots=True, eq=False)
class ShapeRequest:
    """``prioritized``: the alternatives come from ``firstAvailable``, in order."""

    prioritized: bool
    alternatives: tuple[Alternative, ...]


class ConstraintKind(StrEnum):
    MATCH = "match"
    DISTINCT = "distinct"


@dataclass(frozen=True, slots=True, eq=False)
class ShapeConstraint:
    """``attribute`` is a position in the shape's attributes."""

    kind: ConstraintKind
    attribute: int


@dataclass(frozen=True, slots=True, eq=False)
class ShapeClaim:
    spec: ClaimSpec
    requests: tuple[ShapeRequest, ...]
    constraints: tuple[ShapeConstraint, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """
    ``attributes`` are those that constraints compare. ``reads`` are single
    attributes and ``domains`` whole domains that selectors may read;
    ``reads_everything`` if that cannot be told.
    """

    claims: tuple[ShapeClaim, ...]
    alternatives: tuple[Alternative, ...]
    attributes: tuple[str, ...]
    reads: tuple[str, ...]
    domains: frozenset[str]
    reads_everything: bool


class Refused(Exception):
    """The claims are refused for every node; ``reason`` says why. Fatal for the attempt upstream."""

    def __init__(self, why: Reason) -> None:
        super().__init__(why.code)
        self.reason = why


def compile_shape(specs: Sequence[ClaimSpec], classes: Mapping[str, DeviceClass], release: Release) -> Shape:
    """
    Compile the unallocated claims of a pod, in allocation order.

    Raises ``Refused`` for what upstream refuses before it searches.
    """
    compiler = _Compiler(classes, release)
    claims = tuple(compiler.claim(number, spec) for number, spec in enumerate(specs))
    selectors = [selector for each in compiler.alternatives for _, selector in each.selectors]
    return Shape(
        claims=claims,
        alternatives=tuple(compiler.alternatives),
        attributes=tuple(compiler.attributes),
        reads=tuple(sorted(frozenset().union(*(selector.reads.attributes for selector in selectors)))),
        domains=frozenset().union(*(selector.reads.domains for selector in selectors)),
        reads_everything=any(selector.reads.everything for selector in selectors),
    )


class _Compiler:
    """Numbers alternatives and constraint attributes while claims are compiled."""

    def __init__(self, classes: Mapping[str, DeviceClass], release: Release) -> None:
        self.classes = classes
        self.release = release
        self.alternatives: list[Alternative] = []
        self.attributes: dict[str, int] = {}

    def claim(self, number: int, spec: ClaimSpec) -> ShapeClaim:
        requests = tuple(self.request(number, spec, request) for request in spec.requests)
        return ShapeClaim(
            spec,
            requests,
            tuple(self.constraint(number, position, each) for position, each in enumerate(spec.constraints)),
        )

    def request(self, claim: int, spec: ClaimSpec, request: Request) -> ShapeRequest:
        _check_features(claim, request, self.release.features)
        exact = (request.exactly,) if request.exactly is not None else request.first_available
        if not exact:
            raise _unsupported(claim, request.name, "neither exactly nor firstAvailable is set")
        parent = request.name if request.first_available else ""
        alternatives = tuple(self.alternative(claim, spec, each, parent) for each in exact)
        return ShapeRequest(bool(request.first_available), alternatives)

    def alternative(self, claim: int, spec: ClaimSpec, exact: ExactRequest, parent: str) -> Alternative:
        name = f"{parent}/{exact.name}" if parent else exact.name
        if None in exact.selectors:
            raise _unsupported(claim, name, "a selector is not CEL (unsupported selector type?)")
        if exact.admin_access is not None and not self.release.features.admin_access:
            raise _disabled(claim, name, "adminAccess", "DRAAdminAccess")
        if not exact.device_class:
            raise _unsupported(claim, name, "the device class name is missing (unsupported request type?)")
        device_class = self.classes.get(exact.device_class)
        if device_class is None:
            raise Refused(reason(ReasonCode.CLASS_MISSING, request=name, class_=exact.device_class))
        if exact.mode not in ("ExactCount", "All"):
            raise _unsupported(claim, name, f"allocation mode {exact.mode!r} is not known")
        sources = [(f"class {device_class.name}", text) for text in device_class.selectors]
        sources += [(f"request {name}", text) for text in exact.selectors]
        made = Alternative(
            index=len(self.alternatives),
            claim=claim,
            request=exact,
            parent=parent,
            device_class=device_class,
            selectors=tuple(
                (where, compile_selector(text or "", self.release.cel)) for where, text in sources
            ),
            constraints=tuple(
                position
                for position, each in enumerate(spec.constraints)
                if not each.requests or parent in each.requests or name in each.requests
            ),
        )
        self.alternatives.append(made)
        return made

    def constraint(self, claim: int, position: int, constraint: Constraint) -> ShapeConstraint:
        if constraint.match_attribute is not None:
            kind, attribute = ConstraintKind.MATCH, constraint.match_attribute
        elif constraint.distinct_attribute is not None:
            kind, attribute = ConstraintKind.DISTINCT, constraint.distinct_attribute
        else:
            raise _unsupported(claim, f"#{position}", "the constraint is of a type that is not known")
        return ShapeConstraint(kind, self.attributes.setdefault(attribute, len(self.attributes)))


def _check_features(claim: int, request: Request, features: Features) -> None:
    if request.first_available and not features.prioritized_list:
        raise _disabled(claim, request.name, "firstAvailable", "DRAPrioritizedList")
    if not features.consumable_capacity:
        exact = (*request.first_available, *((request.exactly,) if request.exactly else ()))
        if any(each.capacity is not None for each in exact):
            raise _disabled(claim, request.name, "capacity", "DRAConsumableCapacity")


def _disabled(claim: int, request: str, what: str, gate: str) -> Refused:
    return Refused(
        reason(ReasonCode.FEATURE_DISABLED, claim=claim, where=f"request {request}", what=what, gate=gate)
    )


def _unsupported(claim: int, request: str, detail: str) -> Refused:
    return Refused(
        reason(ReasonCode.UNSUPPORTED_REQUEST, claim=claim, where=f"request {request}", detail=detail)
    )
