"""
Claims that kube-scheduler has seen, and that our watch is about to show.

Both follow the API server, and either may be ahead. Without its claims nothing can be predicted for a pod.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from extender.model.kinds import RESOURCE_CLAIM

if TYPE_CHECKING:
    from extender.model import Claim, Pod

    from .dependencies import Service

SHOWN_SECONDS = 0.1
"""How long a request waits for them; kube-scheduler waits 5 s for an answer by default."""


async def await_claims(service: Service, pod: Pod) -> None:
    """Wait until the store has the claims that the pod names, or has had the time to get them."""
    known = service.store.current.claims
    missing = {
        (pod.namespace, entry.claim)
        for entry in pod.claims
        if entry.needed and entry.claim and (pod.namespace, entry.claim) not in known
    }
    if not missing or not service.follower.live:
        return
    shown: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def told(claim: Pod | Claim) -> bool:
        missing.discard((claim.namespace, claim.name))
        if not missing and not shown.done():
            shown.set_result(None)
        return True

    waiting = [
        service.awaited_claims.add(RESOURCE_CLAIM.name, key, SHOWN_SECONDS, told) for key in sorted(missing)
    ]
    try:
        if None not in waiting:
            with suppress(TimeoutError):
                async with asyncio.timeout(SHOWN_SECONDS):
                    await shown
    finally:
        for each in waiting:
            if each is not None:
                service.awaited_claims.remove(each)
