"""
A YAML or JSON file that a site writes, as values that know their line.

What the file may say is checked by those who read it; an error names the file, the
line, what is wrong and what to write instead.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import NoReturn

import yaml

from .yaml_documents import YAMLError, yaml_node

_TYPES = {
    "null": "nothing",
    "bool": "true or false",
    "int": "a number",
    "float": "a number",
    "str": "a text",
    "seq": "a list",
    "map": "a mapping",
}


class SiteFileError(ValueError):
    """A file that cannot be used; the text names file, line, what is wrong and the fix."""


def read_site_file(path: str) -> SiteValue:
    """Read ``path``, one document of YAML or JSON. Raises ``SiteFileError``."""
    try:
        node = yaml_node(Path(path).read_bytes())
    except OSError as error:
        raise SiteFileError(f"{path}: {error.strerror or error}") from error
    except YAMLError as error:
        raise SiteFileError(f"{path}: {error}") from None
    if node is None:
        raise SiteFileError(f"{path}: the file is empty; see docs/alignment.md for what it may hold")
    return SiteValue(path, "the file", node, _line(node))


@dataclass(frozen=True, slots=True)
class SiteValue:
    """A value of a site file; ``where`` says in words what it is the value of, ``line`` where that begins."""

    path: str
    where: str
    node: yaml.Node
    line: int

    def refuse(self, message: str) -> NoReturn:
        """Raise ``SiteFileError`` for this value; ``message`` says what is wrong and what to write."""
        raise SiteFileError(f"{self.path}: line {self.line}: {self.where}: {message}")

    def mapping(self, keys: str, fields: Collection[str] = ()) -> dict[str, SiteValue]:
        """
        Return the entries by key, in the order written.

        ``keys`` says what the keys are, for errors. Raises ``SiteFileError`` for a key given twice or,
        unless ``fields`` is empty, not in it.
        """
        if not isinstance(self.node, yaml.MappingNode):
            self.refuse(f"expected a mapping of {keys}, got {self._type}")
        entries: dict[str, SiteValue] = {}
        for key_node, value_node in self.node.value:
            key = SiteValue(self.path, self.where, key_node, _line(key_node))
            name = key.text("a name")
            if name in entries:
                key.refuse(
                    f"{name} is given twice, before in line {entries[name].line}; leave out one of the two"
                )
            if fields and name not in fields:
                near = get_close_matches(name, fields, n=1)
                hint = f"; did you mean {near[0]}?" if near else ""
                key.refuse(f"unknown {keys.removesuffix('s')} {name}{hint} (known: {', '.join(fields)})")
            where = name if self.where == "the file" else f"{self.where}, {name}"
            entries[name] = SiteValue(self.path, where, value_node, key.line)
        return entries

    def text(self, what: str) -> str:
        """The text; ``what`` says what it should be."""
        if not isinstance(self.node, yaml.ScalarNode) or self._tag != "str":
            self.refuse(f"expected {what}, got {self._type}{self._quoting()}")
        return str(self.node.value)

    def texts(self, what: str) -> list[SiteValue]:
        """The items of a list; ``what`` says what the items are."""
        if not isinstance(self.node, yaml.SequenceNode):
            self.refuse(f"expected a list of {what}, such as [{self._inline}], got {self._type}")
        return [SiteValue(self.path, self.where, item, _line(item)) for item in self.node.value]

    @property
    def is_list(self) -> bool:
        return isinstance(self.node, yaml.SequenceNode)

    def boolean(self) -> bool:
        if self._tag != "bool":
            self.refuse(f"expected true or false, got {self._type}")
        return str(self.node.value).lower() == "true"

    def number(self, what: str) -> float:
        """The number; ``what`` says what it should be."""
        if self._tag not in ("int", "float"):
            self.refuse(f"expected {what}, got {self._type}")
        return float(self.node.value)

    def whole_number(self, what: str) -> int:
        """The whole number, 0 or more; ``what`` says what it should be."""
        number = self.number(what)
        if not number.is_integer() or number < 0:
            self.refuse(f"expected {what}, a whole number from 0, got {number:g}")
        return int(number)

    @property
    def _tag(self) -> str:
        return str(self.node.tag).rpartition(":")[2]

    @property
    def _type(self) -> str:
        kind = _TYPES.get(self._tag, self._tag)
        return f"{kind} ({self.node.value})" if isinstance(self.node, yaml.ScalarNode) else kind

    @property
    def _inline(self) -> str:
        return str(self.node.value) if isinstance(self.node, yaml.ScalarNode) else "NAME"

    def _quoting(self) -> str:
        return "; put it in quotes" if self._tag in ("null", "bool", "int", "float") else ""


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1
