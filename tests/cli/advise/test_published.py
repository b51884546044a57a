"""advise on the embedded fleet, and on the claims that people published."""

from __future__ import annotations

import gzip
import json

import pytest

from extender.core.advice import nearness_counts
from tests.cli.advise.manifests import template
from tests.paths import ROOT

CLAIMS = sorted((ROOT / "tests" / "data" / "claims").glob("*.yaml"))
PCIE_ROOT = "resource.kubernetes.io/pcieRoot"

CLASS_DRIVERS = {
    "dra.net": "dra.net",
    "dranet": "dra.net",
    "dranet.net": "dra.net",
    "efa.networking.k8s.aws": "dra.net",
    "gpu.intel.com": "gpu.intel.com",
    "gpu.example.com": "gpu.example.com",
    "dra.nvme": "dra.nvme",
    "mig.nvidia.com": "gpu.nvidia.com",
    "vfio.gpu.nvidia.com": "gpu.nvidia.com",
    "spyre.ibm.com": "spyre.ibm.com",
    "sriovnetwork.k8snetworkplumbingwg.io": "sriovnetwork.k8snetworkplumbingwg.io",
}


@pytest.fixture(scope="session")
def fleet_file(tmp_path_factory):
    """The cluster of the embedded recording, with the classes that the samples name."""
    with gzip.open(ROOT / "extender" / "data" / "fleet-1.36.2.jsonl.gz", "rt") as lines:
        cluster = json.loads(lines.readline())["cluster"]
    cluster["items"] += [
        {
            "apiVersion": "resource.k8s.io/v1",
            "kind": "DeviceClass",
            "metadata": {"name": name},
            "spec": {"selectors": [{"cel": {"expression": f"device.driver == '{driver}'"}}]},
        }
        for name, driver in CLASS_DRIVERS.items()
    ]
    path = tmp_path_factory.mktemp("fleet") / "fleet.json"
    path.write_text(json.dumps(cluster))
    return path


FINDINGS = {
    "pcieroot-intel-gpu-dranet": {"selector-attribute-misspelt", "selector-fails", "selects-nothing"},
    "pcieroot-2gpu-2nic-one-root": {"attribute-retired", "selector-fails", "count-is-not-pairs"},
    "pcieroot-amd-2gpu": {"too-few-together", "holds-nowhere"},
    "count-vs-pairs": {"separate-claims", "count-is-not-pairs"},
    "vendor-root-intel-2gpu": {"attribute-unknown"},
    "pcieroot-gpu-efa-1to1": {"attribute-partly-published", "flat-root"},
    "bus-id-and-numa-cel-gb300": {"selector-fails", "selector-attribute-unknown"},
    "composite-pairs": {"class-missing"},
    "parentuuid-mig": {"attribute-unknown"},
}
"""What must be said of samples that ``docs/advise.md`` calls mistakes or traps, at least."""


REFUSED = {
    "kep4816-firstavailable": "matchAttribute: expected str, got array",
    "kep6080-derived": 'derivedAttributes[0].name: "shared-numa-node" names no domain',
}
"""What is wrong with samples that no API server takes."""


@pytest.mark.parametrize("path", CLAIMS, ids=lambda path: path.stem)
def test_published_claims(run, fleet_file, path, monkeypatch):
    """Each published sample is advised on, or refused as what no API server takes."""
    # No finding hangs on the nearest devices, for which two claims would be searched for seconds.
    monkeypatch.setattr(nearness_counts, "BEST_VISITS", 1_000)
    ran = run("advise", "--cluster", fleet_file, "--kubernetes", "1.36", "-f", path, "-o", "json")
    if path.stem in REFUSED:
        assert ran.status == 2
        assert REFUSED[path.stem] in ran.err
        return
    subjects = ran.document["subjects"]
    assert subjects
    for subject in subjects:
        for option in subject["options"]:
            assert sum(option["now"].values()) == sum(option["empty"].values()) == subject["nodes"] == 24
            assert option["now"]["allocated"] <= option["empty"]["allocated"] + option["empty"]["error"]
    assert ran.status == any(subject["blocked"] for subject in subjects)
    found = {each["code"] for subject in subjects for each in subject["warnings"]}
    assert found >= FINDINGS.get(path.stem, set())


def test_the_most_common_claim_on_the_embedded_fleet(run, fleet_file, manifest):
    """One GPU and one NIC: the root is an option on few machines, and a rewrite costs none."""
    path = manifest(template("pair", ("gpu", "gpu"), ("nic", "rdma")))
    ran = run("advise", "--cluster", fleet_file, "--kubernetes", "1.36", "-f", path, "-o", "json")
    (subject,) = ran.document["subjects"]
    allocated = {
        (each["constraint"], each["attribute"]): each["empty"]["allocated"] for each in subject["options"]
    }
    assert allocated == {
        ("as-written", None): 23,
        ("none", None): 23,
        ("match", PCIE_ROOT): 8,
        ("match", "resource.kubernetes.io/numaNode"): 0,
        ("soft", None): 23,
    }
    assert subject["nearness"]["rewritten"]["pcie-root"] > subject["nearness"]["firstFit"]["pcie-root"]
