"""The one way in which a command gives up."""

from __future__ import annotations


class WrongInput(Exception):
    """Options or files that cannot be used: exit status 2. The text says where, what is wrong, what to do."""
