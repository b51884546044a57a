"""Large bodies are answered, and leave nothing behind; the command that measures it runs."""

from __future__ import annotations

import re

from tests.attacks import memory

SMALL = [
    "--nodes",
    "40",
    "--connections",
    "8",
    "--mib",
    "2",
    "--names",
    "2000",
    "--rounds",
    "3",
    "--seconds",
    "1",
]


def test_large_bodies_leave_nothing_behind(capsys):
    """When as many bodies come again, the service holds as much at most as before, within a fifth."""
    assert memory.main(SMALL) == 0
    shown = capsys.readouterr().out
    held = [
        int(found) for found in re.findall(r"^8 of 8 bodies of 2\.0 MiB held +(\d+) MiB", shown, re.MULTILINE)
    ]
    (ordinary,) = re.findall(r"^after 200 pods +(\d+) MiB", shown, re.MULTILINE)
    # What the service has read of a body that is held depends on the machine; all is read once it is sent.
    peaks = re.findall(r"^bodies sent: .* at most +(\d+)", shown, re.MULTILINE)
    assert len(held) == len(peaks) == 3
    assert int(peaks[0]) >= int(ordinary) + 8, shown
    assert int(peaks[-1]) <= 1.2 * int(peaks[0]), shown


def test_a_large_body_has_the_size_that_was_asked_for():
    """It is filled up where there are few names, and has fewer names where they do not fit."""
    for names in (10, 10_000):
        assert len(memory.large_body(memory.MIB, names)) == memory.MIB
