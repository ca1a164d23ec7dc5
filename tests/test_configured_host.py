"""The composition root: a host from settings, and a whole host in a process of its own."""

import asyncio
import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from agent_host.asgi.server import ServerOptions
from agent_host.configured_host import create_file_store, create_host
from agent_host.errors import ConfigurationError
from agent_host.settings import (
    ChannelSettings,
    FileSettings,
    LimitSettings,
    RuntimeMode,
    ServerSettings,
    SessionSettings,
    Settings,
)
from agent_host.stores.disk_file import DiskFileStore
from agent_host.stores.memory import MemoryStateStore
from agent_host.stores.memory_file import MemoryFileStore
from agent_host.types import SessionMode

ROOT = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def _working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """State is kept in the working directory unless settings say otherwise."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def target(tmp_path: Path) -> str:
    path = tmp_path / "echo.py"
    path.write_text("async def echo(text: str) -> str:\n    return text\n")
    return f"{path}:echo"


async def test_a_host_is_built_from_settings(target: str) -> None:
    host = create_host(
        Settings(
            target=target,
            name="parrot",
            store="memory://",
            session=SessionSettings(mode=SessionMode.REQUIRED),
            limits=LimitSettings(body_bytes=1000),
        )
    )
    transport = httpx.ASGITransport(host.app)
    async with host, httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        assert host.context.target.name == "parrot"
        refused = await client.post("/invocations", json={"input": "x"})
        assert refused.json()["code"] == "session_required"
        answer = await client.post("/invocations", json={"input": "x", "session_id": "s"})
        assert answer.json()["output_text"] == "x"


def test_a_channel_may_be_left_out_and_a_made_up_one_is_an_error(target: str) -> None:
    off = Settings(target=target, channels={"rest": ChannelSettings(enabled=False)})
    every = {getattr(route, "path", "") for route in create_host(off).app.routes}
    paths = {path for path in every if not path.startswith("/admin/")}
    assert paths == {"/healthz", "/readyz"}
    with pytest.raises(ConfigurationError, match="rest"):
        create_host(Settings(target=target, channels={"rset": ChannelSettings()}))


def test_a_store_that_is_not_there_is_an_error(target: str) -> None:
    with pytest.raises(ConfigurationError, match="memory"):
        create_host(Settings(target=target, store="memry://"))


def test_an_ephemeral_process_refuses_to_lose_work(target: str) -> None:
    settings = Settings(target=target, runtime_mode=RuntimeMode.EPHEMERAL)
    with pytest.raises(ConfigurationError, match="allow_in_process_runner"):
        create_host(settings)
    with pytest.raises(ConfigurationError, match="allow_in_process_runner"):
        create_host(settings.model_copy(update={"store": "memory://"}))
    create_host(settings.model_copy(update={"allow_in_process_runner": True}))


@pytest.mark.parametrize(
    "marker",
    ["FOUNDRY_HOSTING_ENVIRONMENT", "AZURE_FUNCTIONS_ENVIRONMENT", "AWS_LAMBDA_FUNCTION_NAME"],
)
@pytest.mark.parametrize(
    ("durable", "shared", "taken"),
    [(False, False, False), (True, False, False), (False, True, False), (True, True, True)],
    ids=["memory", "disk", "cache", "database"],
)
def test_on_a_platform_that_ends_processes_state_is_shared_or_the_host_does_not_start(
    target: str,
    monkeypatch: pytest.MonkeyPatch,
    marker: str,
    *,
    durable: bool,
    shared: bool,
    taken: bool,
) -> None:
    """A disk is durable, and gone with its machine."""
    monkeypatch.setenv(marker, "production")
    monkeypatch.setattr(MemoryStateStore, "durable", durable)
    monkeypatch.setattr(MemoryStateStore, "shared", shared)
    settings = Settings(target=target, store="memory://")
    if taken:
        create_host(settings)
    else:
        with pytest.raises(ConfigurationError, match="on this machine only"):
            create_host(settings)
    create_host(settings.model_copy(update={"allow_in_process_runner": True}))
    create_host(settings.model_copy(update={"runtime_mode": RuntimeMode.LONG_RUNNING}))


@pytest.mark.parametrize(
    ("marker", "server", "honoured"),
    [
        ("FOUNDRY_HOSTING_ENVIRONMENT", {}, True),
        ("FOUNDRY_HOSTING_ENVIRONMENT", {"isolation_headers": False}, False),
        ("AWS_LAMBDA_FUNCTION_NAME", {}, False),
        ("UNHEARD_OF", {}, False),
        ("UNHEARD_OF", {"trusted_proxies": ("127.0.0.1",)}, False),
        ("UNHEARD_OF", {"trusted_proxies": ("127.0.0.1",), "isolation_headers": True}, True),
        ("UNHEARD_OF", {"trusted_proxies": ("10.0.0.1",), "isolation_headers": True}, False),
    ],
)
async def test_isolation_headers_are_taken_from_platforms_and_from_proxies_when_told_to(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    marker: str,
    server: dict[str, Any],
    *,
    honoured: bool,
) -> None:
    monkeypatch.setenv(marker, "x")
    path = tmp_path / "who.py"
    path.write_text(
        "from agent_host.context import current_isolation\n"
        "async def who(text: str) -> str:\n    return str(current_isolation.get())\n"
    )
    host = create_host(
        Settings(
            target=f"{path}:who",
            store="memory://",
            allow_in_process_runner=True,
            server=ServerSettings.model_validate(server),
        )
    )
    transport = httpx.ASGITransport(host.app)
    headers = {"x-agent-user-isolation-key": "u1"}
    async with host, httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        answer = await client.post("/invocations", json={"input": "x"}, headers=headers)
    assert ("u1" in answer.json()["output_text"]) is honoured


def test_isolation_headers_without_proxies_are_refused(target: str) -> None:
    settings = Settings(
        target=target, store="memory://", server=ServerSettings(isolation_headers=True)
    )
    with pytest.raises(ConfigurationError, match=r"server\.trusted_proxies"):
        create_host(settings)


@pytest.mark.parametrize("name", ["allowed_hosts", "allowed_origins", "trusted_proxies"])
def test_a_list_with_what_is_none_names_itself(target: str, name: str) -> None:
    server = ServerSettings.model_validate({name: ("no such thing",)})
    with pytest.raises(ConfigurationError, match=rf"server\.{name}"):
        create_host(Settings(target=target, store="memory://", server=server))


async def test_the_limits_that_are_set_count(target: str) -> None:
    limits = LimitSettings(requests_per_second=1)
    host = create_host(
        Settings(
            target=target,
            store="memory://",
            limits=limits,
            server=ServerSettings(header_limit=20),
        )
    )
    transport = httpx.ASGITransport(host.app)
    async with host, httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        answers = [await client.post("/invocations", json={"input": "x"}) for _ in range(2)]
        many = await client.get("/healthz", headers=[("x-more", "x")] * 20)
    assert [answer.status_code for answer in answers] == [200, 429]
    assert many.status_code == 431


def test_a_public_address_without_authentication_is_refused(target: str) -> None:
    settings = Settings(target=target, server=ServerSettings(host="0.0.0.0"))  # noqa: S104
    host = create_host(settings)
    with pytest.raises(ConfigurationError, match="insecure"):
        host.run(ServerOptions(host=settings.server.host, port=0))


@asynccontextmanager
async def served(name: str) -> AsyncGenerator[tuple[asyncio.subprocess.Process, str]]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.served",
        name,
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert process.stdout is not None
    try:
        url = (await process.stdout.readline()).decode().strip()
        yield process, url
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_sigterm_in_mid_stream_lets_the_answer_end() -> None:
    async with served("slowly") as (process, url), httpx.AsyncClient(base_url=url) as client:
        body = {"input": "one two three four five", "stream": True}
        lines: list[str] = []
        async with client.stream("POST", "/invocations", json=body) as response:
            async for line in response.aiter_lines():
                if line.startswith("event: "):
                    lines.append(line.removeprefix("event: "))
                if lines == ["run_started", "text_delta"]:
                    process.send_signal(signal.SIGTERM)
        assert lines == ["run_started", *["text_delta"] * 5, "run_completed"]
        assert await process.wait() == 0


async def test_a_target_that_ignores_everything_does_not_keep_the_process() -> None:
    async with served("stuck") as (process, url), httpx.AsyncClient(base_url=url) as client:
        answer = await client.post("/invocations", json={"input": "x"})
        assert (answer.status_code, answer.json()["code"]) == (504, "timeout")
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0


def test_files_are_kept_in_their_folder_only_where_the_store_survives(tmp_path: Path) -> None:
    settings = Settings(files=FileSettings(folder=tmp_path / "files", file_limit_bytes=5))
    forgetting = create_file_store(settings, durable=False)
    kept = create_file_store(settings, durable=True)
    assert isinstance(forgetting, MemoryFileStore)
    assert isinstance(kept, DiskFileStore)
    assert forgetting.file_limit_bytes == kept.file_limit_bytes == 5
    assert not (tmp_path / "files").exists()
