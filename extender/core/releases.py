"""
Kubernetes releases as data: which rules of the allocator are in force.

The search asks these switches and never compares version numbers. Each switch
is a row of the behaviour matrix in ``docs/prediction.md``.

Source: k8s.io/dynamic-resource-allocation structured/internal/incubating at
v0.36.0 to v0.36.6; default gates: k8s.io/kubernetes pkg/features v1.36.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields, replace

from .cel import Dialect


@dataclass(frozen=True, slots=True)
class Features:
    """The allocator features that feature gates turn on."""

    admin_access: bool = True
    prioritized_list: bool = True
    partitionable_devices: bool = True
    device_taints: bool = True
    binding_conditions: bool = True
    consumable_capacity: bool = True
    extended_resource: bool = True


_FEATURE_NAMES = {
    "AdminAccess": "admin_access",
    "PrioritizedList": "prioritized_list",
    "PartitionableDevices": "partitionable_devices",
    "DeviceTaints": "device_taints",
    "DeviceBindingAndStatus": "binding_conditions",
    "ConsumableCapacity": "consumable_capacity",
}


def features_named(names: frozenset[str]) -> Features:
    """
    Exactly the allocator features in ``names`` (upstream's own names), no others.

    Raises ``ValueError`` listing the known names when one is not known.
    """
    unknown = sorted(names - _FEATURE_NAMES.keys())
    if unknown:
        raise ValueError(f"unknown features {', '.join(unknown)}; known: {', '.join(_FEATURE_NAMES)}")
    off = dict.fromkeys((field.name for field in fields(Features)), False)
    return Features(**{**off, **{_FEATURE_NAMES[name]: True for name in names}})


@dataclass(frozen=True, slots=True)
class Release:
    """
    The behaviour of one kube-scheduler version.

    ``counter_books_by_pool_name``: two drivers with one pool name share counter
    books (to 1.36.3, PR 140435). ``counters_leak``: a candidate rejected after
    its counters were taken keeps them, and so does an undone share (to 1.36.2,
    PR 140431). ``shares_consume_counters``: devices allocated in shares count in
    the books (from 1.36.2, PR 139040). ``all_mode_with_counters_crashes``: the
    scheduler dereferences a nil pool (to 1.36.1).
    """

    version: str
    features: Features = Features()
    cel: Dialect = Dialect()
    counter_books_by_pool_name: bool = False
    counters_leak: bool = False
    shares_consume_counters: bool = True
    all_mode_with_counters_crashes: bool = False

    def with_features(self, features: Features) -> Release:
        """The same release with other gates."""
        return replace(self, features=features)


def _release_1_36(patch: int) -> Release:
    return Release(
        version=f"1.36.{patch}",
        counter_books_by_pool_name=patch <= 3,
        counters_leak=patch <= 2,
        shares_consume_counters=patch >= 2,
        all_mode_with_counters_crashes=patch <= 1,
    )


RELEASES: dict[str, Release] = {
    release.version: release for release in (_release_1_36(patch) for patch in range(7))
}
LATEST = RELEASES["1.36.6"]


class UnknownRelease(ValueError):
    """A Kubernetes version whose allocator is not modelled."""


def release_for(version: str) -> Release:
    """
    The release for ``"1.36"`` (its newest patch known here) or ``"1.36.2"``.

    A leading ``v`` and suffixes such as ``-gke.100`` or ``+rke2`` are ignored; a
    patch newer than any known behaves like the newest known. Raises
    ``UnknownRelease`` saying what is supported.
    """
    match = re.fullmatch(r"v?(\d+)\.(\d+)(?:\.(\d+))?(?:[-+].*)?", version.strip())
    minors: dict[str, list[Release]] = {}
    for release in RELEASES.values():
        minors.setdefault(release.version.rsplit(".", 1)[0], []).append(release)
    known = minors.get(f"{match[1]}.{match[2]}") if match else None
    if match is None or known is None:
        raise UnknownRelease(
            f"Kubernetes {version!r} is not supported; supported: {', '.join(sorted(minors))} "
            "(give a minor such as 1.36 or a patch such as 1.36.2)"
        )
    patch = len(known) - 1 if match[3] is None else min(int(match[3]), len(known) - 1)
    return known[patch]
