"""The card: what it says, where it leads, and how long it may be kept."""

from typing import Any

import httpx
import pytest
from a2a.compat.v0_3.types import AgentCard as OldCard
from a2a.types.a2a_pb2 import AgentCard
from google.protobuf.json_format import ParseDict
from pydantic import ValidationError

from agent_host import AgentHost
from agent_host.authentication.anonymous import AnonymousAuthenticator
from agent_host.testing.person import as_person
from agent_host.types import Turn
from agent_host_a2a import A2AChannel, A2AConfig, ExtensionConfig, ProviderConfig, SkillConfig
from tests.channels.a2a.agent import converse
from tests.channels.a2a.hosting import hosted, result

CARD = "/.well-known/agent-card.json"
SKILL = SkillConfig(
    id="book", name="Book", description="Books a room", tags=("rooms",), examples=("Book two days",)
)
WHOLE = A2AConfig(
    base_url="https://agents.example.org/one/",
    agent_name="Clerk",
    agent_description="Books rooms.",
    agent_version="7",
    provider=ProviderConfig(organization="Example", url="https://example.org"),
    documentation_url="https://example.org/docs",
    icon_url="https://example.org/icon.png",
    skills=(SKILL,),
    extended_skills=(SKILL.model_copy(update={"id": "cancel"}),),
    extensions=(ExtensionConfig(uri="https://example.org/ext", params={"a": 1}),),
    input_modes=("text/plain",),
    output_modes=("application/json",),
)


async def card_of(config: A2AConfig | None = None, **headers: str) -> dict[str, Any]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    async with hosted(converse, config=config) as client:
        response = await client.get(CARD, headers={"authorization": "", **named})
    card: dict[str, Any] = response.json()
    return card


@pytest.mark.parametrize("config", [None, WHOLE])
async def test_it_is_a_card_of_1_0_to_the_letter(config: A2AConfig | None) -> None:
    card = await card_of(config)
    parsed = ParseDict(card, AgentCard())  # refuses a member that it does not know
    assert parsed.name
    assert parsed.description
    assert parsed.skills[0].tags
    assert parsed.default_input_modes
    assert parsed.capabilities.streaming
    assert parsed.capabilities.push_notifications


@pytest.mark.parametrize("config", [None, WHOLE])
async def test_it_is_one_of_0_3_where_that_is_asked_for(config: A2AConfig | None) -> None:
    card = await card_of(config, a2a_version="0.3")
    parsed = OldCard.model_validate(card)
    assert parsed.preferred_transport == "JSONRPC"
    assert set(card) <= {field.alias or name for name, field in OldCard.model_fields.items()}
    assert "supportedInterfaces" not in card


async def test_it_says_what_is_configured() -> None:
    card = await card_of(WHOLE)
    assert (card["name"], card["description"], card["version"]) == ("Clerk", "Books rooms.", "7")
    assert card["provider"] == {"organization": "Example", "url": "https://example.org"}
    assert [skill["id"] for skill in card["skills"]] == ["book"]
    assert card["skills"][0]["examples"] == ["Book two days"]
    assert card["capabilities"]["extendedAgentCard"] is True
    assert card["capabilities"]["extensions"][0]["params"] == {"a": 1}
    assert {one["url"] for one in card["supportedInterfaces"]} == {
        "https://agents.example.org/one/a2a"
    }


async def test_its_interfaces_are_in_order_and_lead_here() -> None:
    async with hosted(converse) as client:
        card = (await client.get(CARD)).json()
    assert [
        (one["protocolBinding"], one["protocolVersion"]) for one in card["supportedInterfaces"]
    ] == [
        ("JSONRPC", "1.0"),
        ("HTTP+JSON", "1.0"),
        ("JSONRPC", "0.3"),
        ("HTTP+JSON", "0.3"),
    ]
    url = str(client.base_url).rstrip("/") + "/a2a"
    assert {one["url"] for one in card["supportedInterfaces"]} == {url}


async def test_behind_a_proxy_it_leads_to_the_proxy() -> None:
    host = AgentHost(converse, channels=[A2AChannel()], authenticator=AnonymousAuthenticator())
    transport = httpx.ASGITransport(host.app, root_path="/agents")
    async with (
        host,
        httpx.AsyncClient(transport=transport, base_url="https://public.example") as client,
    ):
        card = (await client.get(f"/agents{CARD}")).json()
    assert card["supportedInterfaces"][0]["url"] == "https://public.example/agents/a2a"


async def test_it_names_the_scheme_that_the_host_asks_for() -> None:
    guarded = await card_of()
    old = await card_of(a2a_version="0.3")
    async with hosted(converse, authenticator=AnonymousAuthenticator()) as client:
        opened = (await client.get(CARD)).json()
    (name,) = guarded["securitySchemes"]
    assert guarded["securitySchemes"][name] == {"httpAuthSecurityScheme": {"scheme": "Person"}}
    assert guarded["securityRequirements"] == [{"schemes": {name: {"list": []}}}]
    assert old["securitySchemes"][name] == {"type": "http", "scheme": "Person"}
    assert "securitySchemes" not in opened


async def test_it_is_kept_and_asked_for_again() -> None:
    async with hosted(converse) as client:
        first = await client.get(CARD)
        tag, since = first.headers["etag"], first.headers["last-modified"]
        same = await client.get(CARD, headers={"if-none-match": f'"x", W/{tag}'})
        dated = await client.get(CARD, headers={"if-modified-since": since})
        other = await client.get(CARD, headers={"if-none-match": '"x"', "if-modified-since": since})
        nonsense = await client.get(CARD, headers={"if-modified-since": "yesterday"})
        head = await client.head(CARD)
    assert first.headers["cache-control"] == "public, max-age=300"
    assert [same.status_code, dated.status_code, same.content] == [304, 304, b""]
    assert same.headers["etag"] == tag
    assert [other.status_code, nonsense.status_code, head.status_code] == [200, 200, 200]


async def test_a_version_that_is_not_spoken_has_no_card() -> None:
    async with hosted(converse) as client:
        response = await client.get(CARD, headers={"a2a-version": "9.9"})
    assert response.status_code == 400
    assert response.json()["error"]["details"][0]["reason"] == "VERSION_NOT_SUPPORTED"


async def test_the_extended_card_is_for_callers_only() -> None:
    async with hosted(converse, config=WHOLE) as client:
        stranger = await client.get("/a2a/extendedAgentCard", headers={"authorization": ""})
        bob = await client.get("/a2a/extendedAgentCard", headers=as_person("bob"))
        over_rpc = await result(client, "GetExtendedAgentCard")
        old = await result(client, "agent/getAuthenticatedExtendedCard", a2a_version="0.3")
    assert stranger.status_code == 401
    assert bob.json() == over_rpc
    assert [skill["id"] for skill in over_rpc["skills"]] == ["book", "cancel"]
    assert [skill.id for skill in OldCard.model_validate(old).skills] == ["book", "cancel"]


async def test_a_target_s_own_words_are_its_description() -> None:
    async def clerk(turn: Turn) -> str:
        """Books rooms in town."""
        return turn.text

    async with hosted(clerk) as client:
        card = (await client.get(CARD)).json()
    assert card["description"] == "Books rooms in town."


@pytest.mark.parametrize(
    "wrong",
    [
        {"base_url": "agents.example.org"},
        {"base_url": "https://a.example/?x"},
        {"path": "a2a"},
        {"path": ""},
        {"reply": "both"},
        {"skills": [{"id": "x"}]},
        {"input_modes": []},
        {"name": "A2A"},
        {"unknown": 1},
    ],
)
def test_a_config_that_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        A2AConfig.model_validate(wrong)
