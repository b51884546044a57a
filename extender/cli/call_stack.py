"""The interpreter's stack of frames, in one piece."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

_P = ParamSpec("_P")
_R = TypeVar("_R")

_WORDS = 1 << 16
"""Size of the frame of ``on_one_stack``: 512 KiB, so its piece is 1 MiB and has room for the rest."""


def on_one_stack(function: Callable[_P, _R], /, *args: _P.args, **kwargs: _P.kwargs) -> _R:
    """
    Call ``function`` so that the frames of all that it calls lie in one piece of memory.

    CPython keeps frames in pieces of 16 KiB and gives a piece back with the
    last frame in it. A loop that happens to run where one piece ends maps and
    unmaps memory in every call: the same search then takes ten times as long,
    depending on how deep its caller is. A frame too large for a piece gets a
    larger one, and the frames that follow fill the rest of it; memory that no
    frame ever uses is never touched.
    """
    return function(*args, **kwargs)


on_one_stack.__code__ = on_one_stack.__code__.replace(co_stacksize=_WORDS)
