"""Names of capacities with and without the driver's own domain."""

from __future__ import annotations

import pytest

from extender.core.cluster.scoped_names import scoped, spelling

DRIVER = "gpu.example.com"


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ((), ()),
        ((("memory", 1),), (("memory", 1),)),
        ((("gpu.example.com/memory", 1),), (("memory", 1),)),
        ((("gpu.example.com/memory", 1), ("memory", 2)), (("memory", 1),)),
        ((("foreign.example.com/memory", 1), ("memory", 2)),) * 2,
        ((("gpu.example.com/b", 1), ("a", 2)), (("a", 2), ("b", 1))),
    ],
)
def test_one_name_for_both_spellings(entries, expected):
    """The qualified one wins; other domains stay names of their own."""
    assert scoped(DRIVER, entries) == expected
    assert scoped(DRIVER, scoped(DRIVER, entries)) == expected


def test_results_are_spelled_as_the_slice_does():
    """Drivers look their capacities up in the claim as they publish them."""
    published = (("cores", 1), ("gpu.example.com/memory", 1), ("memory", 2))
    assert spelling(DRIVER, "memory", published) == "gpu.example.com/memory"
    assert spelling(DRIVER, "cores", published) == "cores"
    assert spelling(DRIVER, "other.example.com/memory", published) == "other.example.com/memory"
