"""Large bodies are answered, and leave nothing more behind each time; the command that measures it runs."""

from __future__ import annotations

import re

from tests.attacks import memory

SMALL = ["--nodes", "40", "--connections", "8", "--mib", "2", "--names", "2000", "--seconds", "1"]


def test_large_bodies_leave_nothing_more_behind(capsys):
    """The second round ends within a fifth of the first: what is kept is the allocator's, and used again."""
    assert memory.main(SMALL) == 0
    shown = capsys.readouterr().out
    resident = [int(found) for found in re.findall(r"(\d+) MiB, at most", shown)]
    _, before, held, _, first, _, _, second = resident
    assert shown.count("8 of 8 bodies of 2.0 MiB held") == 2
    assert held >= before + 8, shown
    assert second <= 1.2 * first, shown


def test_a_large_body_has_the_size_that_was_asked_for():
    """It is filled up where there are few names, and has fewer names where they do not fit."""
    for names in (10, 10_000):
        assert len(memory.large_body(memory.MIB, names)) == memory.MIB
