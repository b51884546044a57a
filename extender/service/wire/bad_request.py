"""
What is wrong with a body, and where.

``BadRequest`` is the one error of this package. Its three parts are the JSON
document of every refused request: ``{"error", "field", "fix"}``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

import msgspec

T = TypeVar("T")

SEND_ONE_OBJECT = "send one JSON object as kube-scheduler does, UTF-8 without a byte order mark"

_VALIDATION = re.compile(r"^(?P<what>.*?)(?: - at `\$\.?(?P<path>.*)`)?$", re.DOTALL)


MOST_REPEATED = 200
"""The most characters of a caller's text that an answer repeats in one place."""


def shortened(text: str, most: int = MOST_REPEATED) -> str:
    """Return the beginning of ``text``, as text that UTF-8 can hold."""
    kept = text if len(text) <= most else f"{text[:most]}..."
    return kept if kept.isascii() else kept.encode("utf-8", "backslashreplace").decode()


class BadRequest(Exception):
    """
    A body that the caller has to change.

    ``field`` is a path such as ``NodeNames[3]``, or ``body`` where no single
    field is at fault; ``fix`` says what to send instead. All are shortened: they may hold the caller's text.
    """

    def __init__(self, field: str, message: str, fix: str) -> None:
        field, message, fix = shortened(field), shortened(message), shortened(fix, 2 * MOST_REPEATED)
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message
        self.fix = fix


class BodyTooLarge(BadRequest):
    """A body above the limit; answered with 413 instead of 400."""


def decode(decoder: Callable[[bytes | msgspec.Raw], T], body: bytes | msgspec.Raw, *, at: str = "") -> T:
    """
    Decode JSON with a typed msgspec ``decoder``.

    ``at`` is the path of ``body`` within the whole request, empty for the
    request itself. Raises ``BadRequest`` for anything the decoder refuses.
    """
    try:
        return decoder(body)
    except msgspec.ValidationError as error:
        raise _mismatch(str(error), at) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        text = "is empty" if not bytes(body).strip() else f"is not valid JSON: {error}"
        raise BadRequest(at or "body", text, SEND_ONE_OBJECT) from None
    except RecursionError:
        raise BadRequest(at or "body", "is nested too deeply", SEND_ONE_OBJECT) from None


def spelled_otherwise(body: bytes | msgspec.Raw, *fields: str) -> str:
    """
    Name the first key of the object ``body`` that differs from one of ``fields`` by its case alone.

    To be put behind a sentence that says that they are missing; empty where there is no such key.
    """
    wanted = {field.lower(): field for field in fields}
    try:
        keys = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return ""
    found = next((key for key in keys if wanted.get(key.lower(), key) != key), None)
    return "" if found is None else f"; there is a key {found}, and the case of keys counts"


def _mismatch(text: str, at: str) -> BadRequest:
    """Turn msgspec's "Expected `str`, got `int` - at `$.NodeNames[3]`" into ours."""
    match = _VALIDATION.match(text)
    what, path = (match["what"], match["path"] or "") if match else (text, "")
    field = f"{at}.{path}" if at and path and not path.startswith("[") else at + path
    message = what.replace("`", "")
    message = message[:1].lower() + message[1:]
    expected = re.match(r"expected (.*), got ", message)
    fix = f"send {field or 'the body'} as {expected[1]}" if expected else SEND_ONE_OBJECT
    return BadRequest(field or "body", message, fix)
