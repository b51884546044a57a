"""The table of worths."""

from __future__ import annotations

from itertools import combinations_with_replacement, pairwise

import pytest

from extender.core.alignment.worths import DEFAULT_WORTHS, Row, Worths
from extender.core.topology.locations import Distance
from extender.core.topology.vocabulary import DeviceKind
from tests.paths import DOCS

ROW = Row(1.0, 0.9, 0.8, 0.7, 0.6, 0.5)
PAIRS = list(combinations_with_replacement(DeviceKind, 2))


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_default_worths_fall_with_distance(first: DeviceKind, second: DeviceKind) -> None:
    """Nearer is never worth less, the nearest is perfect, and remote costs something."""
    row = DEFAULT_WORTHS.row(first, second)
    worths = [row.worth(distance) for distance in Distance if distance is not Distance.UNKNOWN]
    assert all(near >= far for near, far in pairwise(worths))
    assert row.pcie_root == 1 > row.remote


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_unknown_is_neither_good_nor_bad(first: DeviceKind, second: DeviceKind) -> None:
    """Unknown lies between near and remote."""
    row = DEFAULT_WORTHS.row(first, second)
    assert row.remote < row.unknown < row.pcie_root


def test_row_by_distance() -> None:
    """Columns are in the order of the distances."""
    assert [ROW.worth(distance) for distance in Distance] == list(ROW)
    assert ROW.worth(Distance.REMOTE) == ROW.remote
    assert ROW.worth(Distance.UNKNOWN) == ROW.unknown


def test_a_site_replaces_the_table() -> None:
    """Pairs that are not listed take the row of all others."""
    table = Worths(ROW, {(DeviceKind.GPU, DeviceKind.NIC): Row(1.0, 1.0, 1.0, 1.0, 0.0, 0.5)})
    assert table.row(DeviceKind.GPU, DeviceKind.NIC).remote == 0.0
    assert table.row(DeviceKind.NIC, DeviceKind.CPU) is ROW


@pytest.mark.parametrize("worth", [-0.1, 1.1, float("nan")])
def test_a_worth_is_from_0_to_1(worth: float) -> None:
    """The error names the pair, the distance and the value."""
    with pytest.raises(ValueError, match=r"gpu-nic at numa is .*from 0 to 1"):
        Worths(ROW, {(DeviceKind.GPU, DeviceKind.NIC): ROW._replace(numa=worth)})
    with pytest.raises(ValueError, match=r"other pairs at numa"):
        Worths(ROW._replace(numa=worth), {})


def test_a_pair_has_one_spelling() -> None:
    """The error says how the pair is spelled."""
    with pytest.raises(ValueError, match="nic-gpu: the pair is spelled gpu-nic"):
        Worths(ROW, {(DeviceKind.NIC, DeviceKind.GPU): ROW})


def test_documented_table_is_the_table() -> None:
    """docs/alignment.md shows every worth there is, as it is."""
    documented: dict[str, Row] = {}
    for line in (DOCS / "alignment.md").read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 8 and cells[1][0].isdigit():
            for name in cells[0].split(", "):
                assert name not in documented
                documented[name] = Row(*map(float, cells[1:7]))
    assert documented.pop("all others") == DEFAULT_WORTHS.others
    assert documented == {f"{first}-{second}": row for (first, second), row in DEFAULT_WORTHS.pairs.items()}
