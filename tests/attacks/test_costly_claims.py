"""Claims that cost much to judge, in small; ``tests.attacks.costly_claims`` runs them in full."""

from __future__ import annotations

import pytest

from tests.attacks.costly_claims import above, attacks, run

WANTED = {attack.name: attack for attack in attacks()}
ALONE = 10.0
"""Seconds for an answer: the guard is one, and the machine has other work."""


@pytest.mark.parametrize("name", ["270 x 270", "200 x findAll", "16 containers", "500 containers"])
def test_the_others_are_served_meanwhile(tmp_path, name):
    """The request is answered, the next one at once or nearly so, and nobody else waits for a second."""
    result = run(tmp_path, 1, [WANTED[name]])[name]
    assert result.first < ALONE
    assert result.again < ALONE
    assert sum(result.scores.values()) == 24
    assert len(result.livez) > 10
    assert len(result.other) > 10
    assert result.livez[-1] < 1.0
    assert result.other[-1] < 1.0
    assert above(result.lag, 0.5) == 0
