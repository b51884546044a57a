"""The overlay of deploy/README.md brings files of the user into the pods, as the chart's value does."""

from __future__ import annotations

import argparse
import shutil
import subprocess

import pytest
import yaml

from extender.cli.serve import command as serve
from tests.chart.render import NEEDS_HELM, template
from tests.manifests import DEPLOY, named
from tests.pages import fenced, part
from tests.paths import DOCS

FILE = DOCS / "examples/machines.yaml"
MOUNTED = "/files/machines.yaml"


@pytest.fixture
def kustomized(tmp_path):
    """What kubectl makes of the overlay as it stands on the page."""
    folder = tmp_path / "overlays" / "site"
    for name in ("base", "components/files"):
        shutil.copytree(DEPLOY / name, tmp_path / name)
    folder.mkdir(parents=True)
    (text,) = fenced(part(DEPLOY / "README.md", "Files of your own"), "yaml")
    (folder / "kustomization.yaml").write_text(text)
    shutil.copy(FILE, folder)
    done = subprocess.run(
        ["kubectl", "kustomize", folder], capture_output=True, text=True, timeout=60, check=True
    )
    return list(yaml.safe_load_all(done.stdout))


def brought(documents):
    """What the options name, where it is mounted, and the text of the files there."""
    found = {named(each): each for each in documents}
    pod = found["Deployment", "dra-extender"]["spec"]["template"]["spec"]
    (container,) = [each for each in pod["containers"] if each["name"] == "dra-extender"]
    parser = argparse.ArgumentParser()
    serve.add_arguments(parser)
    (volume,) = [each for each in pod["volumes"] if each["name"] == "files"]
    (mount,) = [each for each in container["volumeMounts"] if each["name"] == "files"]
    data = found["ConfigMap", volume["configMap"]["name"]]["data"]
    return parser.parse_args(container["args"][1:]).machines, mount, data


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl renders kustomizations")
def test_the_overlay_brings_the_file(kustomized):
    """The option names it where it is mounted; its ConfigMap has a name that changes with the text."""
    options, mount, data = brought(kustomized)
    assert [str(each) for each in options] == [MOUNTED]
    assert mount == {"name": "files", "mountPath": "/files", "readOnly": True}
    assert data == {"machines.yaml": FILE.read_text()}
    (name,) = [name for kind, name in map(named, kustomized) if kind == "ConfigMap"]
    assert name.startswith("dra-extender-files-")


@NEEDS_HELM
@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl renders kustomizations")
def test_the_chart_brings_it_alike(kustomized):
    """By ``files`` and an option."""
    options = ("--set-file", rf"files.machines\.yaml={FILE}")
    values = ("mode=extender", f'extender.extraArgs=["--machines={MOUNTED}"]')
    assert brought(template(*values, options=options)) == brought(kustomized)
