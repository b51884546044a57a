"""The documentation does not drift: its blocks parse, and what it names and links to exists."""

from __future__ import annotations

import importlib.util
import io
import json
import os
import re
import tomllib
from collections import Counter
from contextlib import redirect_stdout
from functools import cache
from pathlib import Path
from unittest import mock

import pytest
import yaml

from extender.cli.program import COMMANDS, main
from tests.pages import FENCE, fenced
from tests.paths import ROOT

PAGES = [
    page
    for folder in (".", "deploy", "docs", "scheduler-config", "tests")
    for page in sorted((ROOT / folder).glob("*.md" if folder == "." else "**/*.md"))
]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
CODE_PATH = re.compile(
    r"(?<![\w./-])(?:extender|core|cel|kube|service|cli|model|tests|docs|deploy|requirements)(?:/[\w.-]+)+"
)
CONTENTS = ROOT / "docs" / "README.md"
MAX_LINE = 100
REGISTRY_HOSTS = re.compile(r"pypi\.org|pythonhosted|proxy\.golang", re.IGNORECASE)


def short(path: Path) -> str:
    return str(path.relative_to(ROOT))


def blocks(path: Path, *languages: str) -> list[str]:
    return fenced(path.read_text(), *languages)


def code(path: Path) -> str:
    """Everything a page shows as something to type: shell blocks and inline code."""
    prose = FENCE.sub("", path.read_text())
    return "\n".join([*blocks(path, "sh"), *re.findall(r"`([^`\n]+)`", prose)])


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def requirement_names(requirements: list[str]) -> set[str]:
    return {canonical(re.split(r"[<>=!~;\[ ]", requirement, maxsplit=1)[0]) for requirement in requirements}


def pins(name: str) -> dict[str, str]:
    text = (ROOT / "requirements" / name).read_text()
    return {
        canonical(package): version
        for package, version in re.findall(r"^([\w.-]+)==(\S+)", text, re.MULTILINE)
    }


@cache
def help_text(*command: str) -> str:
    printed = io.StringIO()
    wide = mock.patch.dict(os.environ, {"COLUMNS": "200"})
    with wide, redirect_stdout(printed), pytest.raises(SystemExit) as stop:
        main([*command, "--help"])
    assert stop.value.code == 0
    return printed.getvalue()


@pytest.mark.parametrize("path", PAGES, ids=short)
def test_blocks_parse(path):
    """Fenced JSON and YAML is JSON and YAML."""
    for body in blocks(path, "json"):
        json.loads(body)
    for body in blocks(path, "yaml"):
        list(yaml.safe_load_all(body))


@pytest.mark.parametrize("path", PAGES, ids=short)
def test_fences_are_closed(path):
    """Every code fence that opens also closes, so that the other tests see the blocks."""
    assert len(re.findall(r"^```", path.read_text(), re.MULTILINE)) % 2 == 0


@pytest.mark.parametrize("path", PAGES, ids=short)
def test_relative_links_resolve(path):
    """Links to files of this repository lead to a file or folder, anchors to a heading."""
    for link in re.findall(r"\]\(([^)\s]+)\)", FENCE.sub("", path.read_text())):
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = (path.parent / name).resolve() if name else path
        assert target.exists(), f"{short(path)} links to {link}"
        assert target.is_relative_to(ROOT), f"{short(path)} links out of the repository: {link}"
        if anchor:
            headings = re.findall(r"^#+ (.*)$", target.read_text(), re.MULTILINE)
            slugs = {
                re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-") for heading in headings
            }
            assert anchor in slugs, f"{short(path)} links to {link}"


@pytest.mark.parametrize("path", PAGES, ids=short)
def test_make_targets_exist(path):
    """Each `make target` a page shows is a target of the Makefile."""
    targets = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"\bmake ([a-z][a-z0-9-]*)", code(path))) - targets == set()


@pytest.mark.parametrize("path", PAGES, ids=short)
def test_commands_and_options_exist(path):
    """Each `dra-extender command --option` a page shows is in that command's --help."""
    commands = re.compile(r"(?:^|[|;&/]) *dra-extender ([a-z]+)([^\n|;]*)", re.MULTILINE)
    for command, rest in commands.findall(code(path).replace("\\\n", " ")):
        text = help_text(command)
        for option in re.findall(r"(?<!\S)\[?(--?[a-z][a-z-]*)", rest):
            assert re.search(rf"(?<![\w-]){option}(?![\w-])", text), (
                f"{short(path)}: {command} has no {option}"
            )


@pytest.mark.parametrize("path", PAGES, ids=short)
def test_files_that_are_named_exist(path):
    """Paths of the source, as ``extender/core/...`` or ``core/...``, of tests, documents and manifests."""
    names = CODE_PATH.findall("\n".join(re.findall(r"`([^`\n]+)`", FENCE.sub("", path.read_text()))))
    roots = (ROOT, ROOT / "extender")
    assert [name for name in names if not any((root / name).exists() for root in roots)] == []


@pytest.mark.parametrize("path", PAGES, ids=short)
def test_modules_that_are_run_exist(path):
    """Each `python -m module` a page shows can be found."""
    for module in re.findall(r"\bpython3? -m ((?:tests|extender)[\w.]*)", code(path)):
        assert importlib.util.find_spec(module), f"{short(path)}: there is no {module}"


def test_classes_that_the_design_names_exist():
    """Names in CamelCase in docs/design.md are classes of the extender; their methods exist, too."""
    text = (ROOT / "docs" / "design.md").read_text()
    sources = [source.read_text() for source in (ROOT / "extender").rglob("*.py")]
    defined = set(re.findall(r"^class (\w+)", "\n".join(sources), re.MULTILINE))
    methods = set(re.findall(r"^    (?:async )?def (\w+)", "\n".join(sources), re.MULTILINE))
    named = re.findall(r"`([A-Z][a-z]+(?:[A-Z][a-z]+)*)(?:\.(\w+))?`", FENCE.sub("", text))
    (diagram, *_) = [block for block in blocks(ROOT / "docs" / "design.md", "") if "CompiledClaims" in block]
    named += [(name, "") for name in re.findall(r"\b[A-Z][a-z]+[A-Z]\w+", diagram)]
    assert len(named) > 10
    assert {name for name, _ in named} - defined == set()
    assert {method for _, method in named if method} - methods == set()


def tables(path: Path) -> list[list[list[str]]]:
    """Each table of a page as rows of cells, the head first, without the line below the head."""
    found = re.findall(r"(?:^\|.*\|\n)+", FENCE.sub("", path.read_text()), re.MULTILINE)
    rows = [[row.strip("|").split(" | ") for row in table.splitlines()] for table in found]
    return [[[cell.strip() for cell in row] for row in (table[0], *table[2:])] for table in rows]


@pytest.mark.parametrize("path", PAGES, ids=short)
def test_rows_of_tables_are_unique(path):
    """A table has one row for each thing; results of measurements also by what was measured."""
    for head, *rows in tables(path):
        keys = 2 if head[0] in ("nodes", "machine", "the pod asks for") else 1
        if head[:3] == ["the claim asks for", "GPUs", "NICs"]:
            keys = 3
        counts = Counter(tuple(row[:keys]) for row in rows)
        assert [row for row, count in counts.items() if count > 1] == [], f"{short(path)}: table of {head[0]}"


@pytest.mark.parametrize("path", PAGES, ids=short)
def test_lines_are_short(path):
    """Prose can be read in a terminal; tables, blocks and targets of links may be longer."""
    prose = FENCE.sub(lambda block: "\n" * block[0].count("\n"), path.read_text())
    shown = [re.sub(r"\]\([^)\s]+\)|^\[\w+\]: \S+$", "]()", line) for line in prose.splitlines()]
    long = [number for number, line in enumerate(shown, 1) if len(line) > MAX_LINE and line[:1] != "|"]
    assert long == [], f"{short(path)}: lines of more than {MAX_LINE} characters"


def glossary() -> dict[str, str]:
    """Terms with what stands below each in docs/README.md, lines kept."""
    text = CONTENTS.read_text().partition("\n## Glossary\n")[2]
    return dict(re.findall(r"^\* \*\*([^*]+)\*\*: (.*(?:\n  .*)*)$", text, re.MULTILINE))


def test_the_glossary_is_in_order():
    """Each term once, sorted within the two lists, in two lines at most, with a page that explains it."""
    text = CONTENTS.read_text().partition("\n## Glossary\n")[2]
    for part in text.split("\n### Terms of the code\n"):
        terms = re.findall(r"^\* \*\*([^*]+)\*\*:", part, re.MULTILINE)
        assert len(terms) > 5
        assert terms == sorted(set(terms))
    assert len(glossary()) == text.count("\n* ")
    assert [term for term, meaning in glossary().items() if meaning.count("\n") > 1] == []
    assert [term for term, meaning in glossary().items() if not re.search(r"\]\([\w./-]+\.md", meaning)] == []


@pytest.mark.parametrize("term", glossary())
def test_terms_of_the_glossary_are_used(term):
    """The page that a term links to uses the term, so that whoever follows the link finds it."""
    page = " ".join(explained_on(term).read_text().lower().split())
    assert term.lower() in page or term.lower().replace(" ", "-") in page


@pytest.mark.parametrize("path", [page for page in PAGES if page != CONTENTS], ids=short)
def test_pages_that_use_our_terms_say_where_they_are_explained(path):
    """
    A page links a term of another page to the glossary or to that page.

    Only terms of several words count: the others are words of everyday language too.
    """
    prose = re.sub(r"^\|.*", "", FENCE.sub("", path.read_text()), flags=re.MULTILINE)
    links = re.findall(r"\]\(([^)#\s]+)", path.read_text())
    text = " ".join(re.sub(r"\]\([^)\s]+\)", "", prose).split())
    reached = {(path.parent / link).resolve() for link in links if not link.startswith("http")} | {path}
    used = [term for term in glossary() if " " in term and re.search(rf"\b{term}s?\b", text)]
    assert CONTENTS in reached or [term for term in used if explained_on(term) not in reached] == []


def explained_on(term: str) -> Path:
    """The page that a term of the glossary links to."""
    link = re.search(r"\]\(([\w./-]+\.md)", glossary()[term])
    assert link is not None
    return (CONTENTS.parent / link[1]).resolve()


def test_the_contents_list_every_page():
    """docs/README.md links to each page of the repository but the ones that link to it."""
    linked = {
        (CONTENTS.parent / link).resolve()
        for link in re.findall(r"\]\(([\w./-]+\.md)", CONTENTS.read_text().partition("\n## Glossary\n")[0])
    }
    assert set(PAGES) - linked == {CONTENTS}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_is_documented(command):
    """Each option of a command, long or short, stands in docs/cli.md or on the command's own page."""
    pages = [page for page in (ROOT / "docs/cli.md", ROOT / f"docs/{command}.md") if page.exists()]
    shown = set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", "\n".join(map(code, pages))))
    listed = re.findall(r"^  (-.*?)(?:  |$)", help_text(command), re.MULTILINE)
    options = [set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", line)) for line in listed]
    assert len(options) > 3
    assert [names for names in options if "--help" not in names and not names & shown] == []


@pytest.mark.parametrize("page", ["docs/alignment.md", "docs/cli.md"])
@pytest.mark.parametrize("option", ["--vocabulary", "--machines", "--worths"])
def test_which_commands_take_a_file_of_the_site(page, option):
    """A sentence names the commands that take it, and no other."""
    text = " ".join((ROOT / page).read_text().split())
    named = [
        re.findall(r"`(\w+)`", sentence)
        for sentence in re.findall(r"[^.]*", text)
        if re.search(r"`serve`.* take ", sentence) and (option in sentence or "take them" in sentence)
    ]
    takes = sorted(command for command in COMMANDS if f" {option} " in help_text(command))
    assert takes in [sorted(commands) for commands in named]


def test_deployment_arguments_exist():
    """The options in the Deployment's and the image's arguments are options of that command."""
    (deployment,) = yaml.safe_load_all((ROOT / "deploy/base/deployment.yaml").read_text())
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    command, *arguments = container["args"]
    for option in [argument for argument in arguments if argument.startswith("--")]:
        assert option in help_text(command)


def test_every_make_target_is_listed():
    """`make help` shows each target, because each has its one line of description."""
    text = (ROOT / "Makefile").read_text()
    phony = re.search(r"^\.PHONY: (.*)$", text, re.MULTILINE)
    assert phony is not None
    assert set(phony[1].split()) == set(re.findall(r"^([a-z0-9-]+):.*## ", text, re.MULTILINE))


def test_ci_runs_what_the_readme_says():
    """The README's test and lint commands are the ones that .ci/run runs."""
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    for command in ("make test", "make lint"):
        assert command in "\n".join(blocks(ROOT / "README.md", "sh"))
        assert f"run {command}\n" in script.read_text()


def test_every_dependency_has_its_reason():
    """docs/dependencies.md has one row for each runtime dependency of pyproject.toml, and no other."""
    rows = re.findall(
        r"^\| `([^`]+)` \| (\S.*?) \|", (ROOT / "docs/dependencies.md").read_text(), re.MULTILINE
    )
    assert requirement_names([name for name, _ in rows]) == requirement_names(
        PROJECT["project"]["dependencies"]
    )
    assert all(len(reason) > 10 or name == "prometheus-client" for name, reason in rows)


def test_locks_hold_what_pyproject_asks_for():
    """Each direct requirement is pinned in its lock, and development uses the runtime's pins."""
    runtime, dev = pins("runtime.txt"), pins("dev.txt")
    assert requirement_names(PROJECT["project"]["dependencies"]) <= set(runtime)
    assert requirement_names(PROJECT["dependency-groups"]["dev"]) <= set(dev)
    assert requirement_names(PROJECT["dependency-groups"]["release"]) <= set(pins("release.txt"))
    assert runtime.items() <= dev.items()
    assert requirement_names(PROJECT["build-system"]["requires"]) == set(pins("build.txt"))


@pytest.mark.parametrize("name", ["build.txt", "runtime.txt", "dev.txt", "release.txt"])
def test_locks_install_from_any_index(name):
    """A lock pins and hashes every package, and names no place to fetch it from."""
    text = (ROOT / "requirements" / name).read_text()
    entries = re.split(r"\n(?=[\w])", re.sub(r"^ *#.*\n", "", text, flags=re.MULTILINE))
    assert all("==" in entry and "--hash=sha256:" in entry for entry in entries if entry.strip())
    assert "://" not in text


TEXTS = [
    *PAGES,
    *sorted((ROOT / ".github").rglob("*.yml")),
    *(ROOT / name for name in ("Makefile", "Dockerfile", ".ci/run", "pyproject.toml")),
]


@pytest.mark.parametrize("path", TEXTS, ids=short)
def test_no_package_registry_is_named(path):
    """Installing works with whatever index the machine is set up for, so none is named."""
    assert not REGISTRY_HOSTS.search(path.read_text())
