"""serve on a live cluster, in a process of its own: from the first lists to the metrics of an allocation."""

from __future__ import annotations

import asyncio
import json
import re
import signal

import pytest

from tests.cli.serve.live_process import CLAIMS, PATHS, allocated, extender
from tests.kube.api_server import HOLD, line, serving, write_kubeconfig


async def until(probe):
    """Wait for what an event soon makes true."""
    async with asyncio.timeout(60):
        while not await probe():  # noqa: ASYNC110 - another process makes it true
            await asyncio.sleep(0.02)


@pytest.fixture
async def server(objects):
    """The test cluster behind a fake API server."""
    async with serving() as found:
        found.objects = {path: [] for path in PATHS.values()}
        for each in objects:
            found.objects[PATHS[each["kind"]]].append(each)
        yield found


async def metric(client, sample):
    text = await (await client.get("/metrics")).text()
    values = re.findall(rf"^{re.escape(sample)} (\S+)$", text, re.MULTILINE)
    return float(values[0]) if values else None


async def test_an_attempt_from_the_question_to_the_allocation(server, objects, tmp_path):
    """The chosen node outweighs, its devices are in flight, and the allocation is compared."""
    pod = objects[-1]
    claim = server.objects[CLAIMS][0]
    pod["metadata"].setdefault("uid", "uid-of-the-pod")
    body = {"Pod": pod, "Nodes": None, "NodeNames": ["far", "near"]}
    server.watches[CLAIMS] = [[HOLD]]
    kubeconfig = write_kubeconfig(tmp_path / "kubeconfig", server.url)
    async with extender(kubeconfig, "--decisive", "--bind") as (process, client):

        async def ready():
            return (await client.get("/readyz")).status == 200

        await until(ready)
        verbose = await (await client.get("/readyz?verbose")).text()
        assert "[+]ResourceSlice ok (last contact" in verbose
        assert "[+]DeviceTaintRule not served by this API server" in verbose

        filtered = await (await client.post("/filter", json=body)).json()
        assert filtered["NodeNames"] == ["far", "near"]
        scores = await (await client.post("/prioritize", json=body)).json()
        assert scores == [{"Host": "far", "Score": 39}, {"Host": "near", "Score": 200}]
        assert await metric(client, "dra_extender_in_flight_claims") == 1

        event = line("MODIFIED", allocated(claim, "near", pod["metadata"]))
        server.stopping.set()
        server.watches[CLAIMS] = [[event, HOLD]]
        server.stopping = asyncio.Event()

        async def compared():
            return await metric(client, 'dra_extender_prediction_matches_total{result="match"}') == 1

        await until(compared)
        assert await metric(client, "dra_extender_in_flight_claims") == 0
        assert await (await client.get("/debug/mismatches")).json() == {"recording": None, "mismatches": []}

        binding = {
            "PodName": pod["metadata"]["name"],
            "PodNamespace": pod["metadata"]["namespace"],
            "PodUID": pod["metadata"]["uid"],
            "Node": "near",
        }
        assert await (await client.post("/bind", json=binding)).json() == {"Error": ""}
        namespace = pod["metadata"]["namespace"]
        events = f"/apis/events.k8s.io/v1/namespaces/{namespace}/events"

        async def told():
            return bool(server.of("create", events))

        await until(told)
        (written,) = server.of("create", events)
        assert written.body["note"].startswith(
            "gpu: gpu.nvidia.com/near/gpu-0, nic: dra.net/near/net0 on near"
        )

        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 30) == 0
        assert process.stderr is not None
        log = [json.loads(each) for each in (await process.stderr.read()).splitlines()]
    assert [each for each in log if each["level"] == "error"] == []


@pytest.mark.parametrize(("nic", "status"), [("net0", 0), ("net1", 1)])
async def test_a_recording_from_the_question_to_its_replay(server, objects, tmp_path, run, nic, status):
    """The file replays as it was judged; a mismatch names its attempt, and can be replayed by itself."""
    pod, path = objects[-1], tmp_path / "recording.jsonl"
    pod["metadata"]["resourceVersion"] = "102"
    pod["spec"]["containers"][0]["env"] = [{"name": "TOKEN", "value": "hunter2"}]
    claim = allocated(server.objects[CLAIMS][0], "near", pod["metadata"])
    claim["status"]["allocation"]["devices"]["results"][1]["device"] = nic
    body = {"Pod": pod, "Nodes": None, "NodeNames": ["far", "near"]}
    kubeconfig = write_kubeconfig(tmp_path / "kubeconfig", server.url)
    async with extender(kubeconfig, "--decisive", "--record", str(path)) as (process, client):

        async def ready():
            return (await client.get("/readyz")).status == 200

        await until(ready)
        assert (await client.get("/debug/mismatches?format=recording")).status == 404
        answers = [
            await (await client.post(f"/{verb}", json=body)).read() for verb in ("filter", "prioritize")
        ]
        bound = {**pod, "spec": {**pod["spec"], "nodeName": "near"}}
        server.watches[CLAIMS] = [[line("MODIFIED", claim), HOLD]]
        server.watches[PATHS["Pod"]] = [[line("MODIFIED", bound), HOLD]]
        server.stopping.set()
        server.stopping = asyncio.Event()

        async def written():
            return await metric(client, 'dra_extender_recording_attempts_total{result="written"}') == 1

        await until(written)

        async def listed():
            return await (await client.get("/debug/mismatches")).json()

        async def judged():
            return len((await listed())["mismatches"]) == status

        await until(judged)
        told = await listed()
        assert told["recording"] == str(path)
        assert [each["attempt"] for each in told["mismatches"]] == [1] * status
        evidence = await client.get("/debug/mismatches?format=recording")
        (tmp_path / "evidence.jsonl").write_bytes(await evidence.read())
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 30) == 0
        assert process.stderr is not None
        log = [json.loads(each) for each in (await process.stderr.read()).splitlines()]
    assert [each for each in log if each["level"] == "error"] == []
    text = path.read_text()
    assert "hunter2" not in text
    _, recorded = map(json.loads, text.splitlines())
    assert [json.dumps(each["answer"]) for each in recorded["requests"]] == [
        json.dumps(json.loads(answer)) for answer in answers
    ]
    for file in [path, tmp_path / "evidence.jsonl"][: 1 + status]:
        ran = run("replay", file)
        assert ran.status == status
        assert f"{1 - status}/1 right, {status} wrong" in ran.out
        assert ("allocated gpu=gpu.nvidia.com/near/gpu-0, nic=dra.net/near/net1" in ran.out) == bool(status)


async def test_not_ready_without_the_right_to_list(server, tmp_path):
    """What is missing is named, in the probe and in the log, and every node is alike until it is there."""
    forbidden = (403, json.dumps({"kind": "Status", "message": "no", "code": 403}).encode())
    server.failures["list", CLAIMS] = [forbidden] * 1000
    kubeconfig = write_kubeconfig(tmp_path / "kubeconfig", server.url)
    async with extender(kubeconfig) as (_, client):

        async def told():
            said = await (await client.get("/readyz?verbose")).text()
            return "grant this user the verb list on resourceclaims" in said

        await until(told)
        response = await client.get("/readyz?verbose")
        assert response.status == 503
        body = {"Pod": {"metadata": {"name": "p"}, "spec": {}}, "Nodes": None, "NodeNames": ["a", "b"]}
        scores = await (await client.post("/prioritize", json=body)).json()
        assert scores == [{"Host": "a", "Score": 50}, {"Host": "b", "Score": 50}]
        server.failures["list", CLAIMS] = []

        async def ready():
            return (await client.get("/readyz")).status == 200

        await until(ready)


@pytest.mark.parametrize("watched", [False, True])
async def test_a_claim_that_nobody_can_read(server, tmp_path, watched):
    """What Kubernetes accepts of one user stops nothing: ready, counted and named, by a list or a watch."""
    deep = (
        b'{"metadata":{"name":"deep","namespace":"team","uid":"1","resourceVersion":"101"},"spec":{"devices":'
        b'{"config":[{"opaque":{"driver":"d.example.com","parameters":{"a":%s}}}]}}}'
    ) % (b"[" * 5000 + b"]" * 5000)
    if watched:
        server.watches[CLAIMS] = [[b'{"type":"ADDED","object":' + deep + b"}\n", HOLD]]
    else:
        server.bodies["list", CLAIMS] = b'{"metadata":{"resourceVersion":"101"},"items":[' + deep + b"]}"
    kubeconfig = write_kubeconfig(tmp_path / "kubeconfig", server.url)
    async with extender(kubeconfig) as (process, client):

        async def named():
            text = await (await client.get("/readyz?verbose")).text()
            return "1 unreadable and left out: team/deep\n" in text

        await until(named)

        async def ready():
            return (await client.get("/readyz")).status == 200

        await until(ready)
        errors = await metric(client, 'dra_extender_decode_errors_total{kind="ResourceClaim"}')
        assert errors == 1
        assert process.returncode is None
