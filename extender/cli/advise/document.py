"""Advice as the versioned JSON document that ``docs/advise.md`` describes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import TypeVar

from extender.core.advice.advisor import Advice
from extender.core.advice.claim_warnings import render_warning
from extender.core.advice.constraint_options import Group
from extender.core.advice.judged import Judged
from extender.core.advice.nearness import Nearness
from extender.core.advice.nearness_counts import NearnessCounts
from extender.core.advice.recommendation import AdviceCode, Recommendation, render_recommendation
from extender.core.advice.runnable import Runnable
from extender.core.claims.extended_resources import EXTENDED_CLAIM_NAME
from extender.core.reasons import Outcome
from extender.core.scheduling import render_filter, render_unchecked
from extender.core.soft_alignment.refusals import Refusal, render_refusal
from extender.core.soft_alignment.soften import Rewrite
from extender.service.explain import API_VERSION

from .subjects import Titled

K = TypeVar("K", bound=StrEnum)


def advice_document(kubernetes: str, advised: Iterable[tuple[Titled, Advice]]) -> dict[str, object]:
    """The whole document; ``kubernetes`` is the release whose scheduler was predicted."""
    return {
        "apiVersion": API_VERSION,
        "kind": "Advice",
        "kubernetes": kubernetes,
        "subjects": [_subject(titled, advice) for titled, advice in advised],
    }


def _subject(titled: Titled, advice: Advice) -> dict[str, object]:
    names = [claim.name for claim in titled.subject.claims]
    return {
        "subject": titled.title,
        "claims": names,
        "nodes": advice.nodes,
        "runnable": None if advice.runnable is None else _runnable(advice.runnable),
        "blocked": advice.blocked,
        "options": [_option(judged, [*names, EXTENDED_CLAIM_NAME]) for judged in advice.judged],
        "nearness": None if advice.nearness is None else _nearness(advice.nearness),
        "advice": _advice(advice.recommendation, [*names, EXTENDED_CLAIM_NAME]),
        "rewrites": [_rewrite(name, rewrite) for name, rewrite in zip(names, advice.rewrites, strict=False)],
        "warnings": [
            {
                "code": each.code,
                "severity": each.severity,
                "message": render_warning(each),
                "params": each.values,
            }
            for each in advice.warnings
        ],
    }


def _runnable(found: Runnable) -> dict[str, object]:
    return {
        "nodes": found.nodes,
        "now": len(found.now),
        "empty": len(found.empty),
        "refusals": [
            {"code": reason.code, "message": render_filter(reason), "nodes": count}
            for reason, count in found.refusals
        ],
        "unchecked": [{"code": each.code, "message": render_unchecked(each)} for each in found.unchecked],
    }


def _rewrite(claim: str, rewrite: Rewrite | Refusal) -> dict[str, object]:
    """The form of a rewrite, or the reason why there is none."""
    if isinstance(rewrite, Rewrite):
        return {"claim": claim, "form": int(rewrite.form), "reason": None, "message": None}
    return {"claim": claim, "form": None, "reason": rewrite.code, "message": render_refusal(rewrite)}


def _option(judged: Judged, names: Sequence[str]) -> dict[str, object]:
    option = judged.option
    return {
        "constraint": option.kind,
        "attribute": option.attribute or None,
        "groups": _groups(option.groups, names, one_claim=option.one_claim),
        "count": option.count or None,
        "oneClaim": option.one_claim,
        "now": _counts(Outcome, judged.now),
        "empty": _counts(Outcome, judged.empty),
        "published": [
            {
                "driver": each.driver,
                "devices": each.devices,
                "published": each.published,
                "sayNothing": sum(count for _, count in each.nothing),
                "flatNodes": each.flat_nodes,
            }
            for each in judged.publications
        ],
    }


def _advice(found: Recommendation | None, names: Sequence[str]) -> dict[str, object] | None:
    """What to write: the constraint and on how many empty nodes it holds."""
    if found is None:
        return None
    option = found.option
    kind = None if not found.attribute else "matchAttribute"
    if found.code is AdviceCode.DISTINCT_CARDS:
        kind = "distinctAttribute"
    one_claim = option is not None and option.one_claim
    return {
        "code": found.code,
        "message": render_recommendation(found),
        "constraint": kind,
        "attribute": found.attribute or None,
        "groups": _groups(found.groups, names, one_claim=one_claim),
        "oneClaim": one_claim,
        "count": None if option is None else option.count or None,
        "uncovered": list(found.uncovered),
        "leaves": found.leaves,
        "of": found.of,
    }


def _groups(
    groups: Sequence[Sequence[Group]], names: Sequence[str], *, one_claim: bool
) -> list[dict[str, object]]:
    return [
        {"claim": None if one_claim else names[number], "requests": list(group)}
        for number, of_claim in enumerate(groups)
        for group in of_claim
    ]


def _nearness(counts: NearnessCounts) -> dict[str, object]:
    return {
        "firstFit": _counts(Nearness, counts.first_fit),
        "rewritten": _counts(Nearness, counts.rewritten) if counts.rewritten else None,
        "best": _counts(Nearness, counts.best),
        "bestEmpty": _counts(Nearness, counts.best_empty),
        "guessed": counts.guessed,
        "guessedEmpty": counts.guessed_empty,
    }


def _counts(keys: Iterable[K], counts: Mapping[K, int]) -> dict[str, int]:
    return {key.value: counts.get(key, 0) for key in keys}
