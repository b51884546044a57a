"""One control plane for all tests of a run, and a fleet on it that each test finds without pods."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e import fleet, workload
from tests.e2e.api import Api, connect
from tests.e2e.control_plane import ControlPlane, start
from tests.e2e.releases import MINOR, binaries
from tests.e2e.rights import grant


@dataclass(frozen=True, slots=True, eq=False)
class Cluster:
    """A control plane with a fleet, and a client of it."""

    plane: ControlPlane
    api: Api
    token: str
    """Of an account with the rights of ``deploy``, and no more: the extender's."""
    account: Path
    """A kubeconfig with that token."""
    directory: Path
    """For what the test itself writes."""


@pytest.fixture(scope="session")
def plane(tmp_path_factory):
    """A control plane without nodes and without a scheduler."""
    if not binaries(MINOR).built():
        pytest.skip(f"no control plane of {MINOR} is built (make e2e; needs Go)")
    with start(MINOR, tmp_path_factory.mktemp(f"control-plane-{MINOR}")) as running:
        yield running


@pytest.fixture
async def api(plane):
    """An administrator's client."""
    async with connect(plane) as connected:
        yield connected


@pytest.fixture(scope="session")
def token(plane):
    """The token of an account like that of ``deploy``, which ``test_deploy`` finds not there yet."""

    async def granted() -> str:
        async with connect(plane) as connected:
            return await grant(connected, "dra-extender-e2e")

    return asyncio.run(granted())


@pytest.fixture
async def cluster(plane, api, token, tmp_path):
    """The 24 nodes of the embedded recording, with nothing on them before and after the test."""
    await workload.clear(api)
    await fleet.load(api, fleet.recorded())
    account = plane.write_kubeconfig("account.kubeconfig", token)
    yield Cluster(plane, api, token, account, tmp_path)
    async with connect(plane) as fresh:  # a test may have killed the server that the other one knows
        await workload.clear(fresh)
