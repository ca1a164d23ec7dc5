"""The page for people: readable without anything from elsewhere, and nothing gets in."""

import re
from base64 import b64encode
from hashlib import sha256
from html import escape

import httpx
import pytest

from agent_host import AgentHost
from agent_host_rest import RestChannel, RestConfig
from agent_host_rest.operation import OPERATIONS
from tests.channels.rest.hosting import CALLER, HeaderAuthenticator, hosted


async def echo(text: str) -> str:
    """Says <b>it</b> again & again."""
    return text


async def test_every_operation_has_a_command_line_for_this_server() -> None:
    async with hosted(echo) as client:
        response = await client.get("/docs", headers={CALLER: ""})
        base = str(client.base_url).rstrip("/")
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    for operation in OPERATIONS:
        assert f'id="{operation.id}"' in response.text
        assert escape(operation.summary) in response.text
    assert f"curl {base}/invocations -H &#x27;content-type: application/json" in response.text
    assert "<code>background: true</code>" in response.text
    assert "`" not in re.sub(r"<script>.*?</script>", "", response.text, flags=re.DOTALL)
    assert "Says &lt;b&gt;it&lt;/b&gt; again &amp; again." in response.text


async def test_nothing_is_loaded_and_nothing_else_may_run() -> None:
    async with hosted(echo) as client:
        response = await client.get("/docs")
        base = str(client.base_url)
    policy = response.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    for tag in ("style", "script"):
        (text,) = re.findall(f"<{tag}>(.*?)</{tag}>", response.text, re.DOTALL)
        digest = b64encode(sha256(text.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    links = re.findall(r'(?:src|href|action)="([^"]*)"', response.text)
    assert all(link.startswith(base) for link in links)


class BearerAuthenticator(HeaderAuthenticator):
    challenge = 'Bearer realm="test"'


@pytest.mark.parametrize("authenticator", [None, BearerAuthenticator()])
async def test_a_key_can_be_given_where_one_is_needed(
    authenticator: BearerAuthenticator | None,
) -> None:
    host = AgentHost(echo, channels=[RestChannel()], authenticator=authenticator)
    transport = httpx.ASGITransport(host.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        page = (await client.get("/docs")).text
    needs_key = authenticator is not None
    assert ('type="password" name="key"' in page) is needs_key
    commands: list[str] = re.findall("<pre>(curl .*?)</pre>", page, re.DOTALL)
    asking = [line for line in commands if "authorization: Bearer KEY" in line]
    assert len(asking) == (sum(not one.public for one in OPERATIONS) if needs_key else 0)


async def test_a_hostile_host_header_stays_text() -> None:
    async with hosted(echo) as client:
        response = await client.get("/docs", headers={"host": 'x"><script>alert(1)</script>'})
    assert "<script>alert" not in response.text


@pytest.mark.parametrize(("shown", "status"), [(True, 307), (False, 404)])
async def test_the_root_leads_to_the_page_unless_it_is_off(*, shown: bool, status: int) -> None:
    async with hosted(echo, config=RestConfig(docs_page=shown)) as client:
        root = await client.get("/")
        page = await client.get("/docs")
        document = await client.get("/openapi.json")
    assert root.status_code == status
    assert page.status_code == (200 if shown else 404)
    assert document.status_code == 200
