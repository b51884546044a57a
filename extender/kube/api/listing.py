"""
One reading of a live cluster, for commands that answer and exit. Whoever stays up watches instead.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING

import msgspec

from ..decode.readings import Reading
from ..decode.resources import RESOURCES, Resource
from ..files.cluster import Cluster, ClusterBuilder
from .errors import LiveError
from .list_pages import list_pages

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from .connection import Connection

__all__ = ["LiveError", "read_live"]


def read_live(
    context: str | None = None,
    kubeconfig: str | None = None,
    resources: Iterable[Resource] = RESOURCES,
    readings: Sequence[Reading] = (),
) -> Cluster:
    """
    List ``resources`` and return them as a cluster, with the server's version.

    The configuration is the named kubeconfig and context, else the pod's own
    service account, else ``$KUBECONFIG`` or ``~/.kube/config``. The lists are
    read one after the other, so a later kind may be newer than an earlier one. Objects that cannot be read
    are left out, and named in the cluster's ``left_out``. ``readings``: see ``ClusterBuilder``.
    Blocks, for seconds on a large cluster. Raises ``LiveError``.
    """
    return asyncio.run(_read(context, kubeconfig, resources, readings))


async def _read(
    context: str | None,
    kubeconfig: str | None,
    resources: Iterable[Resource],
    readings: Sequence[Reading],
) -> Cluster:
    # Importing the HTTP client takes longer than most commands.
    connect: Callable[[str | None, str | None], AbstractAsyncContextManager[Connection]] = import_module(
        "extender.kube.api.connection"
    ).connect
    async with connect(context, kubeconfig) as connection:
        builder = ClusterBuilder(kubernetes=connection.kubernetes, readings=readings)
        for resource in resources:
            items: list[msgspec.Raw] = []
            async for page in list_pages(connection, resource):
                items = page.items if page.first else items + page.items
            builder.add_readable(resource, items)
        return replace(builder.build(), server=connection.host)
