"""What becomes of nominations, for metrics and for people."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from extender.core.nomination.refusals import Refusal


class NominationResult(StrEnum):
    """
    ``taken``: the pod was bound to the node that we named. ``late``: it went to another one although the
    devices on ours were free, because the scheduler had begun with it before. ``passed-by``: it went to
    another one, or to none, because ours no longer fitted. ``withdrawn``: we took the nomination back, or
    the pod is gone. ``refused``: the API server did not let us.
    """

    TAKEN = "taken"
    PASSED_BY = "passed-by"
    LATE = "late"
    WITHDRAWN = "withdrawn"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Counted:
    """What is told of each nomination that ends, and once of each reason for which a pod is not nominated."""

    result: Callable[[NominationResult], None]
    refusal: Callable[[Refusal], None]
