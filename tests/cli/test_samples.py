"""docs/cli.md, docs/explain.md, docs/audit.md and docs/advise.md show what the program prints."""

from __future__ import annotations

import json
import re
import shlex

import pytest

from extender.core.advice import claim_warnings
from extender.core.reasons import TEMPLATES
from tests import api_objects as api
from tests.pages import fenced
from tests.paths import DOCS, ROOT

SAMPLE = re.compile(
    r"^```sh\ndra-extender ([^\n]*)\n```\n\n```(?:text|json|yaml)\n(.*?)^```$", re.MULTILINE | re.DOTALL
)
SAMPLES = [
    (command, output)
    for page in ("cli.md", "explain.md", "audit.md", "advise.md", "machines.md")
    for command, output in SAMPLE.findall((DOCS / page).read_text())
    if not command.startswith("serve")  # which prints when it listens, and stays
]


def timeless(text):
    return re.sub(r"\d+\.\d s\b", "S s", text)


@pytest.mark.parametrize(("command", "output"), SAMPLES, ids=[command for command, _ in SAMPLES])
def test_samples_are_true(run, monkeypatch, command, output):
    """Each sample is what its command prints on 100 columns, whatever time it takes."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("COLUMNS", "100")
    ran = run(*shlex.split(command))
    # The pods of the audited cluster are misplaced, the claim among the examples has a mistake, and a
    # cluster has a driver that says nothing.
    unknown = command.startswith("check") and "--machines" not in command
    assert ran.status == (command.startswith("audit") or "examples/claim.yaml" in command or unknown)
    assert timeless(ran.out) == timeless(output)


def test_there_are_samples():
    """The commands that show something have a sample."""
    assert {command.split()[0] for command, _ in SAMPLES} == {
        "advise",
        "audit",
        "check",
        "demo",
        "explain",
        "replay",
    }


def test_the_guide_for_kind_shows_what_explain_prints(run, dump):
    """Of kind's three nodes the two with devices, each with its score and why."""
    (shown,) = fenced((DOCS / "guides/kind.md").read_text(), "text")
    names = ("kind-control-plane", "kind-worker", "kind-worker2")
    nodes = dump([api.node(name) for name in names])
    example = ROOT / "docs/examples/kind.yaml"
    ran = run("explain", "--cluster", nodes, example, "--pod", "default/pair-0", "--kubernetes", "1.36")
    first, second = shown.split("\n\n")
    assert first in ran.out
    assert second in ran.out


def test_every_reason_is_documented():
    """The table of docs/explain.md has each code with its sentence, and no other."""
    page = (DOCS / "explain.md").read_text().partition("## Reasons")[2]
    rows = dict(re.findall(r"^\| `([a-z-]+)` \| (.*) \|$", page, re.MULTILINE))
    assert rows == {code.value: re.sub(r"{(.*?)}", r"*\1*", text) for code, text in TEMPLATES.items()}


def test_every_key_is_documented(run):
    """Each key of the document has a row in a table of docs/explain.md."""
    page = (DOCS / "explain.md").read_text()
    documented = set(re.findall(r"`(\w+)`", "".join(re.findall(r"^\|([^|]*)\|", page, re.MULTILINE))))
    ran = run("explain", "--cluster", ROOT / "docs/examples/cluster.yaml", "--pod", "job-1", "-o", "json")
    keys = set(ran.document)
    for node in json.loads(ran.out)["nodes"].values():
        keys |= node.keys() | node["alignment"].keys() | node["fragmentation"].keys()
        for part in (*node["devices"], *node["alignment"]["pairs"]):
            keys |= part.keys()
    assert keys <= documented


def test_every_warning_is_documented():
    """The table of docs/advise.md has each code with its sentence, and no other."""
    page = (DOCS / "advise.md").read_text().partition("## Warnings")[2]
    rows = dict(re.findall(r"^\| `([a-z-]+)` \| (.*) \|$", page, re.MULTILINE))
    assert rows == {
        code.value: re.sub(r"{(.*?)}", r"*\1*", text) for code, text in claim_warnings.TEMPLATES.items()
    }


def test_every_key_of_advice_is_documented(run):
    """Each key of the document has a row in a table of docs/advise.md."""
    page = (DOCS / "advise.md").read_text()
    documented = set(re.findall(r"`(\w+)`", "".join(re.findall(r"^\|([^|]*)\|", page, re.MULTILINE))))
    cluster, claim = ROOT / "docs/examples/cluster.yaml", ROOT / "docs/examples/claim.yaml"
    ran = run("advise", "--cluster", cluster, "-f", claim, "-o", "json")
    (subject,) = ran.document["subjects"]
    keys = {*ran.document, *subject, *subject["nearness"]}
    for part in (*subject["options"], *subject["warnings"], *subject["rewrites"]):
        keys |= part.keys()
    for option in subject["options"]:
        for part in (*option["groups"], *option["published"]):
            keys |= part.keys()
    assert keys <= documented


def test_the_readme_shows_the_end_of_the_demo(run):
    """The table of README.md stands in what ``make demo`` prints."""
    (shown,) = re.findall(r"^```text\n(.*?)^```$", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    assert shown in run("demo").out
