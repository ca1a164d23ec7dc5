"""The operator's door: admin routes, by its token, from this machine; and nothing else."""

import json
import logging
from pathlib import Path
from typing import Any

import httpx
import pytest

from agent_host import AgentHost
from agent_host.asgi.edge_policy import EdgePolicy
from agent_host.authentication.anonymous import AnonymousAuthenticator
from agent_host.authentication.operator_door import PREFIX, OperatorDoor
from agent_host.authentication.operator_file import OperatorFile
from agent_host.protocols.authenticator import Authenticator
from agent_host.stores.disk import DiskStateStore
from agent_host.testing.live_server import live_server
from agent_host_rest import RestChannel
from tests.asgi.admin import NamedAuthenticator

ANYONE = AnonymousAuthenticator()
NAMED = NamedAuthenticator()


async def echo(text: str) -> str:
    return text


class Doored:
    """A host with a door, asked as if from some address; `open` is what its server would do."""

    def __init__(self, folder: Path, authenticator: Authenticator, **options: Any) -> None:
        folder.mkdir(mode=0o700, exist_ok=True)
        self.door = OperatorDoor(folder)
        self.door.open("http://127.0.0.1:8080")
        found = OperatorFile(folder).read()
        assert found is not None
        self.token = found.token
        self.host = AgentHost(
            echo,
            channels=[RestChannel()],
            authenticator=authenticator,
            operator_door=self.door,
            **options,
        )

    async def get(
        self, path: str = "/admin/runs", *, client: str = "127.0.0.1", **headers: str
    ) -> httpx.Response:
        given = {"authorization": f"Bearer {self.token}"} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        transport = httpx.ASGITransport(self.host.app, client=(client, 4711))
        async with httpx.AsyncClient(
            transport=transport, base_url="http://127.0.0.1", headers=given
        ) as asking:
            return await asking.get(path)


@pytest.mark.parametrize("authenticator", [ANYONE, NAMED], ids=["anyone", "named"])
async def test_the_token_opens_admin_routes_and_no_others(
    tmp_path: Path, authenticator: Authenticator
) -> None:
    doored = Doored(tmp_path, authenticator)
    async with doored.host:
        assert (await doored.get()).status_code == 200
        assert (await doored.get(client="::1")).status_code == 200
        assert (await doored.get(client="::ffff:127.0.0.1")).status_code == 200
        expected = 200 if authenticator is ANYONE else 401  # as without any credential
        assert (await doored.get("/invocations")).status_code == expected


@pytest.mark.parametrize("authenticator", [ANYONE, NAMED], ids=["anyone", "named"])
@pytest.mark.parametrize("token", [PREFIX, PREFIX + "x" * 43, PREFIX + "wrong"])
async def test_a_wrong_token_is_a_bad_credential(
    tmp_path: Path, authenticator: Authenticator, token: str
) -> None:
    doored = Doored(tmp_path, authenticator)
    async with doored.host:
        refused = await doored.get(authorization=f"Bearer {token}")
        assert refused.status_code == 401
        assert 'error="invalid_token"' in refused.headers["www-authenticate"]
        doored.token = doored.token[:-1]
        assert (await doored.get()).status_code == 401


async def test_others_are_asked_as_before(tmp_path: Path) -> None:
    doored = Doored(tmp_path, NAMED)
    async with doored.host:
        assert (await doored.get(authorization="Bearer admin")).status_code == 200
        assert (await doored.get(authorization="Bearer caller")).status_code == 403
        assert (await doored.get(authorization="Basic eDp5")).status_code == 401
        assert (await doored.get("/invocations", authorization="Bearer caller")).status_code == 200


@pytest.mark.parametrize("client", ["192.0.2.7", "10.0.0.1", "::ffff:192.0.2.7", "testclient", ""])
async def test_it_is_closed_to_other_machines(
    tmp_path: Path, client: str, caplog: pytest.LogCaptureFixture
) -> None:
    doored = Doored(tmp_path, ANYONE)
    async with doored.host:
        assert (await doored.get(client=client)).status_code == 401
        assert "did not come from this machine" in caplog.text
        assert doored.token not in caplog.text


@pytest.mark.parametrize(
    "header",
    ["x_forwarded_for", "x_forwarded_host", "x_forwarded_proto", "forwarded", "via", "x_real_ip"],
)
@pytest.mark.parametrize("proxies", [(), ("127.0.0.1",)], ids=["unknown", "trusted"])
async def test_it_is_closed_to_what_came_by_a_proxy(
    tmp_path: Path, header: str, proxies: tuple[str, ...]
) -> None:
    doored = Doored(tmp_path, ANYONE, edge=EdgePolicy(trusted_proxies=proxies))
    async with doored.host:
        assert (await doored.get(**{header: "127.0.0.1"})).status_code in {400, 401}


async def test_each_start_has_a_token_of_its_own(tmp_path: Path) -> None:
    first, second = Doored(tmp_path / "one", ANYONE), Doored(tmp_path / "two", ANYONE)
    assert first.token != second.token
    assert len(first.token) > 40
    async with first.host, second.host:
        first.token, second.token = second.token, first.token
        assert (await first.get()).status_code == 401
        assert (await second.get()).status_code == 401


@pytest.mark.parametrize(
    ("listening", "said"),
    [
        ("http://127.0.0.1:9", "http://127.0.0.1:9"),
        ("http://[::1]:9", "http://[::1]:9"),
        ("http://0.0.0.0:9", "http://127.0.0.1:9"),
        ("http://[::]:9", "http://[::1]:9"),
        ("http://192.0.2.1:9", None),
    ],
)
def test_it_says_how_it_is_reached_over_loopback(
    tmp_path: Path, listening: str, said: str | None
) -> None:
    OperatorDoor(tmp_path).open(listening)
    found = OperatorFile(tmp_path).read()
    assert (found and found.url) == said


def test_a_folder_that_cannot_be_written_keeps_nobody_from_serving(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    door = OperatorDoor(tmp_path / "missing")
    door.open("http://127.0.0.1:9")
    door.close()
    assert "cannot be written" in caplog.text


async def test_the_file_is_there_while_the_host_serves(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    host = AgentHost(echo, store=DiskStateStore(folder), operator_door=OperatorDoor(folder))
    folder.mkdir(mode=0o700)
    file = folder / "operator.json"
    file.write_text("what a killed process left")
    async with live_server(host.app):
        assert not file.exists()  # a server that is not ours says no URL
    folder = tmp_path / "other"
    host = AgentHost(echo, store=DiskStateStore(folder), operator_door=OperatorDoor(folder))
    assert not folder.exists()


def test_what_is_in_the_file(tmp_path: Path) -> None:
    OperatorDoor(tmp_path).open("http://127.0.0.1:9")
    found = json.loads((tmp_path / "operator.json").read_text("utf-8"))
    assert (found["v"], found["k"]) == (1, "operator_pass")
    assert set(found["d"]) == {"url", "token", "pid", "started_at"}
