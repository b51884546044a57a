"""Pairs of a GPU and a NIC that ask for soft alignment, and what rewrites them while a fleet is filled."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Sequence
from enum import StrEnum
from functools import partial

from extender.core.soft_alignment.soften import Rewrite, soften
from extender.kube.rewriting.admission_policy import ASKS, admission_policies
from extender.model import ClaimSpec, ExactRequest, Request
from tests.e2e.admission import admitting, claim, request, webhook
from tests.e2e.api import Api, Object
from tests.e2e.control_plane import ControlPlane
from tests.e2e.extender_server import Extender, ready, until
from tests.e2e.measure import current_snapshot
from tests.e2e.workload import NIC_CLASS

ASKING = {ASKS: "true"}


class Rewriting(StrEnum):
    """Who rewrites the claims that ask for it."""

    NOBODY = ""
    WEBHOOK = "webhook"
    POLICY = "policy"


@contextlib.asynccontextmanager
async def rewritten_by_webhook(
    plane: ControlPlane, api: Api, gpu_class: str, options: Sequence[str]
) -> AsyncIterator[Extender]:
    """Our webhook, in force; ``options`` of ``serve``."""
    with webhook(plane, *options) as (extender, configuration):
        await until(partial(ready, extender), "the extender follows the cluster")
        async with admitting(api, [configuration], _probe(gpu_class)):
            yield extender


@contextlib.asynccontextmanager
async def rewritten_by_policy(plane: ControlPlane, api: Api, gpu_class: str) -> AsyncIterator[None]:
    """The policy that suits the cluster as it is, in force."""
    rewrite = soften(pair_spec(gpu_class), await current_snapshot(api, plane))
    assert isinstance(rewrite, Rewrite), rewrite
    classes = _classes(gpu_class)
    order = (classes[rewrite.order[0]], classes[rewrite.order[1]])
    async with admitting(api, admission_policies(rewrite, order), _probe(gpu_class)):
        yield


def pair_spec(gpu_class: str) -> ClaimSpec:
    """What a claim for a pair asks for."""
    requests = [Request(name, ExactRequest(name, of)) for name, of in _classes(gpu_class).items()]
    return ClaimSpec("pair", tuple(requests))


def _probe(gpu_class: str) -> Object:
    requests = [request(name, of) for name, of in _classes(gpu_class).items()]
    return claim("probe", *requests, annotations=ASKING)


def _classes(gpu_class: str) -> dict[str, str]:
    return {"gpu": gpu_class, "nic": NIC_CLASS}
