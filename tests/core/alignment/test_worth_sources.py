"""The sources that reports cite are those of docs/alignment.md."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import combinations_with_replacement

from extender.core.alignment.worth_sources import DRANET, HAMI, KUBECON, SLIT, SOURCES, Basis, source_of
from extender.core.alignment.worths import DEFAULT_WORTHS, Row
from extender.core.topology.vocabulary import DeviceKind
from tests.paths import DOCS

PAGE = (DOCS / "alignment.md").read_text()
ROWS = re.findall(r"^\| ([a-z, -]+) \|(?: [\d.]+ \|){6} (measured|assumed)(.*) \|$", PAGE, re.MULTILINE)
CITED = {KUBECON: "1", DRANET: "2", SLIT: "3", HAMI: "4"}


def test_every_row_of_the_page_has_its_source_here():
    """The same basis, and the same publications by number."""
    documented = {
        kinds: (basis, set(re.findall(r"\d", why)))
        for names, basis, why in ROWS
        for kinds in names.split(", ")
        if names != "all others"
    }
    assert documented == {
        kinds: (source.basis.value, {CITED[each] for each in source.said_by if each in CITED})
        for kinds, source in SOURCES.items()
    }


def test_every_pair_of_kinds_has_a_source():
    """Pairs with a row of worths have their own, all others are assumed."""
    for first, second in combinations_with_replacement(DeviceKind, 2):
        kinds = f"{first}-{second}"
        assert (kinds in SOURCES) == ((first, second) in DEFAULT_WORTHS.pairs)
        assert source_of(kinds).said_by
    assert source_of("nic-other").basis is Basis.ASSUMED


def test_a_row_of_the_site_is_not_from_the_publications():
    """Only where it differs; what the site leaves as it is keeps its source."""
    row = Row(1.0, 1.0, 0.9, 0.8, 0.2, 0.5)
    worths = replace(DEFAULT_WORTHS, pairs={**DEFAULT_WORTHS.pairs, (DeviceKind.GPU, DeviceKind.NIC): row})
    assert source_of("gpu-nic", worths).basis is Basis.SITE
    assert source_of("nic-cpu", worths).basis is Basis.MEASURED
