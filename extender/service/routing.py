"""What becomes of the scheduler of a pod that is created."""

from __future__ import annotations

from enum import StrEnum


class RouteResult(StrEnum):
    """
    ``not-asked``: no Pod that is being created, or the service has no ``--route-to``. ``other-scheduler``:
    the pod names a scheduler. ``no-devices``: it claims none. ``unreadable``: it is of a form that we do not
    know.
    """

    ROUTED = "routed"
    NOT_ASKED = "not-asked"
    OTHER_SCHEDULER = "other-scheduler"
    NO_DEVICES = "no-devices"
    UNREADABLE = "unreadable"
    INTERNAL_ERROR = "internal-error"
