"""Ways of scheduling that measurements compare: without us, and with us in several weights."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import yaml

from tests.e2e import scheduler_config
from tests.e2e.api import Object
from tests.e2e.control_plane import ControlPlane
from tests.e2e.extender_server import Extender, ready, serving, until

SAMPLE = scheduler_config.FOLDER / "score-alignment-first.yaml"
RESULTS = ("match", "in-flight", "stale", "order-dependent", "unknown", "unseen", "wrong")


@dataclass(frozen=True)
class Way:
    """
    How to schedule: ``weight`` of the extender in the scheduler's configuration (0: it is not there), and
    options of ``serve``. Without weight and options nothing is served. ``filters``: the scheduler asks to
    filter, too.
    """

    name: str
    weight: int = 0
    options: tuple[str, ...] = ()
    filters: bool = field(default=False, kw_only=True)

    @property
    def serves(self) -> bool:
        return bool(self.weight or self.options)


WAYS = (
    Way("stock"),
    Way("nominate", 0, ("--nominate",)),
    Way("decisive, weight 150", 150, ("--decisive",)),
    Way("both", 150, ("--decisive", "--nominate")),
    Way("both, filter", 150, ("--decisive", "--nominate"), filters=True),
    Way("default, weight 20", 20),
    Way("default, weight 2", 2),
    Way("balanced, weight 1", 1, ("--score-max", "10")),
)


@contextlib.asynccontextmanager
async def served(
    plane: ControlPlane, way: Way, options: Sequence[str] = ()
) -> AsyncIterator[Extender | None]:
    """Serve as the way says, and be ready; ``options``: further ones of ``serve``."""
    if not way.serves:
        yield None
        return
    with serving(plane.directory, "--kubeconfig", plane.kubeconfig, *way.options, *options) as extender:
        await until(partial(ready, extender), "ready")
        yield extender


def configured(plane: ControlPlane, way: Way, url: str, **fields: object) -> Path:
    """The scheduler's configuration; ``url``, and further ``fields``: of the extender, where it is there."""
    if not way.weight:
        return scheduler_config.stock(plane)
    config = scheduler_config.sample(plane, SAMPLE, url, weight=way.weight, **fields)
    document = yaml.safe_load(config.read_text())
    rate = scheduler_config.REQUESTS_PER_SECOND
    document["clientConnection"] |= {"qps": rate, "burst": rate}
    if way.filters:
        document["extenders"][0]["filterVerb"] = "filter"
    config.write_text(yaml.safe_dump(document))
    return config


def matches(extender: Extender) -> Counter[str]:
    """How many claims were compared with what was predicted, by the result."""
    counts = {result: extender.matches(result=result) for result in RESULTS}
    return Counter({result: count for result, count in counts.items() if count})


def mismatch_words(mismatch: Object) -> str:
    """A prediction that did not come true, as ``Extender.mismatches`` has it."""
    predicted, allocated = (", ".join(mismatch[names]) for names in ("predicted", "allocated"))
    return (
        f"{mismatch['result']}: {mismatch['pod']} on {mismatch['node']}: "
        f"predicted {predicted}; allocated {allocated}"
    )
