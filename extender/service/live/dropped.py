"""What a live service forgets so that memory stays bounded, or because the API never shows the pod."""

from __future__ import annotations

from enum import StrEnum


class Dropped(StrEnum):
    """
    ``offered-nodes``: the nodes of a pod's last filter answer. ``prediction``: what was predicted for a
    pod; these make room for newer ones. ``unconfirmed``: all that was held of a pod that the API did not
    show in time. ``unconfirmed-limit``: a pod that it does not show was not followed, because it is too
    large or there are too many.
    """

    OFFERED_NODES = "offered-nodes"
    PREDICTION = "prediction"
    UNCONFIRMED = "unconfirmed"
    UNCONFIRMED_LIMIT = "unconfirmed-limit"
