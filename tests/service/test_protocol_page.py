"""docs/protocol.md shows what the service answers."""

from __future__ import annotations

import json
import re

import pytest

from extender.cli.cluster_input import cluster_input, read_cluster
from extender.core.prediction.evaluate import Settings
from extender.service.config import Config
from extender.service.http.body import BODY_SECONDS, MAX_BIND_BYTES, MAX_REVIEW_BYTES
from extender.service.http.connections import HEADER_SECONDS, MAX_CONNECTIONS
from extender.service.http.dependencies import Service
from extender.service.http.web import make_app
from extender.service.metrics.metrics import Metrics
from extender.service.store import FrozenStore
from tests.paths import ROOT

PAGE = (ROOT / "docs/protocol.md").read_text()
SERVED = re.search(r"^dra-extender serve --cluster (\S+) --kubernetes (\S+) ", PAGE, re.MULTILINE)
POSTS = re.findall(
    r"^`POST (\S+)`\n\n```json\n(.*?)^```\n\nanswers (\d+):\n\n```json\n(.*?)^```$",
    PAGE,
    re.MULTILINE | re.DOTALL,
)
GETS = re.findall(r"^`GET (\S+)` answers (\d+):\n\n```text\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture
def service():
    """The service that the page's command starts."""
    assert SERVED is not None
    given = cluster_input(read_cluster([str(ROOT / SERVED[1])]), SERVED[2], {})
    return Service(
        store=FrozenStore(given.snapshot),
        settings=Settings(),
        metrics=Metrics(given.snapshot.release.version),
    )


@pytest.mark.parametrize(("path", "body", "status", "answer"), POSTS, ids=[post[0] for post in POSTS])
async def test_posts_are_answered_as_shown(client, path, body, status, answer):
    """Status and JSON are those of the page, keys in the same order."""
    response = await client.post(path, data=body)
    assert response.status == int(status)
    assert response.content_type == "application/json"
    assert json.dumps(await response.json()) == json.dumps(json.loads(answer))


@pytest.mark.parametrize(("path", "status", "answer"), GETS, ids=[get[0] for get in GETS])
async def test_gets_are_answered_as_shown(client, path, status, answer):
    """Status and text are those of the page."""
    response = await client.get(path)
    assert response.status == int(status)
    assert await response.text() == answer


def test_no_sample_is_missed():
    """Every JSON block belongs to a sample, and every verb has one that succeeds."""
    assert 2 * len(POSTS) == len(re.findall(r"^```json$", PAGE, re.MULTILINE))
    assert len(GETS) == len(re.findall(r"^```text$", PAGE, re.MULTILINE))
    succeeding = {path for path, _, status, _ in POSTS if status == "200"}
    assert succeeding == {"/filter", "/prioritize", "/bind", "/preempt", "/explain"}


def test_the_table_has_every_route(service):
    """The first table lists the routes of the application, and no other."""
    table = "".join(re.findall(r"^\|([^|]*)\|", PAGE, re.MULTILINE))
    routes = {
        (route.method, route.resource.canonical)
        for route in make_app(service).router.routes()
        if route.resource is not None and route.method != "HEAD"
    }
    assert set(re.findall(r"`(GET|POST) (/[\w/]*)`", table)) == routes


def test_limits_are_those_of_the_service():
    """The numbers of the section on limits."""
    config = Config()
    limits = " ".join(PAGE.partition("## Limits and connections")[2].partition("\n## ")[0].split())
    for number in (
        f"{config.max_body_mib} MiB of filter, prioritize, preempt and explain",
        f"{MAX_REVIEW_BYTES // 2**20} MiB of mutate and route",
        f"{MAX_BIND_BYTES // 2**10} KiB of bind",
        f"at most {config.max_nodes:,} names",
        f"{HEADER_SECONDS:g} s for its headers",
        f"{BODY_SECONDS:g} s for its body",
        f"{MAX_CONNECTIONS} connections",
        f"{config.evaluation.search_steps:,} steps",
        f"{config.evaluation.request_steps:,} ",
        f"kept for {config.keepalive_seconds:g} s",
        f"`--drain-seconds` ({config.drain_seconds:g})",
        f"get {config.shutdown_seconds:g} s to finish",
    ):
        assert number in limits
