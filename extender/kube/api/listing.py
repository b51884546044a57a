"""
One reading of a live cluster, for commands that answer and exit. Whoever stays up watches instead.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING

from ..decode.readings import Reading
from ..decode.resources import RESOURCES, Resource
from ..files.cluster import Cluster, ClusterBuilder, Step, no_step
from .errors import LiveError
from .list_pages import list_pages

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from .connection import Connection

__all__ = ["LiveError", "read_live"]

_AT_ONCE = 10
"""Objects that are decoded before the network has a turn."""


def read_live(
    context: str | None = None,
    kubeconfig: str | None = None,
    resources: Iterable[Resource] = RESOURCES,
    readings: Sequence[Reading] = (),
    step: Step = no_step,
) -> Cluster:
    """
    List ``resources`` and return them as a cluster, with the server's version.

    The configuration is the named kubeconfig and context, else the pod's own
    service account, else ``$KUBECONFIG`` or ``~/.kube/config``. The lists are
    read one after the other, so a later kind may be newer than an earlier one. Each page is decoded while
    the next is on its way, so that no more than two are held as JSON. Objects that cannot be read
    are left out, and named in the cluster's ``left_out``. ``readings``, ``step``: see ``ClusterBuilder``.
    Blocks, for seconds on a large cluster. Raises ``LiveError``.
    """
    return asyncio.run(_read(context, kubeconfig, resources, readings, step))


async def _read(
    context: str | None,
    kubeconfig: str | None,
    resources: Iterable[Resource],
    readings: Sequence[Reading],
    step: Step,
) -> Cluster:
    # Importing the HTTP client takes longer than most commands.
    connect: Callable[[str | None, str | None], AbstractAsyncContextManager[Connection]] = import_module(
        "extender.kube.api.connection"
    ).connect
    async with connect(context, kubeconfig) as connection:
        builder = ClusterBuilder(kubernetes=connection.kubernetes, readings=readings, step=step)
        for resource in resources:
            async with list_pages(connection, resource) as pages:
                async for page in pages:
                    if page.first:
                        builder.start_again(resource)
                    for first in range(0, len(page.items), _AT_ONCE):
                        # Lets the next page be asked for, and taken from the network, meanwhile.
                        await asyncio.sleep(0)
                        builder.add_readable(resource, page.items[first : first + _AT_ONCE])
        return replace(builder.build(), server=connection.host)
