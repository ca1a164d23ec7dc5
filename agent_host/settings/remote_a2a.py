"""How the target is called where it is an agent elsewhere, as settings. Reads no file."""

from datetime import timedelta
from pathlib import Path

from pydantic import Field, SecretStr

from agent_host.settings.section import Section
from agent_host.settings.unit import Duration, Size


class RemoteA2ASettings(Section):
    """For a `target` that is an agent elsewhere, named by its URL; see
    `agent_host.agents.remote_a2a.RemoteA2AOptions`.
    """

    bearer_token: SecretStr | None = Field(
        default=None, description="Sent to the agent as `Authorization: Bearer ...`."
    )
    bearer_token_file: str | None = Field(
        default=None,
        min_length=1,
        description="A file with that token, read at every call, so that it can be renewed.",
    )
    api_key: SecretStr | None = Field(
        default=None, description="Sent to the agent in the header `remote_a2a.api_key_header`."
    )
    api_key_header: str = Field(
        default="X-API-Key",
        pattern=r"^[A-Za-z0-9-]+$",
        description="The header that the agent reads its API key from.",
    )
    headers: dict[str, SecretStr] = Field(
        default_factory=dict, description="Further headers for the agent, by name."
    )
    origins: list[str] = Field(
        default_factory=list,
        description=(
            "Origins, such as https://api.example.org, that the agent's card may lead to beside "
            "its own. What proves who we are is sent there too."
        ),
    )
    card_keys_file: str | None = Field(
        default=None,
        min_length=1,
        description=(
            "Public keys (a PEM, a JWK or a JWK set); the agent's card must be signed by one of "
            "them. Needs the extra `a2a-signing`."
        ),
    )
    card_lifetime: Duration = Field(
        default=timedelta(minutes=5),
        description="How long the agent's card is kept, where the agent does not say.",
    )
    connect_time_limit: Duration = Field(
        default=timedelta(seconds=10), description="How long connecting may take."
    )
    idle_time_limit: Duration = Field(
        default=timedelta(seconds=60),
        description="The longest silence of the agent; a stream is taken up again then.",
    )
    cancel_time_limit: Duration = Field(
        default=timedelta(seconds=5),
        description="How long the agent may take to accept that its task is cancelled.",
    )
    response_limit_bytes: Size = Field(
        default=16 * 1024 * 1024,
        description="The most that one response, or one event of a stream, may have.",
    )

    def to_options(self) -> dict[str, object]:
        """The arguments of `RemoteA2AOptions`, which is loaded only where it is needed."""
        files = ("bearer_token_file", "card_keys_file")
        options: dict[str, object] = {name: value for name, value in self if name not in files}
        for name in files:
            file: str | None = getattr(self, name)
            options[name] = None if file is None else Path(file)
        options["origins"] = tuple(self.origins)
        return options


__all__ = ["RemoteA2ASettings"]
