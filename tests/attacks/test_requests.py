"""The attacks on the listener in small; ``tests.attacks.fuzz`` and ``slow_clients`` run them in full."""

from __future__ import annotations

import random

import pytest

from tests.attacks import fuzz, slow_clients
from tests.attacks.service import bodies, serving, serving_live


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("attacked")) as running:
        yield running


def test_mutated_requests_get_designed_answers(service):
    """No crash, no 5xx, no long text, and good requests are answered as before; memory stays."""
    report = fuzz.run(service, 1500, seed=11)
    assert report.wrong == []
    assert report.flat
    assert {name.split()[0] for name in report.statuses} == set(bodies())
    assert {name.split()[1] for name in report.statuses} >= {"200", "400"}


def test_mutated_requests_on_a_live_cluster(tmp_path):
    """The same where pods are followed: what is made up is forgotten, and changes no answer."""
    with fuzz.api().serving() as server, serving_live(tmp_path, server) as running:
        report = fuzz.run(running, 600, seed=7, live=True)
    assert report.wrong == []
    assert report.flat


def test_a_seed_makes_the_same_requests():
    """So that a finding can be repeated."""
    body = bodies()["filter"][0]
    first, second = ([fuzz.mutated(random.Random(seed), body) for seed in range(50)] for _ in range(2))
    assert first == second
    assert len(set(first)) > 40


def test_the_scheduler_s_connection_is_served_beside_slow_clients(service):
    """More than the listener takes: not one request of the kept connection fails."""
    with slow_clients.crowd(service, 300):
        latency = slow_clients.measure(service, 100)
    assert latency.failed == 0
