"""``docs/topologies.md``: the distances of every machine under the driver generations that apply."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import combinations
from textwrap import fill

from extender.core.cluster.known_distances import Knowledge
from extender.core.topology.known_machines import BUILT_IN_FACTS
from extender.core.topology.locate import locate_with
from extender.core.topology.locations import Distance, Location, distance
from extender.core.topology.machine_facts import MachineType
from extender.core.topology.vocabulary import DEFAULT_VOCABULARY, DeviceKind
from tests.machines.checked import checked, probed, released
from tests.machines.facts import facts_of
from tests.machines.generations import CPUS, GPUS, NICS, Entry, Generation
from tests.machines.record import Machine, documented, machines

_NEAREST_FIRST = (
    Distance.PCIE_ROOT,
    Distance.NUMA,
    Distance.SOCKET,
    Distance.REMOTE,
    Distance.UNKNOWN,
)
_INTRODUCTION = """\
# Topologies

This page shows the [distances](alignment.md#distances) that the extender computes on 24 real
machines from what each [driver generation](README.md#glossary) publishes.
`python -m tests.machines` generates it from the facts in `tests/data/machines.json`, which names
the source of each machine. A test fails where this page differs from the facts. Another fails where
a distance is wrong, or is unknown although the published facts determine it.

A cell counts devices, or pairs of devices, by distance. *Documented* is what the machine's own
record says. Generations with the same cells share a row.

* NVIDIA: v25.3, v25.12, v0.4, and main after v0.4.1 with the NUMA node as a number or as a list.
  AMD: the builds of October 2025 and of April 2026.
* DRANET publishes the standard NUMA node after v1.4. *SR-IOV* stands for one VF of each NIC.
* `dra.cpu` groups CPUs by NUMA node and publishes their roots (`--expose-pcie-roots`) unless a
  column says otherwise. For virtual machines we assume that the kernel knows the NUMA node of each
  root.
* *Built-in facts* are [those of the extender](machines.md#built-in-facts); most machines have none.
{assumed}
"""
_ASSUMED = """\
* These machines have no documented root; each documented PCIe switch counts as one: {names}."""
_NICS = """\
## GPUs by their nearest NIC

NICs without RDMA are left out. Released NVIDIA drivers publish no NUMA node. It is known only where
a NIC or a CPU publishes the same root.
"""
_GPUS = """\
## Pairs of GPUs

Every pair of a machine's GPUs. NICs and CPUs matter only because they publish the NUMA nodes of the
roots.
"""
_CPUS = """\
## GPUs by their nearest CPUs

With DRANET for the NICs. A group of all CPUs of a machine has no location; a group of one socket
has no NUMA node.
"""
_NICS_AND_CPUS = """\
## NICs by their nearest CPUs

The same for the NICs, without GPUs.
"""
_CHECKED = """\
## What check and probe say

What [`check`](machines.md#what-is-known-on-your-nodes) says of a node with the first of the driver
generations above, DRANET up to v1.4 and `dra.cpu` by NUMA node without roots: how many pairs of
devices are known, and who tells. Then the same with the facts that
[`probe`](machines.md#facts-of-your-own-machines) prints on that machine; no address of a device of
dell-r7725-nps4 is documented, so its facts name the devices. All NICs count here, and `-` means
that there are no such devices. A test holds that with these facts each distance is the documented
one, and that none is unknown but those that are not documented.
"""
_BY_NUMA = CPUS["by NUMA node, roots"]
_CPU_MODES = ("by NUMA node", "by NUMA node, roots", "by socket", "by machine", "individual")

Cells = tuple[str, ...]
Count = Callable[[Sequence[Entry], Sequence[Location]], Counter[Distance]]


def page() -> str:
    """The whole page."""
    known = machines()
    assumed = ", ".join(machine.name for machine in known if machine.roots_assumed)
    with_nics = [machine for machine in known if _has(machine, "gpu") and _has(machine, "nic")]
    with_gpus = [machine for machine in known if sum(part.kind == "gpu" for part in machine.parts) > 1]
    note = fill(_ASSUMED.format(names=assumed), 100, subsequent_indent="  ", break_on_hyphens=False)
    lines = [_INTRODUCTION.format(assumed=note), _NICS]
    lines += _table(
        ("documented", *NICS, "dranet main, dra.cpu", "dranet main, built-in facts"),
        with_nics,
        lambda machine, gpus: (
            _text(_documented_nearest(machine)),
            *(_cell(machine, (gpus, nics), _nearest_nic) for nics in NICS.values()),
            _cell(machine, (gpus, NICS["dranet main"], _BY_NUMA), _nearest_nic),
            _with_facts(machine, (gpus, NICS["dranet main"]), _nearest_nic),
        ),
    )
    lines += [_GPUS]
    lines += _table(
        ("documented", "alone", "dranet main", "dra.cpu", "dranet main, dra.cpu", "alone, built-in facts"),
        with_gpus,
        lambda machine, gpus: (
            _text(_documented_pairs(machine)),
            _cell(machine, (gpus,), _gpu_pairs),
            _cell(machine, (gpus, NICS["dranet main"]), _gpu_pairs),
            _cell(machine, (gpus, _BY_NUMA), _gpu_pairs),
            _cell(machine, (gpus, NICS["dranet main"], _BY_NUMA), _gpu_pairs),
            _with_facts(machine, (gpus,), _gpu_pairs),
        ),
    )
    lines += [_CPUS]
    lines += _table(
        ("by NUMA node, no roots", *_CPU_MODES[1:]),
        [machine for machine in known if _has(machine, "gpu")],
        lambda machine, gpus: tuple(
            _cell(machine, (gpus, NICS["dranet main"], CPUS[mode]), _nearest_cpu(DeviceKind.GPU))
            for mode in _CPU_MODES
        ),
    )
    lines += [
        _NICS_AND_CPUS,
        "| machine | driver | by NUMA node | by socket | by machine |",
        "|---|---|---|---|---|",
    ]
    for machine in known:
        if not _has(machine, "nic"):
            continue
        for name, cells in _merged(
            (
                name,
                tuple(
                    _cell(machine, (nics, CPUS[mode]), _nearest_cpu(DeviceKind.NIC))
                    for mode in ("by NUMA node", "by socket", "by machine")
                ),
            )
            for name, nics in NICS.items()
        ):
            lines.append(_row(machine.name, name, *cells))
    lines += ["", _CHECKED, *_checks(known)]
    return "\n".join(lines) + "\n"


def _checks(known: Sequence[Machine]) -> Iterator[str]:
    kinds = ("gpu-nic", "gpu-gpu", "gpu-cpu", "nic-cpu")
    yield _row("machine", "facts", *kinds)
    yield "|---" * (2 + len(kinds)) + "|"
    for machine in known:
        entries = released(machine)
        found = {"none": checked(machine, entries), "of probe": checked(machine, entries, probed(machine))}
        if found["none"]:
            for name, cells in _merged(
                (facts, tuple(_told(said.get(each)) for each in kinds)) for facts, said in found.items()
            ):
                yield _row(machine.name, name, *cells)


def _told(found: Knowledge | None) -> str:
    if found is None:
        return "-"
    known = [f"{count} {source}" for source, count in found.known.items()]
    return ", ".join([*known, *([f"{found.unknown} unknown"] if found.unknown else [])])


def _table(
    columns: Sequence[str], rows: Sequence[Machine], cells: Callable[[Machine, Generation], Cells]
) -> Iterator[str]:
    yield _row("machine", "GPU driver", *columns)
    yield "|---" * (2 + len(columns)) + "|"
    for machine in rows:
        generations = GPUS[machine.gpu_driver].items()
        for name, found in _merged((name, cells(machine, gpus)) for name, gpus in generations):
            yield _row(machine.name, name, *found)
    yield ""


def _merged(rows: Iterable[tuple[str, Cells]]) -> Iterator[tuple[str, Cells]]:
    """Put the names of rows with the same cells together; a driver's own name is said once."""
    names: dict[Cells, list[str]] = {}
    for name, cells in rows:
        names.setdefault(cells, []).append(name)
    for cells, alike in names.items():
        vendor = alike[0].partition(" ")[0]
        yield f"{alike[0]}" + "".join(f", {name.removeprefix(f'{vendor} ')}" for name in alike[1:]), cells


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _text(counts: Counter[Distance]) -> str:
    return ", ".join(f"{counts[apart]} {apart}" for apart in _NEAREST_FIRST if counts[apart])


def _cell(machine: Machine, generations: Sequence[Generation], count: Count) -> str:
    return _text(_counted(machine, generations, count))


def _with_facts(machine: Machine, generations: Sequence[Generation], count: Count) -> str:
    """With the built-in facts of the machine, ``none`` where there are none."""
    known = [each for each in BUILT_IN_FACTS.types if each.name == machine.name]
    return _text(_counted(machine, generations, count, known)) if known else "none"


def _counted(
    machine: Machine, generations: Sequence[Generation], count: Count, facts: Sequence[MachineType] = ()
) -> Counter[Distance]:
    entries = [entry for generation in generations for entry in generation(machine)]
    devices = [(entry.driver, entry.device) for entry in entries]
    return count(entries, locate_with(devices, DEFAULT_VOCABULARY, facts).locations)


def summary() -> str:
    """The table of README.md: whether it is known how far each GPU is from its nearest NIC."""
    heads = (
        "released GPU driver",
        "GPU driver that publishes NUMA nodes",
        "released GPU driver, CPUs with `--expose-pcie-roots`",
        "with facts of the machine",
    )
    rows = [_row("machine", *heads), "|---" * (1 + len(heads)) + "|"]
    for machine in machines():
        if not (_has(machine, "gpu") and _has(machine, "nic")):
            continue
        released, *_, newest = GPUS[machine.gpu_driver].values()
        nics = NICS["dranet main"]
        rows.append(
            _row(
                machine.name,
                *(
                    _known(_counted(machine, chosen, _nearest_nic))
                    for chosen in ((released, nics), (newest, nics), (released, nics, _BY_NUMA))
                ),
                _when_told(machine, (released, nics)),
            )
        )
    return "\n".join(rows) + "\n"


def _when_told(machine: Machine, generations: Sequence[Generation]) -> str:
    known = _known(_counted(machine, generations, _nearest_nic, [facts_of(machine)]))
    built_in = any(each.name == machine.name for each in BUILT_IN_FACTS.types)
    return f"{known}, built in" if built_in and known != "no" else known


def _known(counts: Counter[Distance]) -> str:
    total, unknown = counts.total(), counts[Distance.UNKNOWN]
    return "yes" if not unknown else "no" if unknown == total else f"{total - unknown} of {total}"


def _nearest_nic(entries: Sequence[Entry], locations: Sequence[Location]) -> Counter[Distance]:
    nics = [
        location for entry, location in zip(entries, locations, strict=True) if entry.part and entry.part.rdma
    ]
    return _nearest([location for location in locations if location.kind is DeviceKind.GPU], nics)


def _nearest_cpu(kind: DeviceKind) -> Count:
    return lambda _, locations: _nearest(
        [location for location in locations if location.kind is kind],
        [location for location in locations if location.kind is DeviceKind.CPU],
    )


def _nearest(devices: Sequence[Location], others: Sequence[Location]) -> Counter[Distance]:
    return Counter(
        min((distance(device, other) for other in others), key=_NEAREST_FIRST.index) for device in devices
    )


def _gpu_pairs(_: Sequence[Entry], locations: Sequence[Location]) -> Counter[Distance]:
    gpus = [location for location in locations if location.kind is DeviceKind.GPU]
    return Counter(distance(a, b) for a, b in combinations(gpus, 2))


def _documented_nearest(machine: Machine) -> Counter[Distance]:
    nics = [part for part in machine.parts if part.rdma]
    gpus = [part for part in machine.parts if part.kind == "gpu"]
    return Counter(
        min((documented(machine, gpu, nic) for nic in nics), key=_NEAREST_FIRST.index) for gpu in gpus
    )


def _documented_pairs(machine: Machine) -> Counter[Distance]:
    gpus = [part for part in machine.parts if part.kind == "gpu"]
    return Counter(documented(machine, a, b) for a, b in combinations(gpus, 2))


def _has(machine: Machine, kind: str) -> bool:
    return any(part.kind == kind for part in machine.parts)
