"""The settings of the A2A channel. It holds no secret: who may call is the host's authenticator's
business, and the key that signs the card stays in its file.
"""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

_NOTHING = timedelta()

Text = Annotated[str, StringConstraints(min_length=1, max_length=4096)]
Mode = Annotated[str, StringConstraints(pattern=r"^[\w!#$&^.+*-]+/[\w!#$&^.+*-]+$")]
Url = Annotated[str, StringConstraints(pattern=r"^https?://[^\s/?#]+[^\s?#]*$")]


class SkillConfig(BaseModel):
    """One skill on the card, in place of those that the target says of itself."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Text
    name: Text
    description: Text
    tags: tuple[Text, ...] = Field(min_length=1)
    examples: tuple[Text, ...] = ()


class ExtensionConfig(BaseModel):
    """An extension of the protocol that the target knows."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    uri: Text
    description: str = ""
    required: bool = False
    params: dict[str, Any] = Field(default_factory=dict)


class ProviderConfig(BaseModel):
    """Who offers the agent."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    organization: Text = Field(description="The name of who offers the agent.")
    url: Url = Field(description="Where they are found.")


class A2AConfig(BaseModel):
    """How the surface is mounted, what the card says, and how much is taken."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(
        default="a2a",
        pattern=r"^[a-z][a-z0-9_]*$",
        description="The channel's name, unique within the host.",
    )
    path: str = Field(
        default="/a2a",
        pattern=r"^(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+$",
        description="The JSON-RPC endpoint, and what stands before the paths of HTTP+JSON.",
    )
    base_url: Url | None = Field(
        default=None,
        description="Where clients reach the host, `https://agents.example.org` for instance. "
        "Unset, the card names the address it was asked for at.",
    )
    version_0_3: bool = Field(
        default=True,
        description="Whether A2A 0.3 is spoken beside 1.0: at the JSON-RPC endpoint, and over "
        "HTTP+JSON under `/v1` behind it.",
    )
    tasks_send: bool = Field(
        default=False,
        description="Whether clients from before 0.3 are answered: `tasks/send` at `/rpc`, and a "
        "card at `/.well-known/agent.json`.",
    )
    reply: Literal["task", "message"] = Field(
        default="task",
        description="What a finished turn is answered with. `message` suits a target that is quick "
        "and keeps no state: a question or a failure is a task all the same.",
    )
    agent_name: Text | None = Field(
        default=None, description="The card's name; unset, the target's."
    )
    agent_description: Text | None = Field(
        default=None, description="The card's description; unset, the target's."
    )
    agent_version: Text | None = Field(
        default=None, description="The card's version of the agent; unset, the target's."
    )
    provider: ProviderConfig | None = Field(
        default=None, description="Who offers the agent: `organization` and `url`."
    )
    documentation_url: Url | None = Field(
        default=None, description="Where the agent is documented."
    )
    icon_url: Url | None = Field(default=None, description="A picture of the agent.")
    skills: tuple[SkillConfig, ...] | None = Field(
        default=None,
        description="The card's skills, each with `id`, `name`, `description`, `tags` and "
        "`examples`; unset, the target's.",
    )
    extended_skills: tuple[SkillConfig, ...] | None = Field(
        default=None,
        description="Further skills, for callers that proved who they are: what the extended card "
        "has beyond the public one. Unset, there is no extended card.",
    )
    extensions: tuple[ExtensionConfig, ...] = Field(
        default=(),
        description="Extensions that the target knows, each with `uri`, `description`, `required` "
        "and `params`.",
    )
    input_modes: tuple[Mode, ...] = Field(
        default=("text/plain", "application/json", "*/*"),
        min_length=1,
        description="Media types and ranges that are taken; others are refused.",
    )
    output_modes: tuple[Mode, ...] = Field(
        default=("text/plain", "application/json", "*/*"),
        min_length=1,
        description="Media types and ranges that the answers may have.",
    )
    push_notifications: bool = Field(
        default=True,
        description="Whether clients may name URLs that their tasks' updates are sent to. Where to "
        "is limited by the table `outbound`.",
    )
    card_lifetime: timedelta = Field(
        default=timedelta(minutes=5),
        ge=_NOTHING,
        description="How long a client may keep the card before it asks again.",
    )
    card_key_file: Path | None = Field(
        default=None,
        description="A private key, PEM or JWK, to sign the card of 1.0 with: P-256 (ES256), "
        "Ed25519 (EdDSA) or RSA (RS256). Needs the extra `a2a-signing`.",
    )
    card_key_id: Text | None = Field(
        default=None, description="The key's id, for clients to find it; unset, the JWK's own."
    )
    card_key_set_url: Url | None = Field(
        default=None, description="Where clients find the public key, as a JWK set."
    )
    heartbeat_interval: timedelta = Field(
        default=timedelta(seconds=15),
        gt=_NOTHING,
        description="The longest silence on an event stream.",
    )
    stalled_client_limit: timedelta = Field(
        default=timedelta(seconds=60),
        gt=_NOTHING,
        description="A client that takes nothing of its event stream for so long is let go; "
        "its task goes on.",
    )
    body_limit_bytes: int = Field(
        default=8 * 1024 * 1024, ge=1024, description="The most that one request may have."
    )
    file_limit_bytes: int = Field(
        default=6 * 1024 * 1024, ge=0, description="The most that one file may have, decoded."
    )
    nesting_limit: int = Field(
        default=64, ge=8, le=128, description="The most levels of arrays and objects in a body."
    )
    listed_tasks_limit: int = Field(
        default=1000,
        ge=1,
        le=10_000,
        description="How many tasks one page of `ListTasks` looks at, or twice as many; a caller "
        "with more gets them in stretches of so many, each in order.",
    )


__all__ = ["A2AConfig", "ExtensionConfig", "ProviderConfig", "SkillConfig"]
