"""
A pod's claims compiled: what to search for, resolved before any search.

Classes are looked up, selectors compiled, constraints bound to requests.
Compiled claims know neither claim names nor nodes, so pods made from one template share
them; claims are known by their position.

Source: k8s.io/dynamic-resource-allocation structured/internal allocator_*.go
Allocate and validateDeviceRequest, v0.34 to v0.37.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from extender.cel import (
    AnswerKind,
    DerivedAttribute,
    OverBudget,
    Selector,
    Work,
    compile_derived,
    compile_selector,
)
from extender.model import ClaimSpec, Constraint, DeviceClass, ExactRequest, Request

from ..reasons import Reason, ReasonCode, reason
from ..releases.release import CapacityGateOff, DistinctRule, Release


@dataclass(frozen=True, slots=True, eq=False)
class Alternative:
    """
    One way to satisfy a request: its exact form, or one of ``firstAvailable``.

    ``index`` numbers the alternatives of all claims. ``constraints`` are
    positions in the claim's constraints that apply to its devices, ``compared`` what
    each of these looks at. ``selectors`` are the class's, then the request's, each
    with where it stands. ``selectors_of`` is the index of the alternative whose selectors
    decide: its own, but for a fault of old releases. ``base_name``: the name that constraints
    and distinct values go by.
    """

    index: int
    claim: int
    request: ExactRequest
    parent: str
    device_class: DeviceClass
    selectors: tuple[tuple[str, Selector], ...]
    constraints: tuple[int, ...]
    compared: tuple[int, ...]
    selectors_of: int
    all_devices: bool = field(init=False)
    admin: bool = field(init=False)
    base_name: str = field(init=False)

    def __post_init__(self) -> None:
        """Work out once what a search asks for each device."""
        object.__setattr__(self, "all_devices", self.request.mode == "All")
        object.__setattr__(self, "admin", bool(self.request.admin_access))
        object.__setattr__(self, "base_name", self.parent or self.request.name)

    @property
    def result_name(self) -> str:
        """The name in the allocation result: ``request`` or ``parent/sub``."""
        return f"{self.parent}/{self.request.name}" if self.parent else self.request.name


@dataclass(frozen=True, slots=True, eq=False)
class CompiledRequest:
    """``prioritized``: the alternatives come from ``firstAvailable``, in order."""

    prioritized: bool
    alternatives: tuple[Alternative, ...]


class ConstraintKind(StrEnum):
    MATCH = "match"
    DISTINCT = "distinct"


@dataclass(frozen=True, slots=True)
class Compared:
    """
    A value of devices that constraints compare: an attribute as published, or what a
    request ``derived`` for it.
    """

    attribute: str
    derived: DerivedAttribute | None = None


@dataclass(frozen=True, slots=True, eq=False)
class CompiledConstraint:
    kind: ConstraintKind
    attribute: str


@dataclass(frozen=True, slots=True, eq=False)
class CompiledClaim:
    spec: ClaimSpec
    requests: tuple[CompiledRequest, ...]
    constraints: tuple[CompiledConstraint, ...]


@dataclass(frozen=True, slots=True, eq=False)
class CompiledClaims:
    """
    ``compared`` is what constraints compare. ``reads`` are single attributes and
    ``domains`` whole domains that expressions may read; ``reads_everything`` if
    that cannot be told.
    """

    claims: tuple[CompiledClaim, ...]
    alternatives: tuple[Alternative, ...]
    compared: tuple[Compared, ...]
    reads: tuple[str, ...]
    domains: frozenset[str]
    reads_everything: bool


class InvalidClaims(Exception):
    """
    The claims are refused for every node; ``reason`` says why.

    ``quiet``: the scheduler checks this before any node, so the pod is unschedulable;
    else the attempt is aborted.
    """

    def __init__(self, why: Reason, *, quiet: bool = False) -> None:
        super().__init__(why.code)
        self.reason = why
        self.quiet = quiet


def compile_claims(
    specs: Sequence[ClaimSpec], classes: Mapping[str, DeviceClass], release: Release, work: Work
) -> CompiledClaims:
    """
    Compile the unallocated claims of a pod, in allocation order.

    Raises ``InvalidClaims`` for what upstream refuses before it searches, ``OverBudget`` if it takes
    more than ``work``.
    """
    compiler = _Compiler(classes, release, work)
    claims = tuple(compiler.claim(number, spec) for number, spec in enumerate(specs))
    read = [selector.reads for alternative in compiler.alternatives for _, selector in alternative.selectors]
    read += [derived.reads for derived in compiler.derived.values()]
    return CompiledClaims(
        claims=claims,
        alternatives=tuple(compiler.alternatives),
        compared=tuple(compiler.compared),
        reads=tuple(sorted(frozenset().union(*(reads.attributes for reads in read)))),
        domains=frozenset().union(*(reads.domains for reads in read)),
        reads_everything=any(reads.everything for reads in read),
    )


class _Compiler:
    """Numbers alternatives and compared values while claims are compiled."""

    def __init__(self, classes: Mapping[str, DeviceClass], release: Release, work: Work) -> None:
        self.classes = classes
        self.release = release
        self.work = work
        self.alternatives: list[Alternative] = []
        self.compared: dict[Compared, int] = {}
        self.derived: dict[str, DerivedAttribute] = {}

    def claim(self, number: int, spec: ClaimSpec) -> CompiledClaim:
        for request in spec.requests:
            _check_features(number, request, self.release)
        constraints = tuple(
            self.constraint(number, position, each) for position, each in enumerate(spec.constraints)
        )
        requests = tuple(self.request(number, spec, constraints, request) for request in spec.requests)
        return CompiledClaim(spec, requests, constraints)

    def request(
        self, claim: int, spec: ClaimSpec, constraints: tuple[CompiledConstraint, ...], request: Request
    ) -> CompiledRequest:
        exact = (request.exactly,) if request.exactly is not None else request.first_available
        if not exact:
            raise _unsupported(claim, request.name, "neither exactly nor firstAvailable is set", quiet=True)
        parent = request.name if request.first_available else ""
        selectors_of = _selectors_of(len(self.alternatives), exact, shared=self.release.shared_verdicts)
        alternatives = tuple(
            self.alternative(claim, spec, constraints, each, parent, deciding)
            for each, deciding in zip(exact, selectors_of, strict=True)
        )
        return CompiledRequest(bool(request.first_available), alternatives)

    def alternative(
        self,
        claim: int,
        spec: ClaimSpec,
        constraints: tuple[CompiledConstraint, ...],
        exact: ExactRequest,
        parent: str,
        selectors_of: int,
    ) -> Alternative:
        name = f"{parent}/{exact.name}" if parent else exact.name
        if None in exact.selectors:
            raise _unsupported(claim, name, "a selector is not CEL (unsupported selector type?)")
        if exact.admin_access is not None and not self.release.features.admin_access:
            raise _disabled(claim, name, "adminAccess", "DRAAdminAccess")
        if not exact.device_class:
            raise _unsupported(claim, name, "the device class name is missing (unsupported request type?)")
        device_class = self.classes.get(exact.device_class)
        if device_class is None:
            raise InvalidClaims(
                reason(ReasonCode.CLASS_MISSING, request=name, class_=exact.device_class), quiet=True
            )
        if exact.mode not in ("ExactCount", "All"):
            raise _unsupported(claim, name, f"allocation mode {exact.mode!r} is not known")
        sources = [(f"class {device_class.name}", text) for text in device_class.selectors]
        sources += [(f"request {name}", text) for text in exact.selectors]
        applying = tuple(
            position
            for position, each in enumerate(spec.constraints)
            if not each.requests or parent in each.requests or name in each.requests
        )
        derived = dict(exact.derived)
        made = Alternative(
            index=len(self.alternatives),
            claim=claim,
            request=exact,
            parent=parent,
            device_class=device_class,
            selectors=tuple((where, self.selector(text or "")) for where, text in sources),
            constraints=applying,
            compared=tuple(
                self.compared_position(attribute, derived.get(attribute))
                for attribute in (constraints[position].attribute for position in applying)
            ),
            selectors_of=selectors_of,
        )
        self.alternatives.append(made)
        return made

    def constraint(self, claim: int, position: int, constraint: Constraint) -> CompiledConstraint:
        if constraint.match_attribute is not None:
            kind, attribute = ConstraintKind.MATCH, constraint.match_attribute
        elif constraint.distinct_attribute is not None:
            kind, attribute = ConstraintKind.DISTINCT, constraint.distinct_attribute
        else:
            why = reason(
                ReasonCode.UNSUPPORTED_REQUEST,
                claim=claim,
                where=f"constraint {position}",
                detail="the constraint is of a type that is not known",
            )
            raise InvalidClaims(why)
        if kind is ConstraintKind.DISTINCT and self.release.distinct is DistinctRule.UNSUPPORTED:
            why = reason(
                ReasonCode.FEATURE_DISABLED,
                claim=claim,
                where=f"constraint {position}",
                what="distinctAttribute",
                gate="DRAConsumableCapacity",
            )
            raise InvalidClaims(why)
        return CompiledConstraint(kind, attribute)

    def selector(self, text: str) -> Selector:
        """Compile a selector; raises ``OverBudget`` where that takes more work than is left."""
        self.work.charge(1)
        selector = compile_selector(text, self.release.cel, self.work)
        if selector.fixed is not None and selector.fixed.kind is AnswerKind.OVER_BUDGET:
            raise OverBudget(selector.fixed.message)
        return selector

    def compared_position(self, attribute: str, expression: str | None) -> int:
        """The position of a compared value."""
        derived = None
        if expression is not None:
            if expression not in self.derived:
                derived = self.derived[expression] = compile_derived(expression, self.release.cel, self.work)
                if derived.fixed is not None and derived.fixed.kind is AnswerKind.OVER_BUDGET:
                    raise OverBudget(derived.fixed.message)
            derived = self.derived[expression]
        return self.compared.setdefault(Compared(attribute, derived), len(self.compared))


def _selectors_of(first: int, exact: Sequence[ExactRequest], *, shared: bool) -> list[int]:
    """
    For each alternative of a request, numbered from ``first``, the one whose selectors decide.

    With ``shared``, the devices of the first alternative serve the second if both ask
    for *all*: their results are kept under one key while requests are sized.
    """
    selectors_of = list(range(first, first + len(exact)))
    if shared and len(exact) > 1 and exact[0].mode == exact[1].mode == "All":
        selectors_of[1] = first
    return selectors_of


def _check_features(claim: int, request: Request, release: Release) -> None:
    features = release.features
    if request.first_available and not features.prioritized_list:
        raise _disabled(claim, request.name, "firstAvailable", "DRAPrioritizedList", quiet=True)
    exact = (*request.first_available, *((request.exactly,) if request.exactly else ()))
    refused = release.capacity.gate_off is CapacityGateOff.REFUSED
    if refused and not features.consumable_capacity and any(each.capacity is not None for each in exact):
        raise _disabled(claim, request.name, "capacity", "DRAConsumableCapacity")
    refused = release.knows_derived_attributes and not features.derived_attributes
    if refused and any(each.derived for each in exact):
        raise _disabled(claim, request.name, "derivedAttributes", "DRADerivedAttributes")


def _disabled(claim: int, request: str, what: str, gate: str, *, quiet: bool = False) -> InvalidClaims:
    return InvalidClaims(
        reason(ReasonCode.FEATURE_DISABLED, claim=claim, where=f"request {request}", what=what, gate=gate),
        quiet=quiet,
    )


def _unsupported(claim: int, request: str, detail: str, *, quiet: bool = False) -> InvalidClaims:
    return InvalidClaims(
        reason(ReasonCode.UNSUPPORTED_REQUEST, claim=claim, where=f"request {request}", detail=detail),
        quiet=quiet,
    )
