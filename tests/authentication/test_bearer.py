"""One header, several kinds of credentials."""

from typing import Self

import httpx
import pytest

from agent_host import AgentHost
from agent_host.authentication.bearer import BearerAuthenticator
from agent_host.authentication.credential import bad_credential
from agent_host.errors import ConfigurationError
from agent_host.types import Principal
from agent_host.types.proof import Proof
from agent_host_rest import RestChannel


class Tickets:
    """A verifier of somebody's own: a ticket is its prefix and a name."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix

    def takes(self, credential: str) -> bool:
        return credential.startswith(self.prefix)

    async def verify(self, credential: str) -> Proof:
        name = credential.removeprefix(self.prefix)
        if name != "anna":
            raise bad_credential()
        return Proof(Principal(id=self.prefix + name, kind="token"))


class OpenTickets(Tickets):
    """One that has to be opened, and says whether it is."""

    def __init__(self, prefix: str, *, fails: bool = False) -> None:
        super().__init__(prefix)
        self.is_open = False
        self.fails = fails

    async def __aenter__(self) -> Self:
        if self.fails:
            raise ConfigurationError("There are no tickets.")
        self.is_open = True
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        self.is_open = False


async def test_a_credential_goes_to_the_verifier_of_its_form() -> None:
    opened = OpenTickets("b-")
    host = AgentHost(
        str.upper,
        channels=[RestChannel()],
        authenticator=BearerAuthenticator([Tickets("a-"), opened]),
    )
    transport = httpx.ASGITransport(host.app)
    async with host, httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        assert opened.is_open
        statuses: dict[str, int] = {}
        for ticket in ("a-anna", "b-anna", "a-bob", "c-anna"):
            response = await client.get("/invocations", headers={"x-api-key": ticket})
            statuses[ticket] = response.status_code
    assert statuses == {"a-anna": 200, "b-anna": 200, "a-bob": 401, "c-anna": 401}
    assert not opened.is_open


async def test_what_was_opened_is_closed_when_another_cannot_be() -> None:
    opened = OpenTickets("a-")
    host = AgentHost(
        str.upper, authenticator=BearerAuthenticator([opened, OpenTickets("b-", fails=True)])
    )
    with pytest.raises(ConfigurationError, match="There are no tickets"):
        async with host:
            pass
    assert not opened.is_open


def test_without_a_verifier_nobody_could_ever_get_in() -> None:
    with pytest.raises(ConfigurationError):
        BearerAuthenticator([])
