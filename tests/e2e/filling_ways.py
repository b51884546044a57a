"""Ways to fill a fleet: who chooses nodes, of which machines there are facts, and who rewrites claims."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path

from extender.cli.bench.documents import documented_facts
from tests.e2e import ways
from tests.e2e.api import Api
from tests.e2e.control_plane import ControlPlane
from tests.e2e.extender_server import Extender, until
from tests.e2e.measure import nominates
from tests.e2e.rewriting import Rewriting, rewritten_by_policy, rewritten_by_webhook
from tests.machines.facts import facts_file
from tests.waves.judgement import built_in_facts


class Facts(StrEnum):
    """Of which machine types of a generated fleet the extender has facts."""

    NONE = "none"
    BUILT_IN = "built-in"
    ALL = "all"


@dataclass(frozen=True)
class Way(ways.Way):
    """How to schedule, with the facts that the extender has, if there is one, and who rewrites claims."""

    facts: Facts = Facts.NONE
    rewriting: Rewriting = Rewriting.NOBODY


DECISIVE, NOMINATE = ("--decisive",), ("--nominate",)
BOTH = (*DECISIVE, *NOMINATE)
WAYS = (
    Way("stock"),
    Way("decisive, no facts", 150, DECISIVE),
    Way("decisive, built-in facts", 150, DECISIVE, Facts.BUILT_IN),
    Way("decisive, all facts", 150, DECISIVE, Facts.ALL),
    Way("nominate, all facts", 0, NOMINATE, Facts.ALL),
    Way("both, no facts", 150, BOTH),
    Way("both, built-in facts", 150, BOTH, Facts.BUILT_IN),
    Way("both, all facts", 150, BOTH, Facts.ALL),
    Way("webhook", rewriting=Rewriting.WEBHOOK),
    Way("policy", rewriting=Rewriting.POLICY),
    Way("webhook, nominated", 0, NOMINATE, rewriting=Rewriting.WEBHOOK),
    Way("policy, nominated", 0, NOMINATE, rewriting=Rewriting.POLICY),
    Way("webhook, both, all facts", 150, BOTH, Facts.ALL, Rewriting.WEBHOOK),
)
USUAL = 4
"""The first of these are what runs by default."""


@contextlib.asynccontextmanager
async def running(plane: ControlPlane, api: Api, way: Way, gpu_class: str) -> AsyncIterator[Extender | None]:
    """The extender, where the way has one, and what rewrites claims."""
    machines = _machines(plane.directory, way.facts)
    async with contextlib.AsyncExitStack() as stack:
        if way.rewriting is Rewriting.WEBHOOK:
            webhook = rewritten_by_webhook(plane, api, gpu_class, (*way.options, *machines))
            extender: Extender | None = await stack.enter_async_context(webhook)
        else:
            extender = await stack.enter_async_context(ways.served(plane, way, machines))
        if extender is not None and "--nominate" in way.options:
            await until(partial(nominates, extender), "nominating")
        if way.rewriting is Rewriting.POLICY:
            await stack.enter_async_context(rewritten_by_policy(plane, api, gpu_class))
        yield extender


def _machines(directory: Path, facts: Facts) -> tuple[str, ...]:
    """The option of ``serve``, for the names by which a generated fleet labels its nodes."""
    if facts is Facts.NONE:
        return ("--machines", "none")
    path = directory / f"{facts}.machines.json"
    path.write_text(facts_file(built_in_facts() if facts is Facts.BUILT_IN else documented_facts()))
    return ("--machines", "none", str(path))
