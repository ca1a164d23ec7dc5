"""Nobody is asked who they are."""

from starlette.requests import HTTPConnection

from agent_host.authentication.anonymous import AnonymousAuthenticator
from agent_host.types import Principal


async def test_everybody_is_the_same_principal_whatever_they_send() -> None:
    authenticator = AnonymousAuthenticator()
    header = (b"authorization", b"Bearer of-bad-news")

    with_header = await authenticator.authenticate(
        HTTPConnection({"type": "http", "headers": [header]})
    )
    without = await authenticator.authenticate(HTTPConnection({"type": "websocket", "headers": []}))

    assert with_header == without == Principal(id="anonymous", kind="anonymous")


def test_it_says_that_it_admits_anyone() -> None:
    authenticator = AnonymousAuthenticator()

    assert authenticator.admits_anyone
    assert authenticator.challenge
