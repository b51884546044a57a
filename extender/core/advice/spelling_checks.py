"""
Names in a claim that nothing in the cluster has: classes, attributes, domains.

The mistakes that are listed here stand in published samples, so people copy them: KEP-4816
(``dra.k8s.io/pcieRoot``), KEP-5491 (``k8s.io/pcieRoot``), samples of
intel-resource-drivers-for-kubernetes (a slash within a domain) and of dranet
(``gpu.nvidia.com/index``, gone since its driver's v25.8).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from difflib import get_close_matches

from extender.model import ClaimSpec, Constraint, DeviceClass, ExactRequest, Request

from ..claims.compiled_claims import CompiledClaims
from ..cluster.snapshot import Snapshot
from ..topology.vocabulary import NUMA_NODE, PCI_BUS_ID, PCIE_ROOT
from .claim_warnings import ClaimWarning, Severity, WarningCode, warning

_MISTAKES: Mapping[str, str] = {"dra.k8s.io/pcieRoot": PCIE_ROOT, "k8s.io/pcieRoot": PCIE_ROOT}
_RETIRED: Mapping[str, str] = {"gpu.nvidia.com/index": PCI_BUS_ID, "gpu.nvidia.com/minor": PCI_BUS_ID}
_STANDARD = (PCIE_ROOT, NUMA_NODE, PCI_BUS_ID)
# The similarity (0..1) from which a name counts as a typing error of another one; "mig.nvidia.com"
# is none of "gpu.nvidia.com".
_SIMILAR = 0.88
_MOST_NAMED = 6


def published_names(snapshot: Snapshot) -> frozenset[str]:
    """Every attribute that some device of the cluster publishes, as ``domain/id``."""
    names: set[str] = set()
    for slice_ in snapshot.published.values():
        names.update(slice_.devices.heading.values)
    return frozenset(names)


def class_warnings(specs: Sequence[ClaimSpec], classes: Mapping[str, DeviceClass]) -> Iterator[ClaimWarning]:
    """Classes that do not exist. One alternative of several with such a class spoils the request."""
    for spec in specs:
        for request in spec.requests:
            for name, exact in _alternatives(request):
                wanted = exact.device_class
                if not wanted or wanted in classes:
                    continue
                similar = get_close_matches(wanted, sorted(classes), n=1, cutoff=_SIMILAR)
                if similar:
                    code, hint = WarningCode.CLASS_MISSPELT, {"instead": similar[0]}
                else:
                    code, hint = WarningCode.CLASS_MISSING, {"classes": _listed(classes)}
                yield warning(code, Severity.BLOCKS, request=name, class_=wanted, **hint)


def attribute_warnings(specs: Sequence[ClaimSpec], published: Collection[str]) -> Iterator[ClaimWarning]:
    """
    Attributes of constraints that no device publishes.

    In a cluster without devices only names that are wrong everywhere get a warning.
    """
    for spec in specs:
        for constraint in spec.constraints:
            attribute = constraint.match_attribute or constraint.distinct_attribute
            if attribute is None or _is_derived(spec, constraint, attribute):
                continue
            instead = _meant(attribute, published)
            if "/" not in attribute:
                shown = instead or f"DOMAIN/{attribute}"
                yield _warns(WarningCode.ATTRIBUTE_UNQUALIFIED, attribute=attribute, instead=shown)
            elif attribute in published:
                continue
            elif instead:
                yield _warns(WarningCode.ATTRIBUTE_MISSPELT, attribute=attribute, instead=instead)
            elif published:
                yield _warns(WarningCode.ATTRIBUTE_UNKNOWN, attribute=attribute)


def selector_warnings(compiled: CompiledClaims, published: Collection[str]) -> Iterator[ClaimWarning]:
    """Attributes that selectors read and no device publishes, each once."""
    for where, attribute in sorted(
        {
            (where, attribute)
            for alternative in compiled.alternatives
            for where, selector in alternative.selectors
            for attribute in selector.reads.attributes
        }
    ):
        domain = attribute.rpartition("/")[0]
        if "/" in domain:
            yield warning(
                WarningCode.SELECTOR_ATTRIBUTE_MISSPELT,
                Severity.WARNS,
                where=where,
                domain=domain,
                instead=domain.partition("/")[0],
                id=domain.partition("/")[2],
            )
        elif attribute in published:
            continue
        elif attribute in _RETIRED:
            yield warning(
                WarningCode.ATTRIBUTE_RETIRED,
                Severity.WARNS,
                where=where,
                attribute=attribute,
                instead=_RETIRED[attribute],
            )
        elif published:
            yield warning(
                WarningCode.SELECTOR_ATTRIBUTE_UNKNOWN, Severity.NOTES, where=where, attribute=attribute
            )


def _warns(code: WarningCode, **params: str) -> ClaimWarning:
    return warning(code, Severity.WARNS, **params)


def _meant(attribute: str, published: Collection[str]) -> str:
    """
    The name that was probably meant; empty if there is none.

    For a known mistake its correction; else a name with the same id in another domain, one that
    is published if there is one; else a name so similar that this is a typing error.
    """
    if attribute in _MISTAKES:
        return _MISTAKES[attribute]
    if attribute in _STANDARD:
        return ""
    id_ = attribute.rpartition("/")[2].lower()
    same_id = [name for name in (*_STANDARD, *sorted(published)) if name.rpartition("/")[2].lower() == id_]
    best = [name for name in same_id if name in published] or same_id
    if best:
        return best[0]
    return next(
        iter(get_close_matches(attribute, sorted({*published, *_STANDARD}), n=1, cutoff=_SIMILAR)), ""
    )


def _listed(names: Collection[str]) -> str:
    shown = ", ".join(sorted(names)[:_MOST_NAMED]) or "none"
    return shown + (", ..." if len(names) > _MOST_NAMED else "")


def _is_derived(spec: ClaimSpec, constraint: Constraint, attribute: str) -> bool:
    """Whether some request that the constraint covers derives a value of that name."""
    return any(
        attribute in dict(exact.derived)
        for request in spec.requests
        for name, exact in _alternatives(request)
        if not constraint.requests or request.name in constraint.requests or name in constraint.requests
    )


def _alternatives(request: Request) -> Iterator[tuple[str, ExactRequest]]:
    if request.exactly is not None:
        yield request.name, request.exactly
    for exact in request.first_available:
        yield f"{request.name}/{exact.name}", exact
