"""People who ask for explanations of costly claims, in small; ``tests.attacks.beside_people`` is in full."""

from __future__ import annotations

from tests.attacks.beside_people import run


def test_the_scheduler_is_served_beside_people(tmp_path):
    """Explanations are made, and meanwhile no answer to the scheduler takes a second."""
    result = run(tmp_path, 40, 3.0)
    assert result.explained > 0
    assert len(result.alone) > 10
    assert len(result.beside) > 10
    assert result.beside[-1] < 1.0
