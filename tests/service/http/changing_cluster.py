"""What handlers see of a cluster that changes by itself, where nothing is followed."""

from __future__ import annotations

from extender.service.http.frozen import NoFollower


class Changing(NoFollower):
    """An absent object may still appear."""

    live = True
