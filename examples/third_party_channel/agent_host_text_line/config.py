"""The settings of the text line channel."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, SecretStr

Secret = Annotated[SecretStr, Field(min_length=16)]


class TextLineConfig(BaseModel):
    """`secret` is shared with the gateway; there is no channel without it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    secret: Secret = Field(description="What the gateway signs with.")
    former_secret: Secret | None = Field(
        default=None, description="The secret before, accepted as well while it is changed."
    )
    name: str = Field(
        default="text_line",
        pattern=r"^[a-z][a-z0-9_]*$",
        description="The channel's name, unique within the host.",
    )
    account: str = Field(
        default="main",
        pattern=r"^[a-z0-9_-]{1,64}$",
        description="The gateway's account; part of the path and of every person's identity.",
    )
    body_limit_bytes: int = Field(
        default=64 * 1024, ge=1024, description="The most that one message may have."
    )


__all__ = ["TextLineConfig"]
