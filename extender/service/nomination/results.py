"""What becomes of nominations, for metrics and for people."""

from __future__ import annotations

from enum import StrEnum


class NominationResult(StrEnum):
    """
    ``taken``: the pod was bound to the node that we named. ``passed-by``: the scheduler saw the nomination
    and took another node, or none. ``late``: the pod was scheduled before the API server took the
    nomination. ``withdrawn``: we took it back, or the pod is gone. ``refused``: the API server did not let
    us.
    """

    TAKEN = "taken"
    PASSED_BY = "passed-by"
    LATE = "late"
    WITHDRAWN = "withdrawn"
    REFUSED = "refused"
