"""A TLS handshake between a server of ours and a client."""

from __future__ import annotations

import asyncio
import ssl

from extender.service.http.guard import client_names
from extender.service.listeners import Tls
from extender.service.process.tls import Certificate


async def met(tls: Tls, client: ssl.SSLContext, host: str) -> frozenset[str]:
    """The names that the server sees of a client that trusts what ``client`` does, and looks for ``host``."""
    seen: asyncio.Future[frozenset[str]] = asyncio.get_running_loop().create_future()

    async def serve(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.set_result(client_names(writer.get_extra_info("peercert")))
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=Certificate(tls).context)
    async with server:
        address = server.sockets[0].getsockname()
        _, writer = await asyncio.open_connection(*address, ssl=client, server_hostname=host)
        writer.close()
        return await asyncio.wait_for(seen, 10)
