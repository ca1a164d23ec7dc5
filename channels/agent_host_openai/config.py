"""The settings of the OpenAI channel. It has no secret: who may call is the host's authenticator's
business, and an OpenAI client sends its API key as that expects it.
"""

from datetime import timedelta
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

_NOTHING = timedelta()


class ModelAlias(BaseModel):
    """A name for what is hosted, and what choosing it means."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(
        min_length=1, max_length=256, description="What clients send as `model`; no path needs it."
    )
    options: dict[str, Any] = Field(
        default_factory=dict[str, Any],
        description="Options for the target. What the caller itself sets wins.",
    )


class OpenAIConfig(BaseModel):
    """How the surface is mounted and how much it takes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(
        default="openai",
        pattern=r"^[a-z][a-z0-9_]*$",
        description="The channel's name, unique within the host.",
    )
    path_prefix: str = Field(
        default="/v1",
        pattern=r"^(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*$",
        description="What stands before every path; clients have it in their `base_url`.",
    )
    models: tuple[ModelAlias, ...] = Field(
        default=(),
        description="The names under which the target is listed, the default one first. "
        "None: the target's own name.",
    )
    any_model: bool = Field(
        default=False,
        description="Whether a `model` that is not listed is taken too, and answered by the target "
        "as it is.",
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
        "its run goes on.",
    )
    body_limit_bytes: int = Field(
        default=8 * 1024 * 1024, ge=1024, description="The most that one request may have."
    )
    files_limit: int = Field(
        default=16, ge=0, description="The most images and files a request may have inline."
    )
    file_limit_bytes: int = Field(
        default=6 * 1024 * 1024, ge=0, description="The most that one file may have, decoded."
    )
    nesting_limit: int = Field(
        default=64, ge=2, le=128, description="The most levels of arrays and objects in a body."
    )


__all__ = ["ModelAlias", "OpenAIConfig"]
