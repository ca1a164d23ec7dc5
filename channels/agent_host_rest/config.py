"""The settings of the REST channel. It has no secret: who may call is the host's authenticator's
business.
"""

from datetime import timedelta

from pydantic import BaseModel, ConfigDict, Field

_NOTHING = timedelta()


class RestConfig(BaseModel):
    """How the surface is mounted and how much it takes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(
        default="rest",
        pattern=r"^[a-z][a-z0-9_]*$",
        description="The channel's name, unique within the host.",
    )
    path_prefix: str = Field(
        default="",
        pattern=r"^(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*$",
        description="What stands before every path, `/api` for instance.",
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
        default=8 * 1024 * 1024,
        ge=1024,
        description="The most that one request or one WebSocket message may have.",
    )
    files_limit: int = Field(
        default=16, ge=0, description="The most files a request may have, uploaded or inline."
    )
    file_limit_bytes: int = Field(
        default=6 * 1024 * 1024, ge=0, description="The most that one file may have, decoded."
    )
    nesting_limit: int = Field(
        default=64, ge=2, le=128, description="The most levels of arrays and objects in a body."
    )
    metadata_limit_keys: int = Field(
        default=64, ge=0, description="The most members `metadata` may have."
    )
    metadata_limit_bytes: int = Field(
        default=16 * 1024, ge=2, description="The most that `metadata` may have as JSON."
    )
    callers_choose_target: bool = Field(
        default=False,
        description="Whether a caller may say where the answer goes, by `response_target`: to "
        "other identities of their own, never to anybody else.",
    )
    docs_page: bool = Field(
        default=True, description="Whether `/docs` is served, and `/` leads there."
    )


__all__ = ["RestConfig"]
