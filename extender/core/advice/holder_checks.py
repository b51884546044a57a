"""
Warnings on devices that somebody holds: cards that are given away twice, and devices that are gone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from extender.model import Claim, DeviceID

from ..allocator.results import device_id
from ..cluster.double_use import DoubleUse, HeldDevices, double_uses, held_by, render_entry
from ..cluster.snapshot import Snapshot
from ..messages import first_few
from .claim_warnings import ClaimWarning, Severity, WarningCode, warning
from .survey import NodeGroup

_MOST_NAMED = 3


def double_use_warnings(now: Sequence[NodeGroup], snapshot: Snapshot) -> Iterator[ClaimWarning]:
    """
    Cards of which the claims as written would get a device although others have one too.

    ``now``: the survey of ``snapshot`` as it stands. One warning, with the first node as an example.
    """
    held = HeldDevices(snapshot.holders)
    nodes = 0
    example: tuple[str, DoubleUse] | None = None
    for group in now:
        for name in group.nodes:
            found = _first_double_use(group, name, snapshot, held)
            if found is not None:
                nodes += 1
                example = min(example or (name, found), (name, found), key=lambda each: each[0])
    if example is not None:
        node, use = example
        yield warning(
            WarningCode.CARD_USED_TWICE,
            Severity.WARNS,
            nodes=nodes,
            node=node,
            entries=" and ".join(map(render_entry, use.entries[:_MOST_NAMED])),
        )


def gone_warnings(claims: Sequence[Claim], snapshot: Snapshot) -> Iterator[ClaimWarning]:
    """Devices that allocated ``claims`` hold and that no ResourceSlice lists, one warning for each claim."""
    allocated = [claim for claim in claims if claim.allocation is not None]
    if not allocated:
        return
    listed = {
        DeviceID(slice_.driver, slice_.pool, name)
        for slice_ in snapshot.published.values()
        for name in slice_.devices.names.values
    }
    for claim in allocated:
        gone = [str(id_) for id_ in held_by(claim) if id_ not in listed]
        if gone:
            yield warning(
                WarningCode.DEVICE_NOT_LISTED,
                Severity.NOTES,
                claim=claim.name,
                device=first_few(gone, _MOST_NAMED),
            )


def _first_double_use(group: NodeGroup, name: str, snapshot: Snapshot, held: HeldDevices) -> DoubleUse | None:
    solution, view, state = group.prediction.solution, group.view, snapshot.nodes[name]
    if solution is None or view is None:
        return None
    alternatives = view.memo.compiled.alternatives
    wanted = {
        device_id(pick.candidate, view.node_layout, state.inventory)
        for picks in solution.picks
        for pick in picks
        if not alternatives[pick.alternative].admin
    }
    uses = double_uses(state, held, snapshot.vocabulary, wanted)
    return next((use for use in uses if any(entry.id in wanted for entry in use.entries)), None)
