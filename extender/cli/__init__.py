"""The command line: one module per command, thin over ``service``, ``kube`` and ``core``."""

from .program import main

__all__ = ["main"]
