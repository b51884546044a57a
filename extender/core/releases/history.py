"""
What each Kubernetes release does differently, and which release a version names.

Source: k8s.io/dynamic-resource-allocation structured/internal/{stable,incubating,
experimental} at v0.34.0 to v0.38.0-beta.0, one function per minor; the scheduler plugin
pkg/scheduler/framework/plugins/dynamicresources of the same releases.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace

from extender.cel import dialect_of

from .feature_gates import features_of
from .features import Features
from .release import (
    CapacityGateOff,
    CapacityRules,
    Comparison,
    Counters,
    CounterScope,
    DistinctRule,
    Gathering,
    Implementation,
    Order,
    Plugin,
    Release,
    Results,
)

PATCHES = {"1.34": 13, "1.35": 10, "1.36": 6, "1.37": 2, "1.38": 0}
"""The newest patch known here, by minor; of 1.38 that is 1.38.0-beta.0."""

_BETA = frozenset({"admin_access", "prioritized_list", "partitionable_devices", "device_taints"})
_GRADUATED = _BETA | {"binding_conditions", "device_status", "consumable_capacity"}
_ALLOCATOR_FIELDS = _GRADUATED | {
    "fractional_capacity_range",
    "list_type_attributes",
    "derived_attributes",
    "compatibility_groups",
    "optional_node_operations",
}
_SUPPORTED: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    # What stable and incubating support; experimental supports everything.
    "1.34": (frozenset(), _BETA),
    "1.35": (frozenset(), _BETA),
    "1.36": (_BETA, _GRADUATED),
    "1.37": (_BETA, _GRADUATED | {"fractional_capacity_range"}),
    # Incubating supports everything, so experimental is never picked.
    "1.38": (_GRADUATED | {"fractional_capacity_range"}, _ALLOCATOR_FIELDS),
}


class UnknownRelease(ValueError):
    """A Kubernetes version whose allocator is not modelled."""


def release_for(version: str, gates: Mapping[str, bool] | None = None) -> Release:
    """
    The release for ``"1.36"`` (its newest patch known here) or ``"1.36.2"``.

    A leading ``v`` and suffixes such as ``-gke.100`` or ``+rke2`` are ignored, so a pre-release
    such as ``1.38.0-rc.1`` means its minor; a patch newer than any known behaves like the newest
    known. ``gates`` are feature
    gates that differ from the defaults. Raises ``UnknownRelease`` saying what is
    supported, ``WrongGate`` for a gate that the release does not have.
    """
    match = re.fullmatch(r"v?(\d+\.\d+)(?:\.(\d+))?(?:[-+].*)?", version.strip())
    if match is None or match[1] not in PATCHES:
        raise UnknownRelease(
            f"Kubernetes {version!r} is not supported; supported: {', '.join(PATCHES)} "
            "(give a minor such as 1.36 or a patch such as 1.36.2)"
        )
    minor, newest = match[1], PATCHES[match[1]]
    patch = newest if match[2] is None else min(int(match[2]), newest)
    features = features_of(minor, gates)
    release = release_with(f"{minor}.{patch}", features, implementation_for(minor, features))
    if minor == "1.36" and features.list_type_attributes:
        # The scheduler hands this gate to CEL only, so the allocator's lists stay as they are.
        scalar = replace(features, list_type_attributes=False)
        release = replace(
            release_with(release.version, scalar, implementation_for(minor, scalar)), cel=release.cel
        )
    return release


def implementation_for(minor: str, features: Features) -> Implementation:
    """
    The allocator that kube-scheduler picks for ``features``.

    Source: k8s.io/dynamic-resource-allocation structured/allocator.go NewAllocator.
    """
    needed = {name for name in _ALLOCATOR_FIELDS if getattr(features, name)}
    if minor != "1.34" and not features.binding:
        needed -= {"binding_conditions", "device_status"}
    stable, incubating = _SUPPORTED[minor]
    if needed <= stable:
        return Implementation.STABLE
    return Implementation.INCUBATING if needed <= incubating else Implementation.EXPERIMENTAL


def release_with(version: str, features: Features, implementation: Implementation) -> Release:
    """One implementation of a known version (``"1.36.2"``), with exactly these features."""
    minor, patch = version.rsplit(".", 1)
    release = _MINORS[minor](int(patch), implementation)
    return replace(
        release,
        version=version,
        features=features,
        cel=dialect_of(minor, list_attributes=features.list_type_attributes),
    )


_Minor = Callable[[int, Implementation], Release]


def _before_1_38(minor: _Minor) -> _Minor:
    """Put in what 1.34 to 1.37 have in common and 1.38 changed in every implementation."""

    def changed(patch: int, implementation: Implementation) -> Release:
        release = minor(patch, implementation)
        return replace(
            release,
            gathering=replace(release.gathering, all_mode_aborts=True),
            capacity=replace(release.capacity, rounds_negative=True, scoped_names=False, shares_block=False),
            comparison=Comparison(unusable_aborts=False, by_precedence=False),
            plugin=replace(release.plugin, negative_amount_aborts=False),
        )

    return changed


@_before_1_38
def _v1_34(patch: int, implementation: Implementation) -> Release:
    experimental = implementation is Implementation.EXPERIMENTAL
    return Release(
        version="",
        order=Order(fixed=False, late_pools=experimental, late_slices=experimental, combinations=False),
        gathering=Gathering(
            looks_elsewhere=False,
            invalid_is_fatal=True,
            counters_apart=False,
            local_first=False,
            hides_compatibility_groups=False,
        ),
        counters=Counters(
            scope=CounterScope.SLICE,
            leak=True,
            shares_consume=False,
            shares_known_by_id=False,
            marks_by_amount=True,
        ),
        capacity=CapacityRules(
            wraps=True,
            all_mode_by_room=True,
            gate_off=CapacityGateOff.REFUSED if experimental else CapacityGateOff.IGNORED,
            rechecks_wrong_device=True,
        ),
        results=Results(tolerations=False, claim_config_once=False, binds_to_node=experimental),
        distinct=DistinctRule.NEVER_EQUAL if experimental else DistinctRule.UNSUPPORTED,
        plugin=Plugin(timeout_aborts=False),
        shared_verdicts=True,
        all_mode_forgets_alternative=True,
        count_sum_wraps=patch <= 11,
        any_taint_blocks=True,
        sees_sharing=experimental,
        knows_derived_attributes=False,
        checks_node_operations=False,
        taint_rule_without_selector_matches=True,
        extended_resource_modelled=False,
    )


@_before_1_38
def _v1_35(patch: int, implementation: Implementation) -> Release:
    experimental = implementation is Implementation.EXPERIMENTAL
    return Release(
        version="",
        order=Order(fixed=False, late_pools=experimental, late_slices=experimental, combinations=False),
        gathering=Gathering(
            counters_everywhere=True,
            judges_incomplete=implementation is Implementation.STABLE,
            local_first=False,
            hides_compatibility_groups=False,
        ),
        counters=Counters(
            scope=CounterScope.POOL_NAME,
            leak=True,
            shares_consume=False,
            shares_known_by_id=False,
            marks_by_amount=True,
            all_mode_crashes=patch <= 5,
        ),
        capacity=CapacityRules(
            wraps=True,
            all_mode_by_room=True,
            gate_off=CapacityGateOff.REFUSED if experimental else CapacityGateOff.IGNORED,
        ),
        results=Results(
            tolerations=implementation is not Implementation.STABLE,
            claim_config_once=False,
            binds_to_node=experimental,
        ),
        distinct=DistinctRule.BY_REQUEST if experimental else DistinctRule.UNSUPPORTED,
        plugin=Plugin(score_fails_for_mixed_claims=patch <= 5, timeout_aborts=False),
        shared_verdicts=True,
        all_mode_forgets_alternative=True,
        count_sum_wraps=patch <= 8,
        sees_sharing=experimental,
        knows_derived_attributes=False,
        checks_node_operations=False,
        taint_rule_without_selector_matches=True,
    )


@_before_1_38
def _v1_36(patch: int, implementation: Implementation) -> Release:
    stable = implementation is Implementation.STABLE
    return Release(
        version="",
        order=Order(fixed=not stable, late_pools=not stable, combinations=not stable),
        gathering=Gathering(
            counters_everywhere=True, local_first=not stable, hides_compatibility_groups=False
        ),
        counters=Counters(
            scope=CounterScope.POOL_NAME if patch <= 3 else CounterScope.POOL,
            leak=patch <= 2,
            shares_consume=patch >= 2 and not stable,
            shares_known_by_id=False,
            marks_by_amount=True,
            all_mode_crashes=patch <= 1,
        ),
        capacity=CapacityRules(
            wraps=True,
            all_mode_by_room=True,
            gate_off=CapacityGateOff.IGNORED if stable else CapacityGateOff.REFUSED,
        ),
        results=Results(claim_config_once=False, binds_to_node=not stable),
        distinct=DistinctRule.UNSUPPORTED if stable else DistinctRule.BY_REQUEST,
        plugin=Plugin(score_fails_for_mixed_claims=patch <= 1),
        count_sum_wraps=True,
        sees_sharing=not stable,
        list_matches_stay_narrow=True,
        knows_derived_attributes=False,
        checks_node_operations=False,
        taint_rule_without_selector_matches=True,
    )


@_before_1_38
def _v1_37(patch: int, implementation: Implementation) -> Release:
    stable = implementation is Implementation.STABLE
    return Release(
        version="",
        order=Order(fixed=not stable, late_pools=not stable, combinations=not stable),
        gathering=Gathering(counters_everywhere=stable, local_first=not stable),
        counters=Counters(),
        capacity=CapacityRules(gate_off=CapacityGateOff.IGNORED if stable else CapacityGateOff.REFUSED),
        results=Results(binds_to_node=not stable),
        distinct=DistinctRule.UNSUPPORTED if stable else DistinctRule.BY_DEVICE,
        count_sum_wraps=patch == 0,
        sees_sharing=not stable,
        node_operations=implementation is Implementation.EXPERIMENTAL,
        taint_rule_without_selector_matches=patch == 0,
    )


def _v1_38(_patch: int, implementation: Implementation) -> Release:
    return Release(version="", node_operations=implementation is not Implementation.STABLE)


_MINORS: dict[str, _Minor] = {
    "1.34": _v1_34,
    "1.35": _v1_35,
    "1.36": _v1_36,
    "1.37": _v1_37,
    "1.38": _v1_38,
}

LATEST = release_for("1.37")
