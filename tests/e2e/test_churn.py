"""What goes on while pods are placed, on an API server that is a table."""

from __future__ import annotations

import asyncio
from typing import Any, cast

from tests.e2e.api import Api, InvalidClaims, collection_of
from tests.e2e.churn import COUNTER, LANES, coming_and_going, publishing


class TableApi:
    """Objects by kind and name; pods get a node when a test says so. ``most``: pods at a time."""

    def __init__(self, *slices):
        published = {each["metadata"]["name"]: each for each in slices}
        self.objects: dict[str, dict[str, Any]] = {"Pod": {}, "ResourceClaim": {}, "ResourceSlice": published}
        self.binds, self.most, self.deleted, self.published = True, 0, [], []

    async def create(self, document):
        stored = {**document, "spec": dict(document["spec"])}
        if self.binds and document["kind"] == "Pod":
            stored["spec"]["nodeName"] = "n"
        self.objects[document["kind"]][document["metadata"]["name"]] = stored
        self.most = max(self.most, len(self.objects["Pod"]))
        return stored

    async def get(self, kind, name, _namespace):
        if name not in self.objects[kind]:
            raise InvalidClaims(404, "gone")
        return self.objects[kind][name]

    async def delete(self, kind, name, _namespace):
        del self.objects[kind][name]
        if kind == "Pod":
            self.deleted.append(name)

    async def list_all(self, kind):
        return list(self.objects[kind].values())

    async def request(self, method, path, body):
        assert (method, path) == ("PUT", f"{collection_of(body)}/{body['metadata']['name']}")
        self.published.append((body["metadata"], body["spec"]["devices"][0].get("attributes", {})))


async def _until(condition):
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - what runs in the background makes it true
            await asyncio.sleep(0.005)


async def test_the_oldest_pod_goes_for_each_that_comes():
    """From when there are enough; with its claim, and counted by its name."""
    api = TableApi()
    async with coming_and_going(cast(Api, api), 20, 1000.0) as done:
        await _until(lambda: len(api.deleted) >= 30)
    assert api.most <= 20 + LANES
    assert done.names == set(api.deleted)
    assert max(int(name.removeprefix("coming-")) for name in api.deleted[:10]) < 10 + LANES
    left = set(api.objects["Pod"])
    assert {name.removesuffix("-0") for name in api.objects["ResourceClaim"]} - left <= done.names | left


async def test_no_more_pods_come_while_the_oldest_waits_for_a_node():
    """Else all of them would pile up where the scheduler does not keep up."""
    api = TableApi()
    api.binds = False
    async with coming_and_going(cast(Api, api), 5, 1000.0) as done:
        await _until(lambda: len(api.objects["Pod"]) == 5 + LANES)
        await asyncio.sleep(0.05)
        assert (len(api.objects["Pod"]), done.names) == (5 + LANES, set())
        for pod in api.objects["Pod"].values():
            pod["spec"]["nodeName"] = "n"
        await _until(lambda: api.deleted)


async def test_every_other_slice_is_published_with_devices_that_say_the_same():
    """An annotation tells it from before; the others have another attribute."""
    slices = [
        {
            "apiVersion": "resource.k8s.io/v1",
            "kind": "ResourceSlice",
            "metadata": {"name": f"s-{number}"},
            "spec": {"devices": [{"name": "d"}]},
        }
        for number in range(3)
    ]
    api = TableApi(*slices)
    async with publishing(cast(Api, api), 1000.0, 10.0, 6, alike=True):
        await _until(lambda: len(api.published) == 6)
    numbers = [int(metadata.get("annotations", {}).get(COUNTER, 0)) for metadata, _ in api.published]
    assert [number > 0 for number in numbers] == [True, False] * 3
    assert [attributes[COUNTER]["int"] for _, attributes in api.published[1:2]] == [2]
