"""The table of worths."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import combinations_with_replacement, pairwise

import pytest

from extender.core.alignment.worths import (
    DEFAULT_WORTHS,
    DRANET,
    HAMI,
    KUBECON,
    SLIT,
    WITH_COLUMN,
    Basis,
    WorthRow,
    Worths,
)
from extender.core.topology.locations import Distance
from extender.core.topology.vocabulary import DeviceKind
from tests.paths import DOCS

ROW = WorthRow(1.0, 0.9, 0.8, 0.7, 0.6, 0.5)
PAIRS = list(combinations_with_replacement(DeviceKind, 2))
TABLE = WITH_COLUMN
PAGE = (DOCS / "alignment.md").read_text()
SECTION = PAGE.partition("\n## Worths\n")[2].partition("\n## ")[0]
NOTES = {KUBECON: "1", DRANET: "2", SLIT: "3", HAMI: "the order of 4"}
"""How the page cites a publication: by the number of the note below its table."""


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_default_worths_fall_with_distance(first, second):
    """Nearer is never worth less, the nearest is perfect, and remote costs something."""
    row = DEFAULT_WORTHS.row(first, second)
    worths = [row.worth(distance) for distance in TABLE if distance is not Distance.UNKNOWN]
    assert all(near >= far for near, far in pairwise(worths))
    assert row.pcie_root == 1 > row.remote


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_unknown_is_neither_good_nor_bad(first, second):
    """Unknown lies between near and remote."""
    row = DEFAULT_WORTHS.row(first, second)
    assert row.remote < row.unknown < row.pcie_root


def test_row_by_distance():
    """Columns are in the order of the distances."""
    assert [ROW.worth(distance) for distance in TABLE] == [1.0, 0.9, 0.8, 0.7, 0.6, 0.5]
    assert ROW.by_distance == (*ROW.known, ROW.unknown)
    assert ROW.worth(Distance.REMOTE) == ROW.remote
    assert ROW.worth(Distance.UNKNOWN) == ROW.unknown


def test_a_site_replaces_the_table():
    """Pairs that are not listed take the row of all others."""
    table = Worths(ROW, {(DeviceKind.GPU, DeviceKind.NIC): WorthRow(1.0, 1.0, 1.0, 1.0, 0.0, 0.5)})
    assert table.row(DeviceKind.GPU, DeviceKind.NIC).remote == 0.0
    assert table.row(DeviceKind.NIC, DeviceKind.CPU) is ROW


@pytest.mark.parametrize("worth", [-0.1, 1.1, float("nan")])
def test_a_worth_is_from_0_to_1(worth):
    """The error names the pair, the distance and the value."""
    with pytest.raises(ValueError, match=r"gpu-nic at numa is .*from 0 to 1"):
        Worths(ROW, {(DeviceKind.GPU, DeviceKind.NIC): replace(ROW, numa=worth)})
    with pytest.raises(ValueError, match=r"other pairs at numa"):
        Worths(replace(ROW, numa=worth), {})


def test_a_pair_has_one_spelling():
    """The error says how the pair is spelled."""
    with pytest.raises(ValueError, match="nic-gpu: the pair is spelled gpu-nic"):
        Worths(ROW, {(DeviceKind.NIC, DeviceKind.GPU): ROW})


def documented(names: str, row: WorthRow) -> str:
    """A row as docs/alignment.md shows it."""
    worths = " | ".join(f"{worth:g}" for worth in row.by_distance)
    sources = ", ".join(NOTES.get(source, source) for source in row.sources)
    return f"| {names} | {worths} | {row.basis}: {sources} |"


def test_the_page_shows_the_table():
    """docs/alignment.md shows every row: its pairs, its worths, their basis and sources, and no other."""
    names: dict[WorthRow, list[str]] = {}
    for (first, second), row in DEFAULT_WORTHS.pairs.items():
        names.setdefault(row, []).append(f"{first}-{second}")
    names[DEFAULT_WORTHS.others] = ["all others"]
    shown = re.findall(r"^\|(?: [^|]+ \|)(?: [\d.]+ \|){6} [^|]+ \|$", SECTION, re.MULTILINE)
    assert sorted(shown) == sorted(documented(", ".join(pairs), row) for row, pairs in names.items())


def test_the_page_names_the_publications():
    """Each note below the table is about the publication that the code cites by that number."""
    section = SECTION.replace("`", "")
    notes = dict(re.findall(r"^(\d)\. (.*(?:\n {3}.*)*)", section, re.MULTILINE))
    assert len(notes) == len(NOTES)
    for publication, number in NOTES.items():
        assert publication.removeprefix("order of ") in " ".join(notes[number[-1]].split())


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_every_row_has_an_origin(first, second):
    """Measured rows cite publications, and no built-in row is a site's."""
    row = DEFAULT_WORTHS.row(first, second)
    assert row.sources
    assert row.basis is not Basis.SITE
    assert (row.basis is Basis.MEASURED) == all(source in (KUBECON, DRANET, SLIT) for source in row.sources)


def test_a_row_without_an_origin_is_the_sites():
    """What somebody else makes does not pass for a publication's."""
    assert ROW.basis is Basis.SITE


def test_a_row_is_found_by_the_name_of_its_pair():
    """As pairs and reports spell it; a name that is no kind is an error."""
    assert DEFAULT_WORTHS.row_of("gpu-nic") is DEFAULT_WORTHS.row(DeviceKind.GPU, DeviceKind.NIC)
    assert DEFAULT_WORTHS.row_of("nic-other") is DEFAULT_WORTHS.others
    with pytest.raises(ValueError, match="fpga"):
        DEFAULT_WORTHS.row_of("gpu-fpga")
