"""Decode ``ExtenderArgs``: the body of filter, prioritize and explain."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from extender.core.cluster.layered import absent

from .bad_request import BadRequest, decode, spelled_otherwise
from .names import check_count, check_nodes

_NAMES_KEY = b'"NodeNames":'
_UNSET = frozenset({b"", b"null"})
_NAMES_UNSET = b'"NodeNames":null}'
_NONE: Mapping[str, object] = {}


class _Args(msgspec.Struct, rename="pascal"):
    pod: msgspec.Raw = msgspec.Raw()
    nodes: msgspec.Raw = msgspec.Raw()
    node_names: tuple[str, ...] | None = None


class _NodeList(msgspec.Struct):
    items: list[msgspec.Raw] | None = None


class _Metadata(msgspec.Struct):
    name: str


class _Node(msgspec.Struct):
    metadata: _Metadata


_decode_args = msgspec.json.Decoder(_Args).decode
_decode_node_list = msgspec.json.Decoder(_NodeList).decode
_decode_node = msgspec.json.Decoder(_Node).decode


@dataclass(frozen=True, slots=True)
class NodeObjects:
    """
    The ``Nodes`` of a request whose extender is not ``nodeCacheCapable``.

    ``text`` is the NodeList as it was sent, ``by_name`` each Node as it was sent,
    in the order sent, the first of a name only. ``unique``: no name came twice.
    """

    text: bytes
    by_name: Mapping[str, msgspec.Raw]
    unique: bool


@dataclass(frozen=True, slots=True)
class ExtenderArgs:
    """
    A decoded request.

    ``pod`` is the Pod's JSON. ``names`` are the offered nodes in the order sent,
    each once. ``node_names`` is the JSON array of the same names where
    ``NodeNames`` was sent: as it came where that is known, otherwise the names
    to be encoded. ``nodes`` is set where Node objects were sent.
    """

    pod: bytes
    names: tuple[str, ...]
    node_names: bytes | tuple[str, ...] | None
    nodes: NodeObjects | None


class ArgsDecoder:
    """
    Decodes bodies, and remembers the last list of names.

    kube-scheduler sends filter and prioritize of one attempt with the same list,
    at the end of the body. Recognising it is one comparison of bytes, and saves
    decoding, checking and hashing every name again: with 5,000 names that is most
    of the cost of a request. The answer never depends on what is remembered.
    """

    __slots__ = ("_most", "_names", "_tail", "_text")

    def __init__(self, most: int = sys.maxsize) -> None:
        """``most``: the most names of one request."""
        self._most = most
        self._tail = b""
        self._text = b""
        self._names: tuple[str, ...] = ()

    def decode(self, body: bytes, known: Mapping[str, object] = _NONE) -> ExtenderArgs:
        """
        Decode a body of filter, prioritize or explain.

        ``known``: nodes by name. Where all names that are sent are among them, none needs a closer look,
        which takes longer than all else.

        Raises ``BadRequest`` when it is not a JSON object of the right types, has
        no Pod, has neither NodeNames nor Nodes, or has names that nodes cannot have.
        Names sent twice count once.
        """
        return self._decode_remembered(body) or self._decode_anew(body, known)

    def _decode_remembered(self, body: bytes) -> ExtenderArgs | None:
        """
        Decode a body that ends in the remembered list, else answer ``None``.

        With the list replaced by ``null`` the body must still be one object with
        a Pod; only then does the list stand at its top level.
        """
        if not self._tail or not body.endswith(self._tail):
            return None
        try:
            args = _decode_args(body[: -len(self._tail)] + _NAMES_UNSET)
        except (ValueError, RecursionError):
            return None
        pod = bytes(args.pod)
        if pod in _UNSET or bytes(args.nodes) not in _UNSET:
            return None
        return ExtenderArgs(pod, self._names, self._text, None)

    def _decode_anew(self, body: bytes, known: Mapping[str, object]) -> ExtenderArgs:
        args = decode(_decode_args, body)
        pod = bytes(args.pod)
        if pod in _UNSET:
            raise BadRequest(
                "Pod",
                f"is missing{spelled_otherwise(body, 'Pod')}",
                "send the Pod that is being scheduled as Pod",
            )
        text = bytes(args.nodes)
        nodes = None if text in _UNSET else _node_objects(args.nodes, text)
        sent = args.node_names
        if sent is None:
            if nodes is None:
                raise BadRequest(
                    "NodeNames",
                    f"NodeNames and Nodes are both missing{spelled_otherwise(body, 'NodeNames', 'Nodes')}",
                    "send the nodes to judge as NodeNames (nodeCacheCapable: true) or as Nodes",
                )
            given = tuple(nodes.by_name)
            check_count(given, self._most)
            check_nodes(given)
            return ExtenderArgs(pod, given, None, nodes)
        check_count(sent, self._most)
        unique = set(sent)
        if absent(known, unique):
            check_nodes(sent)
        names = sent if len(unique) == len(sent) else tuple(dict.fromkeys(sent))
        if nodes is None and names is sent:
            self._remember(body, names)
        return ExtenderArgs(pod, names, names, nodes)

    def _remember(self, body: bytes, names: tuple[str, ...]) -> None:
        """
        Remember the list if it is the last thing in the body.

        The first ``]`` after the key must close the list, and one brace the body:
        then nothing follows, and the key stands at the top level. Anything else,
        such as a name with a bracket, is not worth more code.
        """
        start = body.find(_NAMES_KEY + b"[")
        end = len(body) - 2
        if start >= 0 and body.find(b"]", start) == end and body.endswith(b"}"):
            self._tail = body[start:]
            self._text = body[start + len(_NAMES_KEY) : end + 1]
            self._names = names


def _node_objects(raw: msgspec.Raw, text: bytes) -> NodeObjects:
    items = decode(_decode_node_list, raw, at="Nodes").items or []
    by_name: dict[str, msgspec.Raw] = {}
    for index, item in enumerate(items):
        node = decode(_decode_node, item, at=f"Nodes.items[{index}]")
        by_name.setdefault(node.metadata.name, item)
    return NodeObjects(text, by_name, len(by_name) == len(items))
