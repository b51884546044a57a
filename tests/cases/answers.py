"""
The answer of a command in the words of a case: names to what they got, codes, no sentences.

``explain``: ``nodes`` by name, each with what the document says of it, but ``devices`` and whether
they are ``listed`` by request, ``alignment`` and ``best`` as numbers, ``pairs`` as distances by the
names of two devices, ``fit`` with ``causes`` by code and ``requests`` by name, and ``doubleUses`` as
holders by device. ``ignored``: what the release takes no notice of, by code. ``order``: the nodes that
can run the pod, the best score first, those of one score together.
``advise``: the one subject, with ``warnings`` as severities by code and ``options`` as the numbers of
nodes, now and when empty. ``audit``: the document, with ``pods`` by name and ``pairs`` as numbers.
``prioritize``: ``order``.
A refused input is ``names``: those of the expected words that the message has.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

Answer = Mapping[str, Any]

WHOLE = frozenset({"devices", "warnings", "pairs", "unrated", "causes", "lost"})
"""Parts that are compared as they are, with all their keys."""

COMPLETE = frozenset({"nodes", "pods"})
"""Parts of which every name has to be expected, but not all that is said of it."""

ABSENT = "<absent>"


def of_explain(document: Answer) -> Answer:
    nodes = {name: _explained(node) for name, node in document["nodes"].items()}
    able = {name: node["score"] for name, node in nodes.items() if node["outcome"] == "allocated"}
    ignored = {each["code"]: each["by"] for each in document.get("ignored", ())}
    return {**document, "nodes": nodes, "order": order_of(able), "ignored": ignored}


def _explained(node: Answer) -> Answer:
    alignment = node["alignment"]
    return {
        **node,
        "devices": _by_request(node["devices"]),
        "listed": {each["request"]: each.get("listed", True) for each in node["devices"]},
        "alignment": alignment["predicted"],
        "best": alignment["best"],
        "pairs": _pairs(alignment["pairs"]),
        "fit": _fit(node["fit"]) if node.get("fit") else None,
        "doubleUses": [_card(each) for each in node.get("doubleUses", ())],
    }


def _card(devices: Iterable[Answer]) -> dict[str, list[str]]:
    """A card that is in use twice: its devices with their holders."""
    return {each["device"].rpartition("/")[2]: each["holders"] for each in devices}


def _fit(fit: Answer) -> Answer:
    """``causes`` as codes with what they were caused ``by``, ``requests`` and what they ``lost`` by name."""
    return {
        **fit,
        "causes": {each["code"]: list(each.get("by", ())) for each in fit["causes"]},
        "requests": {
            each["request"]: {**each, "lost": {lost["code"]: lost["devices"] for lost in each["lost"]}}
            for each in fit["requests"]
        },
    }


def of_advise(document: Answer) -> Answer:
    (subject,) = document["subjects"]
    return {
        **subject,
        "warnings": {each["code"]: each["severity"] for each in subject["warnings"]},
        "options": {_option(each): _counts(each) for each in subject["options"]},
        "rewrites": {each["claim"]: each["form"] or each["reason"] for each in subject["rewrites"]},
    }


def of_audit(document: Answer) -> Answer:
    pods = {each["pod"].partition("/")[2]: _audited(each) for each in document["pods"]}
    cards = [_card(each["devices"]) for each in document.get("doubleUses", ())]
    numbers = {each["kinds"]: each["pairs"] for each in document["pairs"]}
    return {**document, "pods": pods, "doubleUses": cards, "pairs": numbers}


def of_refusal(message: str, words: Iterable[str]) -> Answer:
    return {"names": [word for word in words if word in message]}


def order_of(scores: Mapping[str, int]) -> list[list[str]]:
    """The names by score, the highest first, those of one score together and sorted."""
    return [
        sorted(name for name, score in scores.items() if score == each)
        for each in sorted(set(scores.values()), reverse=True)
    ]


def named(answer: object, wanted: object, part: str = "") -> object:
    """What ``wanted`` names of ``answer``, to be compared with it."""
    if part in WHOLE or not isinstance(wanted, dict) or not isinstance(answer, Mapping):
        return answer
    names = answer if part in COMPLETE else wanted
    return {name: named(answer.get(name, ABSENT), wanted.get(name, {}), name) for name in names}


def _by_request(devices: Iterable[Answer]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for device in devices:
        found.setdefault(device["request"], []).append(device["device"])
    return found


def _pairs(pairs: Iterable[Answer]) -> dict[str, str]:
    return {" ".join(pair[end].rpartition("/")[2] for end in ("a", "b")): pair["distance"] for pair in pairs}


def _option(option: Answer) -> str:
    if option["constraint"] != "match":
        return str(option["constraint"])
    groups = "; ".join(" + ".join(group["requests"]) for group in option["groups"])
    return f"{option['attribute']} over {groups}" + (", in one claim" if option["oneClaim"] else "")


def _counts(option: Answer) -> dict[str, str]:
    """Such as ``2 allocated, 1 error``."""
    return {
        when: ", ".join(f"{count} {outcome}" for outcome, count in option[when].items() if count)
        for when in ("now", "empty")
    }


def _audited(pod: Answer) -> Answer:
    return {
        **pod,
        "devices": _by_request(pod["devices"]),
        "alignment": pod["alignment"]["achieved"],
        "pairs": _pairs(pod["alignment"]["pairs"]),
    }


def parsed(text: str) -> Answer:
    """The document that a command printed."""
    document: Answer = json.loads(text)
    return document
