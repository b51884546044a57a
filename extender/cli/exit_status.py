"""How a command ends: its exit status, and the one way in which it gives up."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """``FINDING``: the command did its work, and found what it looks for."""

    FINE = 0
    FINDING = 1
    WRONG_INPUT = 2
    INTERRUPTED = 130
    BROKEN_PIPE = 141


class WrongInput(Exception):
    """Options or files that cannot be used: exit status 2. The text says where, what is wrong, what to do."""
