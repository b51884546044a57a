"""What every test runs under: repeatable examples, one width, logging as it was, no other machines."""

from __future__ import annotations

import ipaddress
import logging
import os
import sys

import hypothesis
import pytest
import structlog

hypothesis.settings.register_profile("repeatable", derandomize=True, deadline=None, database=None)
hypothesis.settings.load_profile("repeatable")

# Tables are as wide in a worker of pytest-xdist, which sets 80 columns, as in any terminal.
os.environ["COLUMNS"] = "100"


def _refuse_other_machines(event: str, arguments: tuple[object, ...]) -> None:
    if event != "socket.connect":
        return
    address = arguments[1]
    if not isinstance(address, tuple):  # a Unix socket's path, or netlink
        return
    try:
        local = ipaddress.ip_address(str(address[0]).partition("%")[0]).is_loopback
    except ValueError:
        local = address[0] == "localhost"
    if not local:
        raise RuntimeError(f"a test tried to connect to {address}: tests use this machine only")


sys.addaudithook(_refuse_other_machines)


@pytest.fixture(autouse=True)
def logging_as_it_was():
    """Commands set up logging for their process; a test gives it back."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()
