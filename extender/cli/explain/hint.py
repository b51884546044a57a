"""The hint of an explanation: what the pod's author could gain, and which constraint asks for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from extender.core.cluster.snapshot import Snapshot
from extender.core.reasons import Outcome
from extender.core.topology.driver_attributes import PCI_BUS_ID
from extender.model import Device
from extender.service.explain import ExplainedNode, Explanation

from ..text import counted

CardAttributes = Mapping[str, str]
"""By node: the attribute whose values tell the cards apart of which the pod has two parts."""


def card_attributes(snapshot: Snapshot, nodes: Mapping[str, ExplainedNode]) -> dict[str, str]:
    """
    What ``distinctAttribute`` can name on each node where the pod gets two parts of one card.

    None where the release does not know ``distinctAttribute``, and where the parts do not publish the
    same value of one attribute that says which card they are of.
    """
    if not snapshot.release.features.consumable_capacity:
        return {}
    wanted = {
        id_
        for node in nodes.values()
        for pair in node.alignment.pairs
        if pair.one_card
        for id_ in (pair.a, pair.b)
    }
    if not wanted:
        return {}
    devices = {
        id_: (slice_.driver, device)
        for slice_ in snapshot.published.values()
        for device in slice_.devices
        if (id_ := f"{slice_.driver}/{slice_.pool}/{device.name}") in wanted
    }
    found = {}
    for name, node in nodes.items():
        parts = [(devices.get(pair.a), devices.get(pair.b)) for pair in node.alignment.pairs if pair.one_card]
        names = {_common(snapshot, first, second) for first, second in parts}
        if len(names) == 1 and "" not in names:
            found[name] = names.pop()
    return found


def _common(snapshot: Snapshot, first: tuple[str, Device] | None, second: tuple[str, Device] | None) -> str:
    """The first attribute that names the card of both devices; empty if there is none."""
    if first is None or second is None or first[0] != second[0]:
        return ""
    names = snapshot.vocabulary.attributes(first[0])
    identities: Iterable[str] = (
        *names.parent_identity,
        *names.identity,
        *names.parent,
        *names.address,
        PCI_BUS_ID,
    )
    values, others = first[1].attributes, second[1].attributes
    return next((name for name in identities if name in values and values[name] == others.get(name)), "")


def hint_of(explained: Explanation, cards: CardAttributes) -> str:
    """One sentence; empty where nothing is to be gained. It names a constraint only where that is sure."""
    able = {name: node for name, node in explained.nodes.items() if node.outcome == Outcome.ALLOCATED}
    gains = {name: gain for name, node in able.items() if (gain := gain_of(node)) > 0}
    if not gains:
        return ""
    name = min(gains, key=lambda name: (-able[name].score, -gains[name], name))
    node = able[name]
    best, predicted = node.alignment.best or 0.0, node.alignment.predicted or 0.0
    if best <= max(node.alignment.predicted or 0.0 for node in able.values()):
        return (
            f"the scheduler does not take the nearest free devices on {counted(len(gains), 'node')}, "
            "but the node with the best score is as good as any choice there"
        )
    return (
        f"on {name} the scheduler takes the first devices that fit (alignment {predicted:.2f}), although "
        f"free ones reach {best:.2f}; {_remedy(explained.pod, node, cards.get(name, ''))}"
    )


def _remedy(pod: str, node: ExplainedNode, card: str) -> str:
    claims = list(dict.fromkeys(device.claim for device in node.devices))
    one_card = any(pair.one_card for pair in node.alignment.pairs)
    if one_card and card:
        where = "the claim" if len(claims) == 1 else f"one claim in place of {_listed(claims)}"
        return f"a constraint with distinctAttribute: {card} in {where} asks for different cards"
    advise = f"dra-extender advise --pod {pod}"
    if len(claims) > 1:
        return (
            f"no constraint spans the claims {_listed(claims)}, and one claim with the requests of all can "
            f"have one: see {advise}"
        )
    return f"{advise} tells which constraint, if any, makes it look further"


def gain_of(node: ExplainedNode) -> float:
    """Best − predicted, 0 below what the two decimals show."""
    if node.alignment.predicted is None or node.alignment.best is None:
        return 0.0
    gain = node.alignment.best - node.alignment.predicted
    return gain if gain >= 0.005 else 0.0


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
