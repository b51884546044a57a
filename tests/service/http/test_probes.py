"""The probes: alive whatever happens, ready while new requests should come."""

from __future__ import annotations

import pytest


async def test_alive_whatever_is_known(client, store, service):
    """A restart would not bring the API server back, so livez never depends on it."""
    for store.ready, service.lifecycle.draining in [(True, False), (False, False), (True, True)]:
        response = await client.get("/livez")
        assert (response.status, await response.text()) == (200, "ok\n")


@pytest.mark.parametrize(
    ("listed", "draining", "status", "text"),
    [
        (True, False, 200, "ok\n"),
        (False, False, 503, "not ready\n"),
        (True, True, 503, "not ready\n"),
        (False, True, 503, "not ready\n"),
    ],
)
async def test_ready_once_listed_and_until_draining(
    client, store, service, metric, listed, draining, status, text
):
    """Ready from the first complete list to the signal to stop; the metric says the same."""
    store.ready, service.lifecycle.draining = listed, draining
    response = await client.get("/readyz")
    assert (response.status, await response.text()) == (status, text)
    assert response.content_type == "text/plain"
    await client.get("/metrics")
    assert metric("ready") == (status == 200)


SNAPSHOT = "(2 nodes, 3 resourceslices, 1 deviceclasses, 0 resourceclaims, 0 pods)"


@pytest.mark.parametrize("query", ["verbose", "verbose=true", "verbose="])
@pytest.mark.parametrize(
    ("listed", "draining", "lines"),
    [
        (True, False, [f"[+]snapshot ok {SNAPSHOT}", "[+]serving ok", "ok"]),
        (
            False,
            False,
            [f"[-]snapshot not listed completely yet {SNAPSHOT}", "[+]serving ok", "not ready"],
        ),
        (
            True,
            True,
            [
                f"[+]snapshot ok {SNAPSHOT}",
                "[-]serving draining: a signal to stop has come",
                "not ready",
            ],
        ),
    ],
    ids=["ready", "not listed", "draining"],
)
async def test_verbose_lists_the_checks(client, store, service, query, listed, draining, lines):
    """Each check on a line of its own, with its sign, as kube-apiserver does."""
    store.ready, service.lifecycle.draining = listed, draining
    response = await client.get(f"/readyz?{query}")
    assert (await response.text()).splitlines() == lines
    assert response.status == (200 if lines[-1] == "ok" else 503)


@pytest.mark.parametrize("verb", ["filter", "prioritize", "explain"])
async def test_requests_are_served_while_draining(client, args, service, verb):
    """Callers need the time to move away; none is turned down meanwhile."""
    service.lifecycle.draining = True
    response = await client.post(f"/{verb}", data=args("node-a"))
    assert response.status == 200


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/metrics", "/"])
async def test_head_is_answered_without_a_body(client, path):
    """Load balancers probe with HEAD."""
    response = await client.head(path)
    assert (response.status, await response.read()) == (200, b"")
