"""
Which requests of a claim want a card of their own.

Two requests for devices of one kind can get two shares, or two slices, of one card. Who writes two
requests wants two cards, unless the claim says otherwise: by a ``matchAttribute`` on an attribute that
tells cards apart, such as ``parentUUID``. The requests that such a constraint names are one *asker*.
"""

from __future__ import annotations

from collections.abc import Mapping

from extender.model import ClaimSpec

from ..topology.vocabulary import Vocabulary


def askers_of(spec: ClaimSpec, vocabulary: Vocabulary) -> Mapping[str, str]:
    """For each request, by name, the first request of the claim with which it may share a card."""
    askers = {request.name: request.name for request in spec.requests}
    for constraint in spec.constraints:
        attribute = constraint.match_attribute
        if attribute is None or not vocabulary.tells_cards_apart(attribute):
            continue
        named = {name.partition("/")[0] for name in constraint.requests} or set(askers)
        joined = {askers[name] for name in named if name in askers}
        first = next((name for name in askers if askers[name] in joined), "")
        askers = {name: first if asker in joined else asker for name, asker in askers.items()}
    return askers
