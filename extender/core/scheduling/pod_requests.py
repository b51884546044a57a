"""
How much of a node a pod takes.

Amounts are in units of 10^-9, exact, by resource name.

Source: k8s.io/component-helpers resource/helpers.go: PodRequests, AggregateContainerRequests,
determineEffectiveRequests, v0.34 to v0.36, and aggregateContainerResourcesByFn, v0.37.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from extender.model.scheduling import Amounts, ContainerResources, PodResources

from .rules import SchedulingRules

NanoAmounts = dict[str, int]
_Defaults = Mapping[str, int]
_NONE: _Defaults = {}


def pod_requests(
    resources: PodResources,
    rules: SchedulingRules,
    *,
    status: bool,
    pod_level: bool = True,
    defaults: _Defaults = _NONE,
) -> NanoAmounts:
    """
    The pod's requests, overhead included.

    ``status``: count what the kubelet allocated, too (``UseStatusResources``). ``pod_level``: what the pod
    as a whole requests takes the place of its containers' sum. ``defaults`` stand in for requests that a
    container does not have (``NonMissingContainerRequests``).
    """
    requests = _containers(resources, rules, defaults, status=status)
    if pod_level and has_pod_level_requests(resources):
        requests |= _pod_level(resources, rules, status=status)
    _add(requests, _nanos(resources.overhead))
    return requests


def has_pod_level_requests(resources: PodResources) -> bool:
    """``IsPodLevelRequestsSet``."""
    return any(_supported(name) for name, _ in resources.pod_requests)


def _supported(name: str) -> bool:
    return name in ("cpu", "memory") or name.startswith("hugepages-")


def _pod_level(resources: PodResources, rules: SchedulingRules, *, status: bool) -> NanoAmounts:
    spec = _nanos(resources.pod_requests)
    if not (rules.pod_level_resize and status and resources.pod_reported):
        return {name: amount for name, amount in spec.items() if _supported(name)}
    states = [_nanos(resources.pod_actual), _nanos(resources.pod_allocated)]
    if not resources.resize_infeasible:
        states.append(spec)
    effective = _greatest(states)
    if rules.resize_by_state:
        return {name: amount for name, amount in effective.items() if _supported(name)}
    return {name: effective.get(name, 0) for name in spec if _supported(name)}


def _containers(
    resources: PodResources, rules: SchedulingRules, defaults: _Defaults, *, status: bool
) -> NanoAmounts:
    infeasible = resources.resize_infeasible
    if not status:
        return _aggregate(resources, defaults, _spec, _spec)
    if not rules.resize_by_state:
        of_sidecar_or_container = _allocated_infeasible if infeasible else _greatest_state
        return _aggregate(resources, defaults, of_sidecar_or_container, _spec)
    of_pod = (resources.pod_allocated, resources.pod_actual)
    if rules.pod_level_resize and resources.pod_reported and None not in of_pod:
        states = [_nanos(state) for state in of_pod]
    else:
        allocated, actual = (_allocated, _actual) if not infeasible else (_only_allocated, _only_actual)
        states = [
            _aggregate(resources, defaults, allocated, allocated),
            _aggregate(resources, defaults, actual, actual),
        ]
    if not infeasible:
        states.append(_aggregate(resources, defaults, _spec, _spec))
    return _greatest(states)


def _aggregate(
    resources: PodResources,
    defaults: _Defaults,
    of_long_lived: Callable[[ContainerResources], NanoAmounts],
    of_short_lived: Callable[[ContainerResources], NanoAmounts],
) -> NanoAmounts:
    """Containers and sidecars add up; an init container needs room beside the sidecars before it."""
    total: NanoAmounts = {}
    for container in resources.containers:
        _add(total, {**defaults, **of_long_lived(container)})
    sidecars: NanoAmounts = {}
    peak: NanoAmounts = {}
    for container in resources.init_containers:
        if container.restartable:
            needed = {**defaults, **of_long_lived(container)}
            _add(total, needed)
            _add(sidecars, needed)
            at_once = sidecars
        else:
            at_once = {**defaults, **of_short_lived(container)}
            _add(at_once, sidecars)
        peak = _greatest((peak, at_once))
    return _greatest((total, peak))


def _spec(container: ContainerResources) -> NanoAmounts:
    return _nanos(container.requests)


def _greatest_state(container: ContainerResources) -> NanoAmounts:
    if not container.reported:
        return _spec(container)
    return _greatest((_spec(container), _nanos(container.actual), _nanos(container.allocated)))


def _allocated_infeasible(container: ContainerResources) -> NanoAmounts:
    if not container.reported:
        return _spec(container)
    return _greatest((_nanos(container.actual), _nanos(container.allocated)))


def _allocated(container: ContainerResources) -> NanoAmounts:
    return _spec(container) if container.allocated is None else _nanos(container.allocated)


def _only_allocated(container: ContainerResources) -> NanoAmounts:
    return _nanos(container.allocated)


def _actual(container: ContainerResources) -> NanoAmounts:
    return _allocated(container) if container.actual is None else _nanos(container.actual)


def _only_actual(container: ContainerResources) -> NanoAmounts:
    return _nanos(container.allocated if container.actual is None else container.actual)


def _nanos(amounts: Amounts | None) -> NanoAmounts:
    return {name: quantity.nanos for name, quantity in amounts or ()}


def _add(total: NanoAmounts, more: Mapping[str, int]) -> None:
    for name, amount in more.items():
        total[name] = total.get(name, 0) + amount


def _greatest(lists: Iterable[Mapping[str, int]]) -> NanoAmounts:
    result: NanoAmounts = {}
    for each in lists:
        for name, amount in each.items():
            if name not in result or amount > result[name]:
                result[name] = amount
    return result
