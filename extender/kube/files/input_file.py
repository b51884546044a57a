"""Opening what a user names on the command line: a file, gzipped or not, or standard input."""

from __future__ import annotations

import gzip
import sys
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO, cast

STDIN = "-"
GZIP_ERRORS = (EOFError, zlib.error, gzip.BadGzipFile)
"""What reading a damaged gzip file raises, ``EOFError`` where its end is missing."""

_GZIP_MAGIC = b"\x1f\x8b"


@contextmanager
def open_input(path: str, stdin: BufferedReader | None = None) -> Iterator[BinaryIO]:
    """
    Open ``path`` for reading, decompressed; ``-`` is ``stdin`` (default: the process's own).

    Raises ``OSError`` where the file cannot be opened, and while reading also
    one of ``GZIP_ERRORS``.
    """
    with ExitStack() as stack:
        if path == STDIN:
            plain = stdin or cast("BufferedReader", sys.stdin.buffer)
        else:
            plain = stack.enter_context(Path(path).open("rb"))
        if plain.peek(len(_GZIP_MAGIC)).startswith(_GZIP_MAGIC):
            yield cast("BinaryIO", stack.enter_context(gzip.open(plain)))
        else:
            yield plain
