"""Rewritten claims on Kubernetes' own allocator: none loses an allocation that the claim as written gets."""

from __future__ import annotations

import json

import pytest

from extender.cli.bench.fleet import fleet
from tests.oracle import soft_forms
from tests.oracle.releases import oracle_path

pytestmark = pytest.mark.skipif(oracle_path("1.36") is None, reason="the oracle of 1.36 is not built")


def rows(table):
    """What the two tables say, one after the other: claim, allocations with one root, all."""
    lines = [line.strip("| ").split(" | ") for line in table.splitlines() if line.startswith("|")]
    return [(cells[0], int(cells[3]), int(cells[4])) for cells in lines if cells[-1].isdigit()]


def test_no_form_loses_an_allocation_and_form_1_finds_all_aligned_pairs(tmp_path, capsys):
    path = tmp_path / "fleet.json"
    path.write_text(json.dumps(fleet(20)))
    assert soft_forms.main([str(path), "--nodes", "20", "--gpu-class", "gpu"]) == 0
    found = rows(capsys.readouterr().out)
    assert len(found) == 14
    for table in found[:7], found[7:]:
        of = {claim: (aligned, allocated) for claim, aligned, allocated in table}
        written_aligned, written = of["as written"]
        for claim, (aligned, allocated) in of.items():
            if claim.startswith("form"):
                assert allocated == written
                assert aligned >= written_aligned
        # What a hard constraint allocates is all that can be aligned.
        assert of["form 1, GPU first"][0] == of["hard constraint"][1] > written_aligned
