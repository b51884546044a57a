"""
Text as Go quotes it.

Source: Go's strconv Quote.
"""

from __future__ import annotations

import unicodedata

from ..errors import Unpredictable

SHORT_ESCAPES = {
    "\a": "\\a",
    "\b": "\\b",
    "\f": "\\f",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "\v": "\\v",
    "\\": "\\\\",
    '"': '\\"',
}
"""Characters that Go and CEL write with a letter after the backslash, as they are written."""


def quoted(text: str) -> str:
    """
    Return what ``%q`` gives.

    Raises ``Unpredictable`` for a character that a newer Unicode may have made printable.
    """
    return f'"{"".join(map(_escaped, text))}"'


def _escaped(character: str) -> str:
    if character in SHORT_ESCAPES:
        return SHORT_ESCAPES[character]
    if " " <= character <= "~":
        return character
    category = unicodedata.category(character)
    if category == "Cn":
        raise Unpredictable(f"whether Go prints the character {character!a} is not known")
    if category[0] in "LMNPS":
        return character
    code = ord(character)
    if code < 0x20 or code == 0x7F:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
