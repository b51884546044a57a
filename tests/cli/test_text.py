"""Columns, widths and short lists of names."""

from __future__ import annotations

import pytest

from extender.cli.demo.table import short_names
from extender.cli.text import columns, terminal_width


def test_cells_stand_below_each_other():
    """Each column is as wide as its widest cell, numbers are aligned to the right."""
    assert list(columns([["node", "n"], ["a", "10"]], right=(1,))) == ["node   n", "a     10"]


def test_lines_have_no_trailing_space():
    """Padding of the last column is left out."""
    assert list(columns([["a", "long"], ["b", ""]])) == ["a  long", "b"]


def test_the_terminal_sets_the_width(monkeypatch):
    """COLUMNS is obeyed down to 60."""
    monkeypatch.setenv("COLUMNS", "132")
    assert terminal_width() == 132
    monkeypatch.setenv("COLUMNS", "20")
    assert terminal_width() == 60


@pytest.mark.parametrize(
    ("names", "text"),
    [
        ([], ""),
        (["gpu-0"], "gpu-0"),
        (["gpu-0", "gpu-1", "gpu-2", "nic-0"], "gpu-0..2, nic-0"),
        (["gpu-1", "gpu-0"], "gpu-1, gpu-0"),
        (["gpu-1", "gpu-3"], "gpu-1, gpu-3"),
        (["cpudevnuma000", "cpudevnuma001"], "cpudevnuma000..1"),
        (["gpu-9", "gpu-10", "gpu-11"], "gpu-9..11"),
        (["pci-0000-3d-00-0", "pci-0000-3e-00-0"], "pci-0000-3d-00-0, pci-0000-3e-00-0"),
        (["hsn", "hsn"], "hsn, hsn"),
    ],
)
def test_runs_of_names_are_shortened(names, text):
    """Successive numbers of one stem become a range; the order is kept."""
    assert short_names(names) == text
