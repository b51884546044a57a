"""People who ask for explanations of costly claims, in small; ``tests.attacks.beside_people`` is in full."""

from __future__ import annotations

from tests.attacks.beside_people import run


def test_the_scheduler_is_served_beside_people(tmp_path):
    """Explanations take seconds each, and meanwhile every answer to the scheduler comes in less than two."""
    result = run(tmp_path, 40, 3.0)
    assert result.explained > 0
    assert len(result.alone) > 10
    assert len(result.beside) > 10
    assert result.beside[-1] < 2.0
