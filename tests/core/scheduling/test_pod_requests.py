"""How much of a node a pod takes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from extender.core.scheduling.pod_requests import pod_requests
from extender.core.scheduling.rules import RULES
from extender.model.quantity import parse_quantity
from extender.model.scheduling import ContainerResources, PodResources

NEWEST = RULES["1.38"]
CPU = 10**9


def asks(cpu, **fields):
    return ContainerResources((("cpu", parse_quantity(cpu)),), **fields)


def cpu_of(resources, rules=NEWEST, **options):
    return pod_requests(resources, rules, **({"status": False} | options)).get("cpu", 0) / CPU


def test_containers_add_up():
    """They run side by side."""
    assert cpu_of(PodResources((asks("1"), asks("500m")))) == 1.5


@pytest.mark.parametrize(("init", "total"), [("500m", 1), ("3", 3)])
def test_init_containers_take_turns(init, total):
    """What counts is the greater of the neediest init container and of all containers."""
    assert cpu_of(PodResources((asks("1"),), (asks(init), asks(init)))) == total


def test_sidecars_stay():
    """A sidecar runs beside the containers and beside the init containers after it."""
    sidecar = asks("1", restartable=True)
    assert cpu_of(PodResources((asks("1"),), (sidecar, asks("2")))) == 3
    assert cpu_of(PodResources((asks("1"),), (asks("2"), sidecar))) == 2


def test_overhead_is_added():
    assert cpu_of(PodResources((asks("1"),), overhead=(("cpu", parse_quantity("250m")),))) == 1.25


def test_pod_level_requests_take_over():
    """They stand in for CPU, memory and huge pages, and for nothing else."""
    pod = PodResources(
        (asks("1"),),
        pod_requests=(("cpu", parse_quantity("3")), ("example.com/gpu", parse_quantity("8"))),
    )
    assert cpu_of(pod) == 3
    assert cpu_of(pod, pod_level=False) == 1
    assert "example.com/gpu" not in pod_requests(pod, NEWEST, status=False)


def test_defaults_for_what_is_missing():
    """A request of 0 is not missing."""
    pod = PodResources((ContainerResources(), asks("0"), asks("2")))
    assert cpu_of(pod, defaults={"cpu": CPU // 10}) == 2.1


@pytest.mark.parametrize("minor", RULES)
def test_resize_counts_the_greatest(minor):
    """While a container is resized, the greatest of wish, allocation and state counts, if asked for."""
    resized = asks("1", allocated=(("cpu", parse_quantity("2")),), actual=(), reported=True)
    pod = PodResources((resized,))
    assert cpu_of(pod, RULES[minor], status=True) == 2
    assert cpu_of(pod, RULES[minor]) == 1


@pytest.mark.parametrize("minor", RULES)
def test_a_refused_resize_does_not_count(minor):
    """Of a resize that cannot be, the wish is left out."""
    wish = asks("9", allocated=(("cpu", parse_quantity("2")),), actual=(), reported=True)
    pod = PodResources((wish,), resize_infeasible=True)
    assert cpu_of(pod, RULES[minor], status=True) == 2
    assert cpu_of(replace(pod, resize_infeasible=False), RULES[minor], status=True) == 9
