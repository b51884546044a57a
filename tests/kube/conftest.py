"""A fake API server, and a connection to it that knows nothing of this machine's clusters."""

from __future__ import annotations

import pytest

from extender.kube.api.connection import connect
from tests.kube.api_server import serving, write_kubeconfig


@pytest.fixture
def no_cluster(monkeypatch):
    """Nothing of the environment names a cluster or a proxy."""
    for name in (
        "KUBECONFIG",
        "KUBERNETES_SERVICE_HOST",
        "HTTP_PROXY",
        "http_proxy",
        "ALL_PROXY",
        "all_proxy",
    ):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
async def server():
    async with serving() as found:
        yield found


@pytest.fixture
async def connection(server, no_cluster, tmp_path):
    async with connect(kubeconfig=write_kubeconfig(tmp_path / "kubeconfig", server.url)) as found:
        yield found
