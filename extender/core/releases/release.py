"""
Kubernetes releases as data: which rules of the allocator are in force.

The search asks these switches and never compares version numbers. Each switch
is a row of the behaviour matrix in ``docs/prediction.md``. Defaults are those of
the newest release; ``history`` tells which release differs in what.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from extender.cel import Dialect

from .features import Features


class Implementation(StrEnum):
    """Upstream's allocators; the first that has every feature that is on does the work."""

    STABLE = "stable"
    INCUBATING = "incubating"
    EXPERIMENTAL = "experimental"


class CounterScope(StrEnum):
    """
    What has available counters of its own.

    ``SLICE``: each slice, with the sets it carries itself (1.34). ``POOL_NAME``:
    pools of one name, whatever the driver (1.35 to 1.36.3). ``POOL``: each pool.
    """

    SLICE = "slice"
    POOL_NAME = "pool-name"
    POOL = "pool"


class DistinctRule(StrEnum):
    """
    How ``distinctAttribute`` compares.

    ``UNSUPPORTED``: the claim is refused. ``NEVER_EQUAL``: values of two devices
    count as different (1.34 compares pointers). ``BY_REQUEST``: one value is
    remembered per request name (1.35 and 1.36). ``BY_DEVICE``: as documented.
    """

    UNSUPPORTED = "unsupported"
    NEVER_EQUAL = "never-equal"
    BY_REQUEST = "by-request"
    BY_DEVICE = "by-device"


class CapacityGateOff(StrEnum):
    """What becomes of a capacity request while consumable capacity is off."""

    REFUSED = "refused"
    IGNORED = "ignored"


@dataclass(frozen=True, slots=True)
class Order:
    """
    In which order devices are tried.

    ``fixed``: pools by driver and name, slices by name; else both are random.
    ``late_pools``, ``late_slices``: those that hold a device with binding
    conditions come after all others. ``combinations``: the next device of a
    request is looked for after the last one, else from the start again.
    """

    fixed: bool = True
    late_pools: bool = True
    late_slices: bool = False
    combinations: bool = True


@dataclass(frozen=True, slots=True)
class Gathering:
    """
    Which pools and slices count for a node.

    ``looks_elsewhere``: a pool that lacks slices on the node is completed by, or
    hidden for the newer generation of, slices elsewhere. ``invalid_is_fatal``:
    walking into an invalid pool aborts the attempt, else the pool is skipped.
    ``all_mode_aborts``: a request for all devices that meets an incomplete or invalid pool aborts
    the attempt, else the node only fails (from 1.38, pull request 141898).
    ``counters_apart``: counters are in slices without devices.
    ``counters_everywhere``: those count for every node.
    ``judges_incomplete``: an incomplete pool can be invalid, too (stable in 1.35).
    ``local_first``: slices of one node come before those for several.
    ``hides_compatibility_groups``: slices that use them are ignored while the
    feature is off.
    """

    looks_elsewhere: bool = True
    invalid_is_fatal: bool = False
    all_mode_aborts: bool = False
    counters_apart: bool = True
    counters_everywhere: bool = False
    judges_incomplete: bool = False
    local_first: bool = True
    hides_compatibility_groups: bool = True


@dataclass(frozen=True, slots=True)
class Counters:
    """
    Shared counters.

    ``leak``: a candidate rejected after its counters were taken keeps them, and so
    does an undone share (to 1.36.2, PR 140431). ``shares_consume``: devices
    allocated in shares consume counters (from 1.36.2, PR 139040).
    ``shares_known_by_id``: a further share of a device is free of charge even if
    no share recorded capacity (1.37, PR 140437). ``marks_by_amount``: within
    one attempt a device counts as shared while its shares take something (to 1.36).
    ``all_mode_crashes``: the scheduler dereferences a nil pool (to 1.36.1).
    """

    scope: CounterScope = CounterScope.POOL
    leak: bool = False
    shares_consume: bool = True
    shares_known_by_id: bool = True
    marks_by_amount: bool = False
    all_mode_crashes: bool = False


@dataclass(frozen=True, slots=True)
class CapacityRules:
    """
    Consumable capacity.

    ``wraps``: amounts beyond 64 bits wrap and negative ones pass, else both abort
    the attempt (1.37). ``all_mode_by_room``: requests for all devices leave out
    those without room left, else only those that are too small (1.37).
    ``rechecks_wrong_device``: the second look at a device's room is at another device of its slice,
    and crashes where there is none (1.34). ``rounds_negative``: a negative request is rounded as
    the policy says before anybody looks at its sign (to 1.37). ``scoped_names``: ``cap`` and
    ``<driver>/cap`` are one name, in slices, requests and allocated claims (from 1.38, pull request
    142202); else names are compared as they are spelled. ``shares_block``: who wants a device for
    itself does not get one that somebody has a share of (from 1.38, pull request 140798).
    """

    wraps: bool = False
    all_mode_by_room: bool = False
    gate_off: CapacityGateOff = CapacityGateOff.REFUSED
    rechecks_wrong_device: bool = False
    rounds_negative: bool = False
    scoped_names: bool = True
    shares_block: bool = True


@dataclass(frozen=True, slots=True)
class Comparison:
    """
    How constraints compare values.

    ``unusable_aborts``: a value that cannot be compared (a kind that is not known, no version where
    one should be, a list where lists are no sets) aborts the attempt, else it equals nothing (to
    1.37). ``by_precedence``: versions that differ in build metadata only are equal, else they are
    compared as texts (to 1.37).
    """

    unusable_aborts: bool = True
    by_precedence: bool = True


@dataclass(frozen=True, slots=True)
class Results:
    """
    What is written besides the devices.

    ``tolerations``: copied from the request. ``claim_config_once``: else once per
    request that it names; a list that names all requests becomes empty.
    ``binds_to_node``: such a device pins the claim to the node.
    """

    tolerations: bool = True
    claim_config_once: bool = True
    binds_to_node: bool = True


@dataclass(frozen=True, slots=True)
class Plugin:
    """
    The scheduler's plugin around the allocator.

    ``score_fails_for_mixed_claims``: scoring takes the position of a claim among all claims for that
    among those allocated in this attempt, and fails where the pod has both (1.35.0 to 1.35.5, 1.36.0
    and 1.36.1; pull request 139017). ``timeout_aborts``: an allocation that takes longer than
    the plugin's filter timeout aborts the attempt, else only the node is passed over (to 1.35).
    ``negative_amount_aborts``: where an allocated claim holds a negative amount of a capacity, every
    attempt for a pod with an unallocated claim is aborted (from 1.38).
    """

    score_fails_for_mixed_claims: bool = False
    timeout_aborts: bool = True
    negative_amount_aborts: bool = True


@dataclass(frozen=True, slots=True)
class Release:
    """
    The behaviour of one kube-scheduler version with one set of features.

    ``shared_verdicts``: if the first two alternatives ask for all devices, the second
    gets the first one's (to 1.35). ``all_mode_forgets_alternative``: after
    the first device of such an alternative the search goes on with the first
    alternative (to 1.35). ``count_sum_wraps``: two huge counts crash the
    scheduler. ``any_taint_blocks``: whatever its effect (1.34).
    ``sees_sharing``: selectors can read ``device.allowMultipleAllocations``.
    ``list_matches_stay_narrow``: an undone device does not widen the common
    values of a list attribute again (1.36 experimental). ``node_operations``:
    devices that skip node operations need feature and node; else the field is
    ignored. ``knows_derived_attributes``: requests with them are refused while
    the feature is off. ``extended_resource_modelled``: else pods that use the
    feature are unknown (1.34). ``checks_node_operations``: a claim whose devices skip
    node operations is not for nodes that do not know this (1.37).
    ``taint_rule_without_selector_matches``: every device, else none (from 1.37.1).
    """

    version: str
    features: Features = Features()
    cel: Dialect = field(default_factory=Dialect)
    order: Order = Order()
    gathering: Gathering = Gathering()
    counters: Counters = Counters()
    capacity: CapacityRules = CapacityRules()
    results: Results = Results()
    distinct: DistinctRule = DistinctRule.BY_DEVICE
    comparison: Comparison = Comparison()
    plugin: Plugin = Plugin()
    shared_verdicts: bool = False
    all_mode_forgets_alternative: bool = False
    count_sum_wraps: bool = False
    any_taint_blocks: bool = False
    sees_sharing: bool = True
    list_matches_stay_narrow: bool = False
    node_operations: bool = False
    knows_derived_attributes: bool = True
    extended_resource_modelled: bool = True
    checks_node_operations: bool = True
    taint_rule_without_selector_matches: bool = False

    @property
    def rechecks_wrong_device(self) -> bool:
        """Whether 1.34 looks for room on the wrong device: the fault is in the code of a feature."""
        return self.capacity.rechecks_wrong_device and self.features.consumable_capacity

    @property
    def minor(self) -> str:
        """``"1.36"``."""
        return self.version.rsplit(".", 1)[0]
