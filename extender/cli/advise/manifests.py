"""Claims rewritten to prefer near devices, as YAML to apply, and the policies that would do it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping

import yaml

from extender.core.advice.advisor import Advice
from extender.core.releases.release import Release
from extender.core.soft_alignment.refusals import render_refusal
from extender.core.soft_alignment.soften import Rewrite
from extender.kube.files.claim_file import ManifestKey
from extender.kube.rewriting.admission_policy import admission_policies
from extender.kube.rewriting.rewrite_claim import rewrite_claim
from extender.model import ClaimSpec

from .subjects import Titled

_KEPT = ("name", "generateName", "namespace", "labels", "annotations")
# Of the metadata; the rest is the API server's.
_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_BETA_MINORS = ("1.34", "1.35")
# Where the API of the policies is v1beta1.
_WIDTH = 100


def manifests(
    advised: Iterable[tuple[Titled, Advice]],
    written: Mapping[ManifestKey, Mapping[str, object]],
    release: Release,
) -> Iterator[str]:
    """
    Yield YAML documents: each claim once, rewritten or a comment with the reason, then policies.

    ``written``: the claims as they stand, by kind, namespace and name.
    """
    done: set[ManifestKey] = set()
    policies: dict[tuple[str, str], list[dict[str, object]]] = {}
    for titled, advice in advised:
        if not titled.sources:
            yield _comment(f"{titled.title} has no claim to rewrite")
        for number, source in enumerate(titled.sources):
            if source in done:
                continue
            done.add(source)
            spec = titled.subject.claims[number].spec
            title = f"{source[0]} {source[1]}/{source[2]}"
            found = advice.rewrites[number] if number < len(advice.rewrites) else None
            if found is None:
                yield _comment(f"{title} is not rewritten: it cannot be allocated as it is")
            elif not isinstance(found, Rewrite):
                yield _comment(f"{title} is not rewritten: {render_refusal(found)}")
            elif source not in written:
                yield _comment(
                    f"{title} can be rewritten; to print it, give the claim as it was written with -f"
                )
            else:
                rewritten = rewrite_claim(_bare(written[source]), found)
                yield _comment(_heading(title, spec)) + _dumped(rewritten)
                asked = _plain_classes(spec, found)
                if asked is not None:
                    version = "v1beta1" if release.minor in _BETA_MINORS else "v1"
                    policies.setdefault(asked, admission_policies(found, asked, version))
    for (first, second), objects in policies.items():
        heading = _comment(
            f"Does the same to every claim of one device of class {first} and one of {second} that "
            "asks for it, with no server on the path. It is safe for what the ResourceSlices of this cluster "
            "say; look again when drivers or machines change"
        )
        for number, each in enumerate(objects):
            yield (heading if number == 0 else "") + _dumped(each)


def _plain_classes(spec: ClaimSpec, rewrite: Rewrite) -> tuple[str, str] | None:
    """The classes in rewritten order, if the claim asks for nothing but one device of each of two."""
    exact = {request.name: request.exactly for request in spec.requests}
    found = [exact[name] for name in rewrite.order]
    if len(found) != len({each.device_class for each in found if each is not None}) or len(found) != 2:
        return None
    if any(each is None or each.selectors or each.capacity is not None for each in found):
        return None
    first, second = (each.device_class for each in found if each is not None)
    return first, second


def _bare(document: Mapping[str, object]) -> dict[str, object]:
    """The object without what the API server adds."""
    metadata = document.get("metadata")
    kept = {}
    if isinstance(metadata, Mapping):
        kept = {key: metadata[key] for key in _KEPT if key in metadata}
        annotations = kept.get("annotations")
        if isinstance(annotations, Mapping) and _APPLIED in annotations:
            kept["annotations"] = {key: text for key, text in annotations.items() if key != _APPLIED}
    head = {key: document.get(key) for key in ("apiVersion", "kind")}
    return {**head, "metadata": kept, "spec": document["spec"]}


def _heading(title: str, spec: ClaimSpec) -> str:
    attributes = ", ".join(each.match_attribute or "" for each in spec.constraints)
    softer = f"; it prefers what the constraint on {attributes} required" if attributes else ""
    return f"{title}, rewritten to try near devices first{softer}"


class _Dumper(yaml.SafeDumper):
    """Writes text of several lines as it reads, and what stands twice twice."""

    def ignore_aliases(self, data: object) -> bool:
        del data
        return True


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _represent_text)


def _dumped(document: Mapping[str, object]) -> str:
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, width=_WIDTH, allow_unicode=True)


def _comment(text: str) -> str:
    lines = textwrap.wrap(text, _WIDTH, initial_indent="# ", subsequent_indent="# ", break_on_hyphens=False)
    return "\n".join(lines) + "\n"
