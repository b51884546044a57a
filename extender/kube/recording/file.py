"""The files of a recording: one that grows, and the older ones beside it."""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO, cast

# Pods and claims are nobody else's business.
_OWNER_ONLY = 0o600


class RecordingFile:
    """
    Writes ``path``, gzipped where it ends in ``.gz``; the older files are ``path.1``, ``path.2`` ...

    A file that is larger than ``max_bytes``, and twice as large as its header, is followed by another,
    up to ``files`` in all. What is there at the start is kept as an older file. Nothing is created
    before the first line. Every method raises ``OSError``.
    """

    def __init__(self, path: Path, max_bytes: int, files: int) -> None:
        self._path, self._max_bytes, self._files = path, max_bytes, files
        self._raw: BinaryIO | None = None
        self._stream: BinaryIO | None = None
        self._header_bytes = 0

    @property
    def full(self) -> bool:
        """Whether the next line must begin a file, with :meth:`begin`."""
        return self._raw is None or self._raw.tell() >= max(self._max_bytes, 2 * self._header_bytes)

    def begin(self, header: Iterable[bytes]) -> None:
        """Begin a file with its first line, given in pieces."""
        self.close()
        self._rotate()
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
        self._raw = os.fdopen(descriptor, "wb")
        self._stream = self._raw
        if self._path.suffix == ".gz":
            self._stream = cast("BinaryIO", gzip.GzipFile(filename="", mode="wb", fileobj=self._raw))
        for piece in header:
            self.write(piece)
        self.flush()
        self._header_bytes = self._raw.tell()

    def write(self, lines: bytes) -> None:
        """Write lines to the file that has begun."""
        assert self._stream is not None
        self._stream.write(lines)

    def flush(self) -> None:
        """Let readers have what is written."""
        if self._stream is not None and self._raw is not None:
            self._stream.flush()
            self._raw.flush()

    def close(self) -> None:
        """End the file, if one has begun."""
        stream, raw = self._stream, self._raw
        self._stream = self._raw = None
        try:
            if stream is not None:
                stream.close()
        finally:
            if raw is not None:
                raw.close()

    def _rotate(self) -> None:
        """Make room for ``path``: each file takes the next number, the last one goes."""
        for number in range(self._files - 2, -1, -1):
            source = self._numbered(number)
            if source.exists():
                source.replace(self._numbered(number + 1))
        self._path.unlink(missing_ok=True)

    def _numbered(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}") if number else self._path
