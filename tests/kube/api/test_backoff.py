"""Waits between attempts."""

from __future__ import annotations

from extender.kube.api.backoff import Backoff


def test_bounds_double_up_to_the_most():
    """Full jitter: anything between zero and the bound."""
    most = Backoff(lambda: 1.0, first_seconds=0.1, most_seconds=1.0)
    assert [most.next() for _ in range(6)] == [0.1, 0.2, 0.4, 0.8, 1.0, 1.0]
    least = Backoff(lambda: 0.0)
    assert [least.next() for _ in range(3)] == [0.0, 0.0, 0.0]


def test_reset():
    """After a success it begins again."""
    backoff = Backoff(lambda: 1.0)
    assert (backoff.next(), backoff.next()) == (0.1, 0.2)
    backoff.reset()
    assert backoff.next() == 0.1


def test_at_least():
    """What the server asks for is a lower bound, itself bounded."""
    backoff = Backoff(lambda: 1.0)
    assert [backoff.next(5.0), backoff.next(0.0), backoff.next(3600.0)] == [5.0, 0.2, 10.0]
