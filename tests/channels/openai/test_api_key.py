"""The host's own API keys, as OpenAI's client sends its key."""

from pathlib import Path

import pytest
from openai import AuthenticationError, NotFoundError

from agent_host.authentication.bearer import BearerAuthenticator
from tests.authentication.test_api_key_verifier import Keys
from tests.channels.openai.agent import assist
from tests.channels.openai.hosting import hosted


async def test_a_key_of_the_host_is_the_clients_api_key(tmp_path: Path) -> None:
    keys = Keys(tmp_path)
    alice, bob = keys.create("laptop", subject="alice"), keys.create("desk", subject="bob")
    authenticator = BearerAuthenticator([keys.verifier])
    async with hosted(assist, authenticator=authenticator) as served:
        mine = await served.speaking_as(alice).responses.create(input="hi")
        assert (await served.speaking_as(alice).responses.retrieve(mine.id)).id == mine.id
        with pytest.raises(NotFoundError):
            await served.speaking_as(bob).responses.retrieve(mine.id)
        for wrong in (alice[:-1], "sk-nothing"):
            with pytest.raises(AuthenticationError) as refused:
                await served.speaking_as(wrong).models.list()
            assert refused.value.code == "invalid_api_key"
