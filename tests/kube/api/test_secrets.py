"""Reading a Secret, and replacing its files in one request."""

from __future__ import annotations

import base64
import json

import pytest

from extender.kube.api.errors import LiveError
from extender.kube.api.secrets import read_secret, replace_files
from tests.kube.api_server import status

PATH = "/api/v1/namespaces/team/secrets/pem"


@pytest.fixture
def stored(server):
    """The Secret as the server has it."""
    document = {"metadata": {"resourceVersion": "7"}, "data": {"tls.crt": base64.b64encode(b"old").decode()}}
    server.bodies["list", PATH] = json.dumps(document).encode()
    return document


async def test_files_are_read_and_replaced_as_one(server, connection, stored):
    """Only those that are named; the version that was read is a precondition."""
    secret = await read_secret(connection, "team", "pem")
    assert secret.file("tls.crt") == b"old"
    await replace_files(connection, secret, {"tls.crt": b"new", "tls.key": b"key"}, {"note": "1"})
    (asked,) = server.of("patch", PATH)
    assert asked.body == {
        "metadata": {"resourceVersion": "7", "annotations": {"note": "1"}},
        "data": {"tls.crt": base64.b64encode(b"new").decode(), "tls.key": base64.b64encode(b"key").decode()},
    }


async def test_a_file_that_is_not_there(connection, stored):
    secret = await read_secret(connection, "team", "pem")
    with pytest.raises(LiveError, match=r"Secret team/pem has no tls\.key"):
        secret.file("tls.key")


@pytest.mark.parametrize("code", [403, 409])
async def test_a_refusal_is_raised(server, connection, stored, code):
    secret = await read_secret(connection, "team", "pem")
    server.failures["patch", PATH] = [status(code, "no")]
    with pytest.raises(LiveError, match=f"cannot patch secrets.*{code}"):
        await replace_files(connection, secret, {}, {})


async def test_what_is_no_secret(server, connection):
    """The message says where, and repeats no content."""
    server.bodies["list", PATH] = b'{"metadata": {"resourceVersion": "7"}, "data": {"tls.key": "c2VjcmV0!"}}'
    with pytest.raises(LiveError, match="Secret team/pem cannot be read") as raised:
        await read_secret(connection, "team", "pem")
    assert "c2Vj" not in str(raised.value)
