"""
Memory of the service under large bodies: ``python -m tests.attacks.memory``.

Starts the service on a generated fleet, on loopback, and prints what it holds after the start, after
ordinary pods, while many connections each hold back the last byte of a body, after all of them have
sent it, and a little later; all this twice. The memory limit in ``deploy/base/deployment.yaml`` rests
on it. Linux only.
"""

from __future__ import annotations

import argparse
import json
import socket
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from extender.cli.bench.fleet import fleet
from extender.cli.bench.load import SPECS, Load
from tests.e2e.process import Process, free_port, start
from tests.process_memory import memory_mib

MIB = 1024 * 1024
PODS_OF_A_SPEC = 50
ANSWER_SECONDS = 120.0
NAME_LENGTH = 253
"""The longest name that a Node can have."""


def main(arguments: Sequence[str]) -> int:
    """Print the table; 1 if the service does not answer an ordinary pod in the end."""
    parser = argparse.ArgumentParser(prog="python -m tests.attacks.memory", description=__doc__)
    parser.add_argument("--nodes", type=int, default=5000, help="nodes of the fleet (5000)")
    parser.add_argument("--connections", type=int, default=256, help="connections with a large body (256)")
    parser.add_argument("--mib", type=float, default=4.0, help="size of each body in MiB (4)")
    parser.add_argument("--names", type=int, default=10_000, help="node names in each body (10000)")
    parser.add_argument("--rounds", type=int, default=2, help="how often this is done (2)")
    parser.add_argument("--seconds", type=float, default=10.0, help="wait after each round (10)")
    options = parser.parse_args(arguments)
    load = Load(options.nodes)
    with serving(options.nodes) as (process, port):
        show("after the start", process)
        for _ in range(PODS_OF_A_SPEC):
            for spec in SPECS:
                post(port, load.job(spec).body)
        show(f"after {PODS_OF_A_SPEC * len(SPECS)} pods", process)
        body = large_body(int(options.mib * MIB), options.names)
        for _ in range(options.rounds):
            attack(process, port, body, options.connections)
            time.sleep(options.seconds)
            show(f"{options.seconds:g} s later", process)
        status = post(port, load.job(next(iter(SPECS))).body)
    sys.stdout.write(f"an ordinary pod then: {status}\n")
    return status != "200"


def attack(process: Process, port: int, body: bytes, connections: int) -> None:
    """Hold ``connections`` bodies that lack their last byte, then send that byte on each."""
    with ExitStack() as stack:
        held = []
        for _ in range(connections):
            connection = stack.enter_context(connect(port))
            try:
                connection.sendall(request(body)[:-1])
            except OSError:
                continue  # refused, which is an answer too
            held.append(connection)
        show(f"{len(held)} of {connections} bodies of {len(body) / MIB:.1f} MiB held", process)
        statuses: dict[str, int] = {}
        for connection in held:
            status = finish(connection, body[-1:])
            statuses[status] = statuses.get(status, 0) + 1
        show(f"bodies sent: {statuses}", process)


def large_body(size: int, names: int) -> bytes:
    """A body of filter with as many node names as asked for, filled up to ``size`` by an annotation."""
    named = [f"{number:0{NAME_LENGTH}d}" for number in range(names)]
    pod: dict[str, object] = {"metadata": {"name": "job", "namespace": "default", "annotations": {"a": ""}}}
    while len(empty := json.dumps({"Pod": pod, "NodeNames": named}).encode()) > size:
        named = named[: len(named) // 2]
    return empty.replace(b'"a": ""', b'"a": "%s"' % (b"x" * (size - len(empty))), 1)


def request(body: bytes) -> bytes:
    """A POST to /filter as kube-scheduler writes it."""
    head = [
        "POST /filter HTTP/1.1",
        "Host: 127.0.0.1",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
    ]
    return "\r\n".join([*head, "", ""]).encode() + body


def post(port: int, body: bytes) -> str:
    """Send an ordinary body; the status of the answer."""
    with connect(port) as connection:
        connection.sendall(request(body)[:-1])
        return finish(connection, body[-1:])


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=ANSWER_SECONDS)


def finish(connection: socket.socket, last: bytes) -> str:
    """Send the last byte; the status of the answer, or ``closed``."""
    try:
        connection.sendall(last)
        answer = connection.recv(MIB)
    except OSError:
        return "closed"
    return answer[9:12].decode("ascii") or "closed"


@contextmanager
def serving(nodes: int) -> Iterator[tuple[Process, int]]:
    """The service on a generated fleet, with its port."""
    port = free_port()
    with tempfile.TemporaryDirectory() as directory:
        dump = Path(directory, "fleet.json")
        dump.write_text(json.dumps(fleet(nodes)))
        command: list[str | Path] = [
            sys.executable,
            "-m",
            "extender",
            "serve",
            "--cluster",
            dump,
            "--listen",
            f"127.0.0.1:{port}",
        ]
        process = start("dra-extender", command, Path(directory, "log"))
        try:
            process.wait_ready(f"http://127.0.0.1:{port}/readyz")
            yield process, port
        finally:
            process.stop()


def show(when: str, process: Process) -> None:
    """Print what the process holds now, and the most that it ever held."""
    sys.stdout.write(
        f"{when:<60} {memory_mib(process.pid):5.0f} MiB, at most {memory_mib(process.pid, 'VmHWM'):5.0f}\n"
    )
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
