"""
A long-lived process that answers each line of JSON with another.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import IO, Any, Self

Answer = dict[str, Any]


class LineProgram:
    """
    A context manager that ends the process.

    ``patience``: seconds after which an answer is given up, ``{"timeout": true}``, and the process
    is replaced. One that died is replaced as well; the answer is ``{"crash": text}``.
    """

    def __init__(self, command: Sequence[str], patience: float = 60.0) -> None:
        self._command = command
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

    @property
    def pid(self) -> int:
        """The process of now; it is started where there is none."""
        return self._running().pid

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
                self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors
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
