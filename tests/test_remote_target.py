"""A target that a URL names: described before anything is served, refused where there is none."""

import asyncio
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from agent_host import AgentHost
from agent_host.agents.remote_a2a import RemoteA2AAgent, RemoteA2AOptions
from agent_host.configured_host import create_host
from agent_host.doctor.situation import Wishes
from agent_host.doctor.target import check_target
from agent_host.errors import ConfigurationError
from agent_host.settings import Settings
from agent_host.settings.remote_a2a import RemoteA2ASettings
from agent_host.target_loader import is_remote
from agent_host.testing.live_server import live_server
from agent_host_a2a import A2AChannel
from tests.channels.a2a.agent import converse
from tests.doctor.case import said, situation


async def test_a_host_of_settings_fronts_the_agent() -> None:
    behind = AgentHost(converse, channels=[A2AChannel()])
    async with live_server(behind.app) as url:
        settings = Settings(target=f"a2a+{url}", store="memory://")
        # In a thread, as the agent is served by this loop.
        host = await asyncio.to_thread(create_host, settings)
        assert host.context.target.name == "converse"
        async with live_server(host.app) as place, httpx.AsyncClient(base_url=place) as client:
            answer = await client.post("/invocations", json={"input": "hello"})
    assert answer.json()["output_text"] == "hello"


async def test_one_that_is_not_there_is_refused_at_the_start() -> None:
    async with live_server(AgentHost(converse, channels=[A2AChannel()]).app) as url:
        gone = url
    with pytest.raises(ConfigurationError, match="cannot be reached"):
        await asyncio.to_thread(create_host, Settings(target=gone, store="memory://"))


async def test_the_doctor_looks_at_it_only_when_asked() -> None:
    async with live_server(AgentHost(converse, channels=[A2AChannel()]).app) as url:
        unseen = said(check_target(situation(target=url)))
        asked = situation(target=url, wishes=Wishes(load_target=True))
        seen = await asyncio.to_thread(lambda: said(check_target(asked)))
    assert unseen.startswith("ok: The target is an agent elsewhere")
    assert seen == "ok: The target 'converse' can be loaded and hosted."


@pytest.mark.parametrize(
    ("reference", "remote"),
    [
        ("a2a+https://host/x", True),
        ("https://host", True),
        ("HTTP://host", True),
        ("a2a+module:agent", False),
        ("http:agent", False),
        ("path/https.py:agent", False),
    ],
)
def test_a_url_is_told_from_code(reference: str, *, remote: bool) -> None:
    assert is_remote(reference) is remote


def test_settings_become_options(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("first\n", "utf-8")
    settings = RemoteA2ASettings(
        api_key=SecretStr("horse"),
        bearer_token_file=str(file),
        headers={"X-Team": SecretStr("red")},
        origins=["https://api.example.org"],
    )
    options = RemoteA2AOptions(**settings.to_options())  # type: ignore[arg-type]
    assert options.proof() == {
        "X-API-Key": "horse",
        "X-Team": "red",
        "Authorization": "Bearer first",
    }
    file.write_text("second", "utf-8")
    assert options.proof()["Authorization"] == "Bearer second"
    assert options.origins == ("https://api.example.org",)
    file.unlink()
    with pytest.raises(ConfigurationError, match="cannot be read"):
        options.proof()
    assert RemoteA2AOptions(bearer_token=SecretStr("x")).proof() == {"Authorization": "Bearer x"}
    assert "horse" not in repr(options)


def test_every_setting_is_an_option() -> None:
    assert RemoteA2AOptions(**RemoteA2ASettings().to_options()) == RemoteA2AOptions()  # type: ignore[arg-type]


async def test_it_is_entered_before_its_first_turn() -> None:
    agent = RemoteA2AAgent("http://127.0.0.1:1")
    with pytest.raises(RuntimeError, match="entered"):
        await agent.card()
