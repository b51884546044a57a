"""
Kubernetes feature gates: which exist in a minor, their defaults, what they turn on.

Source: k8s.io/kubernetes pkg/features/kube_features.go v1.34.4, v1.35.4, v1.36.3,
v1.37.2, v1.38.0-beta.0; pkg/scheduler/framework/plugins/feature/feature.go.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

from .features import Features

MINORS = ("1.34", "1.35", "1.36", "1.37", "1.38")


@dataclass(frozen=True, slots=True)
class FeatureGate:
    """
    ``field`` of ``Features``; ``defaults`` by minor, where the gate exists.

    ``locked``: minors in which it is on for good.
    """

    field: str
    defaults: Mapping[str, bool]
    locked: tuple[str, ...] = ()


def _from(minor: str, *defaults: bool) -> Mapping[str, bool]:
    return dict(zip(MINORS[MINORS.index(minor) :], defaults, strict=True))


FEATURE_GATES: dict[str, FeatureGate] = {
    "DRAAdminAccess": FeatureGate(
        "admin_access", _from("1.34", True, True, True, True, True), locked=("1.36", "1.37", "1.38")
    ),
    "DRAConsumableCapacity": FeatureGate(
        "consumable_capacity", _from("1.34", False, False, True, True, True)
    ),
    "DRADerivedAttributes": FeatureGate("derived_attributes", _from("1.37", False, False)),
    "DRADeviceBindingConditions": FeatureGate(
        "binding_conditions", _from("1.34", False, False, True, True, True), locked=("1.38",)
    ),
    "DRADeviceCompatibilityGroups": FeatureGate("compatibility_groups", _from("1.37", False, False)),
    "DRADeviceTaintRules": FeatureGate(
        "device_taint_rules", _from("1.35", False, False, True, True), locked=("1.38",)
    ),
    "DRADeviceTaints": FeatureGate(
        "device_taints", _from("1.34", False, False, True, True, True), locked=("1.38",)
    ),
    "DRAExtendedResource": FeatureGate(
        "extended_resource", _from("1.34", False, False, True, True, True), locked=("1.37", "1.38")
    ),
    # In 1.37 on by default only where the minimum compatibility version is 1.37 too.
    "DRAFractionalCapacityRange": FeatureGate("fractional_capacity_range", _from("1.37", False, True)),
    "DRAListTypeAttributes": FeatureGate("list_type_attributes", _from("1.36", False, False, False)),
    "DRANodeAllocatableResources": FeatureGate(
        "node_allocatable_resources", _from("1.36", False, False, False)
    ),
    "DRAOptionalNodeOperations": FeatureGate("optional_node_operations", _from("1.37", False, False)),
    "DRAPartitionableDevices": FeatureGate(
        "partitionable_devices", _from("1.34", False, False, True, True, True), locked=("1.38",)
    ),
    "DRAPrioritizedList": FeatureGate(
        "prioritized_list", _from("1.34", True, True, True, True, True), locked=("1.37", "1.38")
    ),
    "DRAResourceClaimDeviceStatus": FeatureGate(
        "device_status", _from("1.34", True, True, True, True, True), locked=("1.37", "1.38")
    ),
    "DRAWorkloadResourceClaims": FeatureGate("workload_claims", _from("1.36", False, False, False)),
}
"""The gates that decide about predictions, by name."""


class WrongGate(ValueError):
    """A feature gate that is not modelled for the release, or that it does not let anyone change."""


def features_of(minor: str, gates: Mapping[str, bool] | None = None) -> Features:
    """
    The features of a minor with its defaults, changed by ``gates``.

    Raises ``WrongGate`` for a name that is not modelled for the minor, listing
    those that are, and for turning off one that is locked.
    """
    known = {name: gate for name, gate in FEATURE_GATES.items() if minor in gate.defaults}
    chosen = {gate.field: gate.defaults[minor] for gate in known.values()}
    for name, value in (gates or {}).items():
        gate = known.get(name)
        if gate is None:
            raise WrongGate(
                f"feature gate {name!r} is not modelled for Kubernetes {minor}, and what it changes is not "
                f"known here; those that are modelled: {', '.join(sorted(known))}"
            )
        if minor in gate.locked and value is not gate.defaults[minor]:
            raise WrongGate(f"feature gate {name} is locked to {gate.defaults[minor]} in Kubernetes {minor}")
        chosen[gate.field] = value
    if minor == "1.34":
        chosen["device_taint_rules"] = chosen["device_taints"]
    return Features(**{field.name: chosen.get(field.name, False) for field in fields(Features)})


def parse_gates(text: str) -> dict[str, bool]:
    """
    Parse ``"DRAFoo=true,DRABar=false"``, as the flag of the Kubernetes commands takes it.

    Raises ``WrongGate`` naming the part that is no such pair.
    """
    gates: dict[str, bool] = {}
    for part in filter(None, (each.strip() for each in text.split(","))):
        name, equals, value = part.partition("=")
        if not equals or value.strip().lower() not in ("true", "false"):
            raise WrongGate(f"{part!r} is not NAME=true or NAME=false")
        gates[name.strip()] = value.strip().lower() == "true"
    return gates
