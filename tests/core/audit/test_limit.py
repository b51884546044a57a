"""No choice of devices is aligned better than the limit."""

from __future__ import annotations

from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

import extender.core.audit.limit as limits
from extender.core.alignment.bounds import highest, lowest
from extender.core.alignment.pairs import align
from extender.core.alignment.worths import DEFAULT_WORTHS
from extender.core.topology.locations import Location
from extender.core.topology.vocabulary import DeviceKind

KINDS = (DeviceKind.GPU, DeviceKind.NIC, DeviceKind.CPU)


@st.composite
def machines(draw):
    """Places on a small machine whose drivers tell more or less."""
    locations = []
    for device in range(draw(st.integers(2, 7))):
        numa = draw(st.integers(-1, 2))
        root = draw(st.integers(0, 1)) + 2 * numa if numa >= 0 and draw(st.booleans()) else -1
        socket = numa // 2 if numa >= 0 and draw(st.booleans()) else -1
        locations.append(Location(draw(st.sampled_from(KINDS)), device, root, numa, socket))
    return locations


@settings(deadline=None, max_examples=60)
@given(machines(), st.integers(2, 4))
def test_the_limit_holds_for_every_choice(locations, count):
    """Of all choices with the same numbers of each kind, none is above."""
    best: dict[tuple[int, ...], float] = {}
    for choice in combinations(locations, min(count, len(locations))):
        wanted = tuple(sum(location.kind is kind for location in choice) for kind in KINDS)
        best[wanted] = max(best.get(wanted, 0.0), lowest(align(choice)))
    by_kind = {kind: [location for location in locations if location.kind is kind] for kind in KINDS}
    for wanted, found in best.items():
        assert found <= limits._limit(dict(zip(KINDS, wanted, strict=True)), by_kind, DEFAULT_WORTHS) + 1e-9


def test_the_limit_is_reached_on_a_plain_machine():
    """Four GPUs with four NICs on one of two NUMA nodes: three steps within the node, four shared roots."""
    gpus = [Location(DeviceKind.GPU, n, n, n // 4, n // 4) for n in range(8)]
    nics = [Location(DeviceKind.NIC, 8 + n, n, n // 4, n // 4) for n in range(8)]
    limit = limits._limit(
        {DeviceKind.GPU: 4, DeviceKind.NIC: 4}, {DeviceKind.GPU: gpus, DeviceKind.NIC: nics}, DEFAULT_WORTHS
    )
    assert abs(limit - lowest(align([*gpus[:4], *nics[:4]]))) < 1e-9


def test_five_devices_have_to_leave_a_group_of_four():
    """The chain takes one step to the other socket, and no more."""
    gpus = [Location(DeviceKind.GPU, n, -1, n // 4, n // 4) for n in range(8)]
    limit = limits._limit({DeviceKind.GPU: 5}, {DeviceKind.GPU: gpus}, DEFAULT_WORTHS)
    row = DEFAULT_WORTHS.row(DeviceKind.GPU, DeviceKind.GPU)
    assert abs(limit - (3 * row.numa + row.remote) / 4) < 1e-9


def test_worths_never_rise_with_distance():
    """What the limit of a chain rests on."""
    for row in (DEFAULT_WORTHS.others, *DEFAULT_WORTHS.pairs.values()):
        assert list(row.known) == sorted(row.known, reverse=True)


@settings(deadline=None, max_examples=60)
@given(machines())
def test_an_alignment_lies_between_its_bounds(locations):
    """With all distances known they are the same."""
    alignment = align(locations)
    if alignment.predicted is not None:
        assert lowest(alignment) - 1e-9 <= alignment.predicted <= highest(alignment) + 1e-9
