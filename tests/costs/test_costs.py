"""The measurement of costs runs, on a small fleet."""

from __future__ import annotations

from tests.costs.__main__ import main


def test_it_measures_what_it_names(capsys):
    """Each size has a column, each cost a row with amounts above zero."""
    assert main(["--nodes", "20,40", "--repeats", "1", "--batch", "1"]) == 0
    heading, *rows = capsys.readouterr().out.splitlines()
    assert heading.split() == ["unit", "20", "nodes", "40", "nodes"]
    assert {row.partition(":")[0] for row in rows} > {"event", "first pod"}
    assert all(float(amount) > 0 for row in rows for amount in row.split()[-2:] if "memory" not in row)
