"""
Ask Kubernetes' own allocator and CEL dialect: one long-lived process per release.

A request is a JSON object on one line, and so is its answer.

``allocate``: a case as in ``tests/data/allocator/*.jsonl`` and optionally ``implementation``
(``"stable"``, ``"incubating"``, ``"experimental"``; null: what the release picks), ``celFeatures``
(where the scheduler passes other features to CEL than to the allocator), ``runs``, ``seed``,
``timeoutSeconds`` (default 5, for all runs together). Objects are taken as they are: what the
API server fills in must be there. The answer is one of

* ``{"results": [AllocationResult per claim] | null, "implementation": name, "steps": int | null}``,
  null results where the claims do not fit, ``steps`` the allocateOne calls, share ids all alike;
* ``{"error": text}``, ``{"timeout": true}``, ``{"panic": text, "stack": text}``;
* with ``runs`` above 1, each on slices in another order:
  ``{"answers": [distinct answer without steps, with "count"]}``.

``cel``: ``expression``, ``device`` (as in a ResourceSlice), ``driver``, ``features`` (of the
allocator; CEL takes its own from them). The answer is ``{"match": bool, "cost": int | null}``,
``{"error": text, "cost": int | null}``, ``{"compile_error": text}`` or a time-out or panic as above.

``derive``: the same for an expression that derives an attribute (from 1.37 on); instead of ``match``
the answer has ``attribute``, as in a ResourceSlice.

``version``: ``{"modules": {path: version}, "implementations": [name], "features": [name]}``.

Any of them: ``{"invalid": text}`` where the request is at fault, ``{"crash": text}`` where the
process died of it. It is started anew for the next request.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import tempfile
import time
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import IO, Any, Self

from tests.oracle.releases import oracle_path

Answer = dict[str, Any]


class Oracle:
    """
    The oracle of a release; a context manager that ends the process.

    ``FileNotFoundError`` where it is not built. ``patience``: seconds after which an answer is
    given up, ``{"timeout": true}``, and the process is replaced.
    """

    def __init__(self, release: str, patience: float = 60.0) -> None:
        path = oracle_path(release)
        if path is None:
            raise FileNotFoundError(f"the oracle of {release} is not built: run 'make oracle'")
        self.release = release
        self._path = path
        self._patience = patience
        self._process: subprocess.Popen[bytes] | None = None
        self._errors: IO[bytes] | None = None
        self._rest = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def allocate(self, case: Mapping[str, Any], **options: Any) -> Answer:
        """Answer a case; ``options`` are further fields of the request."""
        return self.ask({**case, "op": "allocate", **options})

    def cel(
        self, expression: str, device: Mapping[str, Any], driver: str, features: Iterable[str] = ()
    ) -> Answer:
        """Evaluate a selector on a device as the scheduler does."""
        request = {"op": "cel", "expression": expression, "device": device, "driver": driver}
        return self.ask({**request, "features": sorted(features)})

    def derive(
        self, expression: str, device: Mapping[str, Any], driver: str, features: Iterable[str] = ()
    ) -> Answer:
        """Derive an attribute of a device as the scheduler does."""
        request = {"op": "derive", "expression": expression, "device": device, "driver": driver}
        return self.ask({**request, "features": sorted(features)})

    def version(self) -> Answer:
        """What the oracle is made of."""
        return self.ask({"op": "version"})

    def ask(self, request: Mapping[str, Any]) -> Answer:
        """The answer to any request."""
        process = self._running()
        assert process.stdin is not None
        try:
            process.stdin.write(json.dumps(request).encode() + b"\n")
            process.stdin.flush()
            line = self._read_line(process)
        except (BrokenPipeError, EOFError):
            return {"crash": self._last_words()}
        except TimeoutError:
            self.close()
            return {"timeout": True}
        answer: Answer = json.loads(line)
        return answer

    def close(self) -> None:
        """End the process, if there is one."""
        process, self._process, self._rest = self._process, None, b""
        if process is not None:
            process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout):
                # What was still buffered for it has nowhere to go.
                with contextlib.suppress(BrokenPipeError):
                    if stream is not None:
                        stream.close()
        if self._errors is not None:
            self._errors.close()
            self._errors = None

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            self._errors = tempfile.TemporaryFile()  # noqa: SIM115  closed with the process
            self._process = subprocess.Popen(
                [self._path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors
            )
        return self._process

    def _read_line(self, process: subprocess.Popen[bytes]) -> bytes:
        assert process.stdout is not None
        deadline = time.monotonic() + self._patience
        parts = [self._rest]
        while b"\n" not in parts[-1]:
            ready, _, _ = select.select([process.stdout], [], [], max(0.0, deadline - time.monotonic()))
            if not ready:
                raise TimeoutError
            chunk = os.read(process.stdout.fileno(), 1 << 16)
            if not chunk:
                raise EOFError
            parts.append(chunk)
        line, _, self._rest = b"".join(parts).partition(b"\n")
        return line

    def _last_words(self) -> str:
        assert self._process is not None
        assert self._errors is not None
        self._process.wait()
        self._errors.seek(0)
        words = self._errors.read(4000).decode(errors="replace")
        self.close()
        return words
