"""Reading a cluster from what ``kubectl get ... -o json`` or ``-o yaml`` printed."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BufferedReader
from typing import BinaryIO

import msgspec

from ..decode import DecodeError
from ..decode.readings import Reading
from .cluster import Cluster, ClusterBuilder, Step, no_step
from .input_file import GZIP_ERRORS, open_input
from .strict import DumpCheck
from .yaml_documents import YAMLError, yaml_documents

_WANTED = (
    "expected the output of kubectl get nodes,deviceclasses,resourceslices,resourceclaims,pods -A -o json"
)
MOST_DECOMPRESSED_BYTES = 1 << 30
"""The most that a gzipped dump may hold. gzip shortens what repeats a thousand times."""

_CHUNK_BYTES = 1 << 20
_SPACE = re.compile(r"\s*")
# A mapping in YAML's flow style begins with a brace, too, but hardly ever with a quoted key.
_JSON_OBJECT = re.compile(rb'\s*\{\s*(?:["}]|$)')
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),  # PowerShell's ">" writes this
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


class ClusterFileError(ValueError):
    """A dump that cannot be read; the text names file, place and what is wanted."""


def read(
    paths: Sequence[str],
    stdin: BufferedReader | None = None,
    readings: Sequence[Reading] = (),
    step: Step = no_step,
) -> Cluster:
    """
    Read ``paths`` and return all their objects as one cluster.

    A path is a file, gzipped or not, or ``-`` for ``stdin``. It holds JSON
    documents one after the other or a YAML stream: Lists, single objects of any
    version, the output of ``kubectl version -o json`` (which names the server's
    version). An object given again replaces the one before and is named in
    ``Cluster.replaced``. Claims and slices that no API server would accept are
    refused (see ``strict``). ``readings``, ``step``: see ``ClusterBuilder``. Raises ``ClusterFileError``.
    """
    builder = ClusterBuilder(check=DumpCheck(), readings=readings, step=step)
    for path in paths:
        with _located(path):
            empty = True
            for document in documents(path, stdin):
                builder.add(document)
                empty = False
        if empty:
            raise ClusterFileError(f"{path}: holds no object; {_WANTED}")
    return builder.build()


def documents(path: str, stdin: BufferedReader | None = None) -> Iterator[bytes]:
    """Yield the documents of one file, or of ``stdin``, as JSON. Raises ``ClusterFileError``."""
    with _located(path):
        yield from _documents(_utf8(_content(path, stdin), path))


@contextmanager
def _located(path: str) -> Iterator[None]:
    try:
        yield
    except (YAMLError, DecodeError, _JSONError) as error:
        raise ClusterFileError(f"{path}: {error}") from None
    except RecursionError:
        raise ClusterFileError(f"{path}: lists within lists, nested too deeply") from None
    except MemoryError:
        raise ClusterFileError(
            f"{path}: takes more memory than there is; {_WANTED} alone, or read it where there is more"
        ) from None


class _JSONError(ValueError):
    """Malformed JSON, with its place."""


def _content(path: str, stdin: BufferedReader | None) -> bytes:
    try:
        with open_input(path, stdin) as stream:
            return stream.read() if isinstance(stream, BufferedReader) else _decompressed(stream, path)
    except GZIP_ERRORS as error:
        raise ClusterFileError(
            f"{path}: the gzip file is damaged or ends early ({error}); copy it again"
        ) from error
    except OSError as error:
        raise ClusterFileError(f"{path}: {error.strerror or error}") from error


def _decompressed(stream: BinaryIO, path: str) -> bytes:
    content = bytearray()
    while chunk := stream.read(_CHUNK_BYTES):
        content += chunk
        if len(content) > MOST_DECOMPRESSED_BYTES:
            raise ClusterFileError(
                f"{path}: holds more than {MOST_DECOMPRESSED_BYTES >> 20} MiB when decompressed, the limit;"
                f" {_WANTED} alone, or decompress it yourself"
            )
    return bytes(content)


def _utf8(data: bytes, path: str) -> bytes:
    for mark, encoding in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            data = data.removeprefix(mark)
            if encoding == "utf-8":
                break
            try:
                return data.decode(encoding).encode()
            except UnicodeError as error:
                raise ClusterFileError(f"{path}: not {encoding} text: {error}") from None
    return data


def _documents(data: bytes) -> Iterator[bytes]:
    """Yield the documents of a file as JSON."""
    if not _JSON_OBJECT.match(data):
        yield from yaml_documents(_text(data))
        return
    try:
        msgspec.json.decode(data, type=msgspec.Raw)
    except (msgspec.DecodeError, RecursionError):
        # Several documents, or a broken one: the slower parser tells their ends and the place.
        yield from _concatenated(_text(data))
    else:
        yield data


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise _JSONError(f"byte {error.start}: not UTF-8 text; {_WANTED}") from None


def _concatenated(text: str) -> Iterator[bytes]:
    decoder, end = json.JSONDecoder(), len(text.rstrip())
    start = 0
    while (start := _skip_space(text, start)) < end:
        try:
            _, stop = decoder.raw_decode(text, start)
        except json.JSONDecodeError as error:
            place = f"line {error.lineno}, column {error.colno}"
            if error.pos >= end or error.msg.startswith("Unterminated"):
                raise _JSONError(f"{place}: the file ends within an object; write it again") from None
            raise _JSONError(f"{place}: not JSON: {error.msg}; {_WANTED}") from None
        except RecursionError:
            raise _JSONError("nested too deeply to be Kubernetes objects") from None
        yield text[start:stop].encode()
        start = stop


def _skip_space(text: str, start: int) -> int:
    match = _SPACE.match(text, start)
    return match.end() if match else start
