"""How devices are paired, and what their distances are worth."""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from extender.core.alignment.pairs import Alignment, align
from extender.core.alignment.worths import DEFAULT_WORTHS, WorthRow, Worths
from extender.core.topology.locations import Distance, Location, distance
from extender.core.topology.vocabulary import OFF_BUS, DeviceKind

STEPS = Worths(WorthRow(1.0, 0.9, 0.7, 0.4, 0.0, 0.5), {})
"""Every pair of kinds alike, each level worth less than the one before."""


def at(kind: DeviceKind, socket: int, numa: int = 0, root: int = 0, device: int = 0) -> Location:
    """
    A location in a machine of two of everything; CPUs and memory sit on no root.

    The numbers of devices and roots do not follow the tree, as on real machines.
    """
    numa += 2 * socket
    root += 2 * numa
    device += 2 * root
    if kind in OFF_BUS:
        return Location(kind, 16 * list(DeviceKind).index(kind) + 5 * device % 16, -1, numa, socket)
    return Location(kind, 5 * device % 16, 3 * root % 8, numa, socket)


def gpu(socket: int, numa: int = 0, root: int = 0, device: int = 0) -> Location:
    return at(DeviceKind.GPU, socket, numa, root, device)


def nic(socket: int, numa: int = 0, root: int = 0, device: int = 1) -> Location:
    return at(DeviceKind.NIC, socket, numa, root, device)


def shape(alignment: Alignment) -> list[tuple[str, int, int, Distance]]:
    return [(pair.kinds, pair.a, pair.b, pair.distance) for pair in alignment.pairs]


@pytest.mark.parametrize(
    ("second", "expected"),
    [
        (nic(0, device=0), Distance.DEVICE),
        (nic(0), Distance.PCIE_ROOT),
        (nic(0, root=1), Distance.NUMA),
        (nic(0, numa=1), Distance.SOCKET),
        (nic(1), Distance.REMOTE),
        (Location(DeviceKind.NIC), Distance.UNKNOWN),
        (Location(DeviceKind.NIC, root=0), Distance.PCIE_ROOT),
        (Location(DeviceKind.NIC, root=0, numa=1), Distance.REMOTE),
        (Location(DeviceKind.NIC, numa=3), Distance.REMOTE),
        (Location(DeviceKind.NIC, socket=0), Distance.SOCKET),
        (Location(DeviceKind.NIC, socket=1), Distance.REMOTE),
        (Location(DeviceKind.NIC, root=5), Distance.UNKNOWN),
    ],
)
def test_distance(second, expected):
    """The nearest thing that two locations have in common; a root across NUMA nodes is none."""
    assert distance(gpu(0), second) is expected
    assert distance(second, gpu(0)) is expected


def test_two_unknown_places_have_nothing_in_common():
    """-1 is never equal to -1."""
    assert distance(Location(DeviceKind.GPU), Location(DeviceKind.NIC)) is Distance.UNKNOWN


@pytest.mark.parametrize("locations", [[], [gpu(0)]])
def test_nothing_to_align(locations):
    """No device or one device is neither well nor badly aligned."""
    assert align(locations) == Alignment(None, ())


def test_one_gpu_one_nic():
    """The first kind of the pair is a, whatever the order given."""
    (pair,) = align([nic(0), gpu(0)]).pairs
    assert (pair.a, pair.b, pair.kinds, pair.distance) == (1, 0, "gpu-nic", Distance.PCIE_ROOT)
    assert pair.worth == align([nic(0), gpu(0)]).predicted == 1.0


def test_each_takes_its_own_nearest():
    """Two GPUs and two NICs on two roots are two perfect pairs."""
    locations = [gpu(0), gpu(1), nic(1), nic(0)]
    matched = [entry for entry in shape(align(locations)) if entry[0] == "gpu-nic"]
    assert matched == [("gpu-nic", 0, 3, Distance.PCIE_ROOT), ("gpu-nic", 1, 2, Distance.PCIE_ROOT)]


def test_a_near_pair_is_not_broken_for_a_farther_one():
    """Levels are served nearest first: the GPU beside the NIC gets it."""
    locations = [gpu(0, root=1), gpu(0), nic(0), nic(1)]
    matched = [entry for entry in shape(align(locations)) if entry[0] == "gpu-nic"]
    assert matched == [("gpu-nic", 0, 3, Distance.REMOTE), ("gpu-nic", 1, 2, Distance.PCIE_ROOT)]


def test_left_over_devices_pair_with_their_nearest():
    """Two GPUs and one NIC are two pairs, three NICs and one GPU three."""
    aligned = align([gpu(0), gpu(0, device=1), nic(0, device=1)])
    assert [entry for entry in shape(aligned) if entry[0] == "gpu-nic"] == [
        ("gpu-nic", 0, 2, Distance.PCIE_ROOT),
        ("gpu-nic", 1, 2, Distance.DEVICE),
    ]
    nics = [nic(0), nic(0, root=1), nic(1)]
    assert [pair.distance for pair in align([gpu(0), *nics]).pairs if pair.kinds == "gpu-nic"] == [
        Distance.PCIE_ROOT,
        Distance.NUMA,
        Distance.REMOTE,
    ]


def test_the_one_that_has_nothing_near_is_matched_far():
    """A far NIC goes to the GPU that loses least; the others are left beside the near one."""
    locations = [gpu(0), gpu(0, device=1), gpu(0, root=1), nic(0, device=1), nic(1)]
    matched = {entry[1]: entry[3] for entry in shape(align(locations)) if entry[0] == "gpu-nic"}
    assert matched == {0: Distance.PCIE_ROOT, 1: Distance.DEVICE, 2: Distance.REMOTE}


def test_what_may_be_near_is_matched_before_what_is_far():
    """A NIC nobody can locate is a better guess than one known to be across."""
    locations = [gpu(0), Location(DeviceKind.GPU, device=50), nic(1), Location(DeviceKind.NIC, device=51)]
    matched = [entry[3] for entry in shape(align(locations)) if entry[0] == "gpu-nic"]
    assert matched == [Distance.UNKNOWN, Distance.UNKNOWN]


def test_devices_of_one_kind_are_paired_with_the_one_in_the_middle():
    """Of four GPUs on two sockets, one is beside the first and two are across."""
    pairs = align([gpu(0), gpu(1), gpu(0, root=1), gpu(1, root=1)]).pairs
    assert [(pair.a, pair.b, pair.distance) for pair in pairs] == [
        (0, 1, Distance.REMOTE),
        (0, 2, Distance.NUMA),
        (0, 3, Distance.REMOTE),
    ]


@pytest.mark.parametrize(
    ("spread", "expected"),
    [((64, 0), 1.0), ((63, 1), 0.995), ((48, 16), 0.924), ((32, 32), 0.848)],
)
def test_many_cpus_are_rated_by_how_they_spread(spread, expected):
    """Not by one step from socket to socket among 63 pairs: each CPU that is away counts."""
    locations = [
        Location(DeviceKind.CPU, 64 * socket + n, -1, socket, socket)
        for socket, count in enumerate(spread)
        for n in range(count)
    ]
    assert align(locations).predicted == pytest.approx(expected, abs=0.0005)


GPU_GPU = DEFAULT_WORTHS.row(DeviceKind.GPU, DeviceKind.GPU)


@pytest.mark.parametrize(
    ("locations", "askers", "expected"),
    [
        ([gpu(0), gpu(0)], (1, 1), GPU_GPU.device),
        ([gpu(0), gpu(0)], (1, 2), GPU_GPU.one_card),
        ([gpu(0), gpu(0)], (), GPU_GPU.device),
        ([gpu(0), gpu(1)], (1, 2), GPU_GPU.remote),
        ([gpu(0), gpu(0, root=1), gpu(0)], (1, 2, 3), (GPU_GPU.numa + GPU_GPU.numa) / 2),
        ([gpu(0), gpu(0), gpu(0)], (1, 2, 1), (GPU_GPU.device + GPU_GPU.one_card) / 2),
        ([at(DeviceKind.CPU, 0), at(DeviceKind.CPU, 0)], (1, 2), 1.0),
        ([gpu(0), nic(0, device=0)], (1, 2), 1.0),
        ([nic(0), nic(0)], (1, 2), 1.0),
    ],
)
def test_two_parts_of_one_card_are_not_two_cards(locations, askers, expected):
    """Where different requests ask for devices of one kind; CPUs are no cards, nor are the ports of a NIC."""
    assert align(locations, askers=askers).predicted == pytest.approx(expected)
    assert GPU_GPU.one_card < GPU_GPU.remote


def test_cpus_and_memory_are_near_by_numa_node():
    """A CPU and memory on the GPU's node are as near as they can be."""
    locations = [gpu(0), at(DeviceKind.CPU, 0), at(DeviceKind.MEMORY, 0)]
    assert shape(align(locations)) == [
        ("gpu-cpu", 0, 1, Distance.NUMA),
        ("gpu-memory", 0, 2, Distance.NUMA),
        ("cpu-memory", 1, 2, Distance.NUMA),
    ]
    assert align(locations).predicted == 1.0


def test_virtual_devices_form_no_pairs():
    """An IMEX channel is no hardware: it neither lifts nor lowers what the GPU and the NIC have."""
    channels = [Location(DeviceKind.VIRTUAL, device=8), Location(DeviceKind.VIRTUAL, device=9)]
    assert align([channels[0], gpu(0), nic(0), channels[1]]).predicted == align([gpu(0), nic(0)]).predicted
    assert align([gpu(0), *channels]) == Alignment(None, ())
    assert align(channels) == Alignment(None, ())


def test_kinds_are_named_in_their_order():
    """A pair is spelled one way only, and listed by kinds."""
    locations = [Location(kind, number) for number, kind in enumerate(reversed(DeviceKind))]
    named = [pair.kinds for pair in align(locations).pairs]
    assert named == [f"{a}-{b}" for i, a in enumerate(PAIRED) for b in PAIRED[i + 1 :]]


def test_one_device_taken_twice_is_one_device():
    """A shared device in two requests is at distance device from itself (pitfall 13)."""
    cpu = at(DeviceKind.CPU, 0)
    assert [pair.distance for pair in align([cpu, cpu]).pairs] == [Distance.DEVICE]


def test_predicted_is_the_mean_worth():
    """Every pair weighs the same."""
    aligned = align([gpu(0), nic(0), at(DeviceKind.CPU, 1)])
    row = DEFAULT_WORTHS.row
    expected = [1.0, row(DeviceKind.GPU, DeviceKind.CPU).remote, row(DeviceKind.NIC, DeviceKind.CPU).remote]
    assert [pair.worth for pair in aligned.pairs] == expected
    assert aligned.predicted == pytest.approx(sum(expected) / 3)


ONE, FOUR, OTHER = (0, 1.0), (1, 0.95), (2, 0.95)


def test_devices_of_one_group_are_near():
    """By the nearest group that both are in; the pair of a smaller group is matched first."""
    npus = [Location(DeviceKind.ACCELERATOR, n, groups=((10 + n, 1.0), FOUR)) for n in range(2)]
    nics = [nic(0)._replace(groups=((11 - n, 1.0), FOUR)) for n in range(2)]
    found = [pair for pair in align([*npus, *nics]).pairs if pair.kinds == "accelerator-nic"]
    assert [(pair.a, pair.b, pair.distance, pair.worth) for pair in found] == [
        (0, 3, Distance.GROUP, 1.0),
        (1, 2, Distance.GROUP, 1.0),
    ]


@pytest.mark.parametrize(
    ("first", "second", "apart", "worth"),
    [
        (Location(DeviceKind.GPU, groups=(ONE,)), nic(0)._replace(groups=(ONE, FOUR)), Distance.GROUP, 1.0),
        (Location(DeviceKind.GPU, groups=(FOUR,)), nic(0)._replace(groups=(FOUR,)), Distance.GROUP, 0.95),
        (Location(DeviceKind.GPU, groups=(FOUR,)), nic(0)._replace(groups=(OTHER,)), Distance.UNKNOWN, 0.7),
        (gpu(0)._replace(groups=(FOUR,)), nic(0)._replace(groups=(FOUR,)), Distance.PCIE_ROOT, 1.0),
        (gpu(0)._replace(groups=(FOUR,)), nic(1)._replace(groups=(FOUR,)), Distance.GROUP, 0.95),
        (gpu(0)._replace(groups=((0, 0.1),)), nic(1)._replace(groups=((0, 0.1),)), Distance.GROUP, 0.4),
    ],
)
def test_a_group_has_a_worth_of_its_own(first, second, apart, worth):
    """Unless the devices are nearer than the group, or what is known of them is worth more."""
    (pair,) = align([first, second]).pairs
    assert (pair.distance, pair.worth) == (apart, worth)


NESTED = st.builds(
    at,
    st.sampled_from([DeviceKind.GPU, DeviceKind.NIC, DeviceKind.CPU]),
    st.integers(0, 1),
    st.integers(0, 1),
    st.integers(0, 1),
    st.integers(0, 1),
)
NUMBERS = st.integers(-1, 2)
PAIRED = [kind for kind in DeviceKind if kind is not DeviceKind.VIRTUAL]
GROUPS = st.dictionaries(st.integers(0, 2), st.sampled_from((0.9, 0.95)), max_size=2).map(
    lambda groups: tuple(groups.items())
)
ANY = st.builds(Location, st.sampled_from(PAIRED), NUMBERS, NUMBERS, NUMBERS, NUMBERS, GROUPS)


# Few locations, most of them half known: only those can be paired in more than one way.
HALF_KNOWN = st.builds(
    Location, st.sampled_from([DeviceKind.GPU, DeviceKind.NIC]), *[st.integers(-1, 1)] * 4, GROUPS
)


@settings(max_examples=400)
@given(
    st.lists(HALF_KNOWN, max_size=8).flatmap(
        lambda locations: st.tuples(st.just(locations), st.permutations(locations))
    )
)
def test_order_never_changes_predicted(drawn):
    """The same locations in another order are rated the same, to the last bit."""
    locations, shuffled = drawn
    assert align(shuffled).predicted == align(locations).predicted
    kinds = sorted((pair.kinds, pair.distance) for pair in align(locations).pairs)
    assert sorted((pair.kinds, pair.distance) for pair in align(shuffled).pairs) == kinds


@given(st.lists(ANY, min_size=2, max_size=9))
def test_every_device_is_paired(locations):
    """Each two kinds have as many pairs as the larger has devices, each kind one less; none twice."""
    counts = {kind: sum(location.kind is kind for location in locations) for kind in DeviceKind}
    aligned = align(locations)
    found: dict[str, list[tuple[int, int]]] = {}
    for pair in aligned.pairs:
        assert pair.distance is distance(locations[pair.a], locations[pair.b])
        assert pair.kinds == f"{locations[pair.a].kind}-{locations[pair.b].kind}"
        found.setdefault(pair.kinds, []).append((pair.a, pair.b))
    order = [kind for kind in DeviceKind if counts[kind]]
    for position, first in enumerate(order):
        for second in order[position:]:
            couples = found.pop(f"{first}-{second}", [])
            assert len(set(couples)) == len(couples)
            if first is second:
                assert len(couples) == counts[first] - 1
            else:
                assert len(couples) == max(counts[first], counts[second])
                assert len({a for a, _ in couples}) == counts[first]
                assert len({b for _, b in couples}) == counts[second]
    assert not found
    assert aligned.predicted is not None
    assert 0 <= aligned.predicted <= 1


@given(st.lists(NESTED, min_size=2, max_size=7))
def test_matching_by_level_is_optimal(locations):
    """On a machine, no one-to-one matching is worth more, nor leaves more for those left over."""

    def worth(a: int, b: int) -> float:
        return STEPS.others.worth(distance(locations[a], locations[b]))

    def split(couples: list[tuple[int, int]], many: list[int], few: list[int]) -> tuple[float, float]:
        matched = dict(couples)
        alone = sum(max(worth(a, b) for b in few) for a in many if a not in matched)
        return round(sum(worth(a, b) for a, b in couples), 6), round(alone, 6)

    groups = {
        kind: [i for i, location in enumerate(locations) if location.kind is kind] for kind in DeviceKind
    }
    totals: dict[str, float] = {}
    for pair in align(locations, STEPS).pairs:
        totals[pair.kinds] = totals.get(pair.kinds, 0) + pair.worth
    for kinds, total in totals.items():
        left, right = (groups[DeviceKind(kind)] for kind in kinds.split("-"))
        if left is right:
            best = max(sum(worth(a, b) for b in left if b != a) for a in left)
        else:
            few, many = sorted((left, right), key=len)
            best = sum(
                max(
                    split(list(zip(taken, few, strict=True)), many, few)
                    for taken in permutations(many, len(few))
                )
            )
        assert total == pytest.approx(best)
