"""The guides: Helm accepts what they type, and what they name is there."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from tests.chart.render import NEEDS_HELM, notes, run
from tests.chart.values import CHART
from tests.e2e.releases import RELEASES
from tests.pages import fenced, part
from tests.paths import ROOT

pytestmark = NEEDS_HELM

GUIDES = sorted((ROOT / "docs/guides").glob("*.md"))
PAGES = [*GUIDES, ROOT / "docs/chart.md", ROOT / "docs/upgrade.md"]
OURS = re.compile(r"deploy/chart|dra-extender-[\d.]+\.tgz")
HEREDOC = re.compile(r"^cat > (\S+) <<'EOF'\n(.*?)^EOF$", re.MULTILINE | re.DOTALL)
NOT_FOR_RENDERING = {"--create-namespace", "--reset-then-reuse-values"}
"""Options of ``helm install`` and ``helm upgrade`` that ``helm template`` has not."""


@dataclass(frozen=True, slots=True)
class Installation:
    """A ``helm install``, ``upgrade`` or ``template`` of our chart on a page, with the files it reads."""

    page: str
    release: str
    options: tuple[str, ...]
    files: tuple[tuple[str, str], ...]

    def render(self, folder: Path, version: str):
        for name, text in self.files:
            (folder / name).write_text(text)
        options = [str(folder / each) if each in dict(self.files) else each for each in self.options]
        # A version that the command itself names comes later and counts.
        text = run("template", self.release, CHART, "--kube-version", version, *options)
        return [document for document in yaml.safe_load_all(text) if document is not None]


def installations(page: Path) -> list[Installation]:
    text = "\n".join(fenced(page.read_text(), "sh"))
    files = tuple(HEREDOC.findall(text))
    found = []
    for line in HEREDOC.sub("", text).replace("\\\n", " ").splitlines():
        words = shlex.split(line.partition(" |")[0]) if line.startswith("helm ") else []
        if words[1:2] in (["install"], ["upgrade"], ["template"]) and OURS.match(words[3]):
            options = tuple(word for word in words[4:] if word not in NOT_FOR_RENDERING)
            found.append(Installation(page.name, words[2], options, files))
    return found


ALL = [each for page in PAGES for each in installations(page)]


def test_every_guide_installs_the_chart():
    """Else the tests below look at nothing."""
    assert {page.name for page in GUIDES} - {each.page for each in ALL} == {"README.md"}


@pytest.mark.parametrize("minor", ["1.34", "1.37"])
@pytest.mark.parametrize("number", range(len(ALL)))
def test_helm_accepts_what_a_guide_types(tmp_path, number, minor):
    """With the options and the files of the page; the image is the one that the page names."""
    documents = ALL[number].render(tmp_path, RELEASES[minor])
    (deployment,) = [each for each in documents if each["kind"] == "Deployment"]
    images = {each["image"] for each in deployment["spec"]["template"]["spec"]["containers"]}
    asked = re.search(
        r"image\.repository=(\S+)|repository: (\S+)",
        " ".join((*ALL[number].options, *dict(ALL[number].files).values())),
    )
    if asked is not None:
        assert any(image.startswith(f"{asked[1] or asked[2]}:") for image in images)


@pytest.mark.parametrize("page", ["kubeadm.md", "k3s.md"])
def test_the_objects_that_a_guide_reads_are_made(tmp_path, page):
    """Secrets, ConfigMaps and Services that ``kubectl get`` names, with the keys that templates read."""
    text = "\n".join(fenced((ROOT / "docs/guides" / page).read_text(), "sh"))
    read = re.findall(r"kubectl -n dra-extender get (secret|configmap|service) (\S+)", text)
    assert len(read) >= 3
    made = [each for found in ALL if found.page == page for each in found.render(tmp_path, RELEASES["1.36"])]
    names = {(each["kind"].lower(), each["metadata"]["name"]) for each in made}
    assert set(read) <= names
    (files,) = [each["data"] for each in made if each["metadata"]["name"] == "dra-extender-control-plane"]
    keys = re.findall(r'\{\{index \.data "([\w.-]+)"\}\}', text)
    assert keys
    assert set(keys) <= set(files)


def test_versions_of_providers_lead_to_a_release(tmp_path):
    """Each version with a suffix on a page of a provider gives the image without it."""
    checked = 0
    for page in GUIDES:
        for version in set(re.findall(r"v1\.\d+\.\d+[-+][\w.-]*\w", page.read_text())):
            documents = next(each for each in ALL if each.page == page.name).render(tmp_path, version)
            image = f"registry.k8s.io/kube-scheduler:{re.split(r'[-+]', version)[0]}"
            assert image in str(documents), f"{page.name}: {version}"
            checked += 1
    assert checked >= 3


def test_the_list_of_images_is_complete(tmp_path):
    """The air-gapped guide pulls, tags, saves and pushes each image that its chart runs, and no other."""
    page = ROOT / "docs/guides/air-gapped.md"
    images = {
        container["image"]
        for each in installations(page)
        for document in each.render(tmp_path, RELEASES["1.36"])
        if document["kind"] == "Deployment"
        for container in document["spec"]["template"]["spec"]["containers"]
    }
    text = "\n".join(fenced(page.read_text(), "sh")).replace("\\\n", " ")
    assert set(re.findall(r"^docker push (\S+)", text, re.MULTILINE)) == images
    (saved,) = re.findall(r"^docker save ([^|]*)", text, re.MULTILINE)
    assert set(saved.split()) == images


def test_the_notes_of_the_chart_and_the_guide_for_kubeadm_type_the_same(tmp_path):
    """The same files in the same folders, so that who began with one goes on with the other."""
    page = ROOT / "docs/guides/kubeadm.md"
    typed = [
        line.strip()
        for heading in ("Files", "Static pod")
        for block in fenced(part(page, heading), "sh")
        for line in block.splitlines()
        if not line.startswith("export ")
    ]
    assert len(typed) > 10
    shown = notes(tmp_path, "mode=extender", release="dra-extender", namespace="dra-extender")
    noted = [line.strip() for line in shown.splitlines()]
    assert [line for line in noted if line in typed] == typed
