"""`agent-host pair` against a host with a locked channel."""

import asyncio
import json
import re

import pytest

from agent_host import AgentHost
from agent_host.cli.main import main
from agent_host.errors import DeniedError
from agent_host.testing.live_server import live_server
from agent_host.types.pairing import PairingPolicy
from tests.asgi.admin import NamedAuthenticator
from tests.host.life import caller_of, turn_of
from tests.pairing.channel import StillChannel


async def echo(text: str) -> str:
    return text


async def code_for(host: AgentHost, name: str) -> str:
    with pytest.raises(DeniedError) as caught:
        await host.context.run(turn_of(caller_of(name), "hello"))
    found = re.search(r"[0-9A-Z]{4}-[0-9A-Z]{4}", str(caught.value))
    assert found is not None
    return found[0]


async def test_people_are_let_in_kept_out_and_put_out(
    capsys: pytest.CaptureFixture[str],
) -> None:
    host = AgentHost(
        echo,
        channels=[StillChannel("chat")],
        pairing=PairingPolicy(channels=("chat",)),
        authenticator=NamedAuthenticator(),
    )
    async with live_server(host.app) as url:

        async def command(*arguments: str) -> tuple[int, str, str]:
            line = ["pair", *arguments, "--url", url, "--key", "admin"]
            status = await asyncio.to_thread(main, line)
            said = capsys.readouterr()
            return status, said.out, said.err

        code = await code_for(host, "alice")
        status, out, _ = await command("list")
        assert (status, "native-alice-chat" in out, code in out) == (0, True, False)
        status, out, _ = await command("approve", code.lower().replace("-", " "), "--json")
        pairing = json.loads(out)
        assert (status, pairing["verdict"]) == (0, "approved")
        await host.context.run(turn_of(caller_of("alice"), "hello"))
        status, out, err = await command("approve", code)
        assert (status, out, err) == (1, "", "agent-host: There is no such code.\n")

        status, out, _ = await command("deny", await code_for(host, "bob"))
        assert (status, "denied" in out) == (0, True)
        status, out, _ = await command("list", "--decided", "--all")
        assert (out.count("approved"), out.count("denied")) == (1, 1)
        status, out, _ = await command("revoke", pairing["id"])
        assert (status, out) == (0, f"Revoked {pairing['id']}.\n")
        await code_for(host, "alice")
        assert (await command("revoke", pairing["id"]))[0] == 1
