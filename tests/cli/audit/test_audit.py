"""audit: running pods of a dump or a recording as table, JSON and page."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import pytest

from extender.core.audit.findings import KnownDistances, Option
from extender.core.audit.running_pod import Unrated
from extender.core.topology.locations import Distance
from extender.kube.recording.reader import embedded_recording
from tests import api_objects as api
from tests.cli.allocated_fleet import MIXES, allocated_fleet
from tests.cli.recorded import attempt
from tests.paths import DOCS

HOSTILE = '<script>alert("x")</script>&amp;\'"'


@pytest.fixture
def place():
    """A pod bound to a node with a claim that holds a GPU and a NIC; ``nic`` may be another."""

    def build(name, node, nic="net0"):
        results = (("gpu", "gpu.nvidia.com", node, "gpu-0"), ("nic", "dra.net", node, nic))
        claim = api.claim(f"{name}-devices", ("gpu", "gpu"), ("nic", "nic"), allocated=results)
        pod = api.pod(name, f"{name}-devices")
        pod["spec"]["nodeName"] = node
        return [claim, pod]

    return build


class Page(HTMLParser):
    """What a page is made of; fails on tags that do not close in order."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.words: list[str] = []
        self.open: list[str] = []
        self.outside: list[str] = []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.outside += [value for name, value in attrs if name in {"src", "href"} and value[:1] != "#"]
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)

    @property
    def text(self):
        return re.sub(r"\s+", " ", " ".join(self.words))


def test_the_sites_files_count(run, dump, objects, place, tmp_path):
    """What a distance leaves is what the site says, and the estimate is called the site's."""
    worths = tmp_path / "worths.yaml"
    worths.write_text("pairs: {gpu-nic: {remote: 0.25}}")
    cluster = dump(objects + place("job-2", "far"))
    ran = run("audit", "--cluster", cluster, "--kubernetes", "1.36.2", "--worths", worths)
    assert "default/job-2 on far: has 25 %, could have 100 %" in ran.out
    assert "of this site: its file of worths" in re.sub(r"\s+", " ", ran.out)


def test_a_far_pod_is_a_finding(run, dump, objects, place):
    """Status 1, the pod with what it has and could have, and what to do."""
    ran = run("audit", "--cluster", dump(objects + place("job-2", "far")), "--kubernetes", "1.36.2")
    assert ran.status == 1
    assert "1 of them lose bandwidth" in ran.out
    assert "default/job-2 on far: has 40 %, could have 100 %" in ran.out
    assert "gpu-0 and net0 are on different NUMA nodes: about 40 % left" in ran.out
    assert "recreated on near" in ran.out


def test_near_pods_are_fine(run, dump, objects, place):
    """Status 0, and the sentence that nothing is known to be lost."""
    ran = run("audit", "--cluster", dump(objects + place("job-2", "near")))
    assert ran.status == 0
    assert "None of them is known to have devices farther apart than necessary." in ran.out


def test_a_loss_that_nobody_can_avoid_is_no_finding(run, dump, objects, place):
    """Status 0: the near NIC and the other node are taken."""
    taken = [
        api.claim("a", ("nic", "nic"), allocated=[("nic", "dra.net", "far", "net1")]),
        api.claim("b", ("gpu", "gpu"), allocated=[("gpu", "gpu.nvidia.com", "near", "gpu-0")]),
    ]
    ran = run("audit", "--cluster", dump(objects + place("job-2", "far") + taken), "-o", "json")
    (pod,) = ran.document["pods"]
    assert ran.status == 0
    assert (pod["option"], pod["avoidable"], round(pod["lost"], 2)) == ("emptier-node", 0.0, 0.6)


def test_the_document_has_pods_and_totals(run, dump, objects, place):
    """The pods that lose most come first."""
    path = dump(objects + place("job-2", "near") + place("job-3", "far"))
    document = run("audit", "--cluster", path, "--kubernetes", "1.36.2", "-o", "json").document
    assert (document["apiVersion"], document["kind"]) == ("dra-extender.io/v1alpha1", "Audit")
    assert (document["kubernetes"], document["complete"]) == ("1.36.2", True)
    assert [pod["pod"] for pod in document["pods"]] == ["default/job-3", "default/job-2"]
    assert document["pods"][0]["alignment"]["pairs"] == [
        {
            "a": "gpu.nvidia.com/far/gpu-0",
            "b": "dra.net/far/net0",
            "kinds": "gpu-nic",
            "distance": "remote",
            "worth": 0.4,
        }
    ]
    assert document["totals"]["pods"] == document["namespaces"][0]["totals"]["pods"] == 2
    assert document["pairs"][0]["distances"] == {"pcie-root": 1, "remote": 1}
    assert sum(machine_type["nodes"] for machine_type in document["nodeShapes"]) == 2


def test_a_namespace_without_pods_is_told(run, dump, objects, place):
    """Nothing is rated, and the name that is wrong is named."""
    ran = run(
        "audit", "--cluster", dump(objects + place("job-2", "far")), "--namespace", "defualt", "-o", "json"
    )
    assert (ran.status, ran.document["totals"]["pods"]) == (0, 0)
    assert "--namespace defualt: no pod of the input is in it" in ran.err


def test_a_dump_without_pods_is_told(run, dump, objects):
    """The advice is to dump them."""
    kept = [each for each in objects if each["kind"] != "Pod"]
    assert "dump pods too" in run("audit", "--cluster", dump(kept)).out


def test_top_limits_the_pods_that_are_shown(run, dump, objects, place):
    """JSON has all of them all the same."""
    path = dump(objects + place("job-2", "far") + place("job-3", "far"))
    out = run("audit", "--cluster", path, "--top", "1").out
    assert "the first 1 of 2" in out
    assert "job-3 on far" not in out
    assert len(run("audit", "--cluster", path, "--top", "1", "-o", "json").document["pods"]) == 2


def test_the_end_of_a_recording_can_be_audited(run):
    """The embedded recording: 47 of its pods are left with several devices."""
    ran = run("audit", "--recording", embedded_recording(), "-o", "json")
    document = ran.document
    assert (ran.status, document["kubernetes"]) == (1, "1.36.2")
    assert (document["totals"]["pods"], document["totals"]["losing"]) == (47, 5)
    assert {each["driver"] for each in document["silentDrivers"]} == {"gpu.nvidia.com", "dra.net"}


def test_pods_that_went_before_the_end_of_a_recording_are_not_in_it(run, record, placed):
    """The claims that an attempt sees are those that still exist."""
    path = record(placed(), attempt("job-2", [], node=None, allocations={}))
    assert run("audit", "--recording", path, "-o", "json").document["totals"]["pods"] == 0


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--top", "-1"], "--top: expected at least 0"),
        (
            ["--recording", "x", "--kubernetes", "1.36"],
            "--recording: a recording has a cluster and a release of its own",
        ),
        (["--recording", "/nowhere"], "/nowhere: No such file"),
        (["--cluster", "/nowhere"], "/nowhere: No such file"),
    ],
)
def test_wrong_use_is_status_2(run, options, told):
    """And says what to do."""
    ran = run("audit", *options)
    assert ran.status == 2
    assert told in ran.err


def test_a_broken_dump_names_the_place(run, tmp_path, dump, objects, place):
    """The line of broken JSON, the field of a broken object."""
    path = tmp_path / "broken.json"
    path.write_text('{"kind": "List",\n "items": [}')
    ran = run("audit", "--cluster", path)
    assert (ran.status, "line 2, column 12" in ran.err) == (2, True)
    claim, pod = place("job-2", "far")
    claim["status"]["allocation"]["devices"]["results"][0]["device"] = 7
    ran = run("audit", "--cluster", dump([*objects, claim, pod]))
    assert ran.status == 2
    assert "status.allocation.devices.results[0].device" in ran.err


def test_the_page_is_whole_and_needs_nothing_else(run, dump, objects, place):
    """No script, nothing from elsewhere; a drawing of the machine with a line between the far devices."""
    ran = run("audit", "--cluster", dump(objects + place("job-2", "far")), "-o", "html")
    page = Page(ran.out)
    assert "script" not in page.tags
    assert "link" not in page.tags
    assert page.outside == []
    assert not re.search(r"url\(|@import|https?:", ran.out)
    assert "prefers-color-scheme: dark" in ran.out
    drawings, samples = ran.out.count('<svg class="node"'), ran.out.count('<svg class="node sample"')
    assert (drawings, samples) == (1, len(Distance))
    assert 'class="link at-remote"' in ran.out
    assert "Has 40 %, could have 100 %." in page.text
    for word in ("gpu-0", "default/job-2", "NUMA node 0", "PCIe root pci0000:10", "Glossary"):
        assert word in page.text


def test_the_page_escapes_what_it_shows(run, dump, objects, place):
    """Names from the cluster are text, wherever they stand, even where a server accepts any name."""
    stored = objects + place("job-2", "far")
    for each in stored:
        each["metadata"]["resourceVersion"] = "1"
    text = json.dumps(stored)
    for name in ("job-2", "job-2-devices", "net0", "gpu", "pci0000:10", "gpu.nvidia.com", "far", "default"):
        text = text.replace(f'"{name}"', json.dumps(f"{name}{HOSTILE}"))
    ran = run("audit", "--cluster", dump(json.loads(text)), "-o", "html")
    page = Page(ran.out)
    assert "script" not in page.tags
    assert "<script" not in ran.out
    for name in ("job-2", "net0", "pci0000:10", "gpu.nvidia.com", "far", "default"):
        assert f"{name}{HOSTILE}"[-12:] in page.text


def test_an_empty_cluster_has_a_page(run, dump):
    """Nothing to show is shown as such."""
    ran = run("audit", "--cluster", dump([]), "-o", "html")
    assert ran.status == 0
    assert "None is known to lose anything." in Page(ran.out).text


def test_a_generated_fleet_is_audited_whole(run, tmp_path):
    """Every pod of every machine type is rated or told why not, within the budget."""
    path = tmp_path / "fleet.json"
    listed = allocated_fleet(40)
    path.write_text(json.dumps(listed))
    pods = [item for item in listed["items"] if item["kind"] == "Pod"]
    document = run("audit", "--cluster", path, "--kubernetes", "1.36.2", "-o", "json").document
    assert len(pods) > 40 > len(MIXES)
    assert document["totals"]["pods"] + sum(document["unrated"].values()) == len(pods)
    assert document["complete"]


def keys_of(part):
    """All keys of a document, but those that are data."""
    if isinstance(part, list):
        return {key for each in part for key in keys_of(each)}
    if not isinstance(part, dict):
        return set()
    data = ("unrated", "distances")
    return set(part).union(*(keys_of(value) for key, value in part.items() if key not in data))


def test_every_key_is_documented(run):
    """Each key of the document stands in a table of docs/audit.md, and each reason and option."""
    page = (DOCS / "audit.md").read_text()
    documented = set(re.findall(r"`([\w-]+)`", "".join(re.findall(r"^\|.*\|$", page, re.MULTILINE))))
    document = run("audit", "--recording", embedded_recording(), "-o", "json").document
    for machine_type in document["nodeShapes"]:
        del machine_type["devices"]
    assert keys_of(document) | {*Unrated, *Option, *KnownDistances} <= documented


def test_the_examples_of_the_page_are_pods_of_the_recording(run):
    """What docs/audit.md says that two pods have, could have, lose and need not lose."""
    page = (DOCS / "audit.md").read_text()
    rows = re.findall(r"^\| `(job-\d+)` \| (.*) \| `([a-z-]+)` \|$", page, re.MULTILINE)
    assert len(rows) == 2
    document = run("audit", "--recording", embedded_recording(), "-o", "json").document
    pods = {pod["pod"]: pod for pod in document["pods"]}
    for name, cells, option in rows:
        pod = pods[f"default/{name}"]
        possible = pod["possible"]
        elsewhere = possible["elsewhere"] and possible["elsewhere"]["alignment"]
        has = pod["alignment"]["highest"]
        shown = [has, possible["empty"], possible["here"], elsewhere, pod["lost"], pod["avoidable"]]
        assert [*map(as_shown, shown), pod["option"]] == [*cells.split(" | "), option]


def as_shown(share):
    if share is None:
        return "none"
    return f"{share:.2f}" if share else "0"
