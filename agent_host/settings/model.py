"""The settings of a host as values: what can be set, what it means, what it is by default.

Owns names, types, defaults and descriptions; the configuration file in `deploy/`, the reference
page and `agent-host config` are all derived from here. Reads no file and no environment.
"""

import re
from collections.abc import Iterator
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from agent_host.settings.access import AccessSettings
from agent_host.settings.delivery import DeliverySettings
from agent_host.settings.file import FileSettings
from agent_host.settings.identity import IdentitySettings
from agent_host.settings.limit import LimitSettings
from agent_host.settings.link import LinkSettings, OnBehalfOfSettings
from agent_host.settings.outbound import OutboundSettings
from agent_host.settings.pairing import PairingSettings
from agent_host.settings.remote_a2a import RemoteA2ASettings
from agent_host.settings.runtime_mode import RuntimeMode
from agent_host.settings.section import Section
from agent_host.settings.server import ServerSettings
from agent_host.settings.telemetry import TelemetrySettings
from agent_host.settings.unit import Duration, Grace, Size
from agent_host.types.run_policy import DisconnectPolicy, RunPolicy
from agent_host.types.session import ConcurrencyPolicy, SessionMode, SessionPolicy

_RUN: Final = RunPolicy()
_SESSION: Final = SessionPolicy()
_CHANNELS: Final = ("rest", "a2a", "openai")


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


def _check_url(value: str) -> str:
    if not re.match(r"[a-z][a-z0-9+.-]*://", value):
        message = "expected a URL such as disk:///var/lib/agent-host or memory://"
        raise ValueError(message)
    return value


class RunSettings(Section):
    """Limits of one run."""

    time_limit: Duration = Field(
        default=_RUN.time_limit,
        description="How long a target may run; waiting for a session or an answer is not counted.",
    )
    cancel_grace: Grace = Field(
        default=_RUN.cancel_grace,
        description="How long a target may take to stop by itself before it is made to.",
    )
    answer_time_limit: Duration = Field(
        default=_RUN.answer_time_limit, description="How long a run's question stays open."
    )
    event_limit: int = Field(
        default=_RUN.event_limit, ge=1, description="A run with more events than this is stopped."
    )
    event_bytes_limit: Size = Field(
        default=_RUN.event_bytes_limit,
        description="A run whose events are larger than this together is stopped.",
    )
    retention: Duration = Field(
        default=_RUN.retention,
        description="How long a finished run and an idempotency key are kept.",
    )
    background_limit: int = Field(
        default=_RUN.background_limit,
        ge=1,
        description="Background runs that go on at once; further ones stay `queued`.",
    )
    rerun_interrupted: bool = Field(
        default=_RUN.rerun_interrupted,
        description=(
            "Go on with a run that died with its process, where the target says that running it "
            "again does no harm or keeps checkpoints. Any other, or without this, fails as "
            "`interrupted`."
        ),
    )
    on_disconnect: DisconnectPolicy = Field(
        default=_RUN.on_disconnect,
        description=(
            "What becomes of a run whose caller leaves while it waits or follows: `continue`, and "
            "it can be fetched later, or `cancel`. Background runs go on."
        ),
    )

    def to_policy(self) -> RunPolicy:
        """The same as the engine takes it."""
        return RunPolicy(**dict(self))


class SessionSettings(Section):
    """How conversations behave."""

    mode: SessionMode = Field(
        default=SessionMode.AUTO,
        description=(
            "`auto`: the session that a request names, or a new one; `required`: a request must "
            "name one; `disabled`: no sessions and no history."
        ),
    )
    concurrency: ConcurrencyPolicy = Field(
        default=_SESSION.concurrency,
        description=(
            "What happens to a turn that arrives while its session has one: wait for it, be "
            "refused, cancel it, be handed to it, or run beside it."
        ),
    )
    queue_limit: int = Field(
        default=_SESSION.queue_limit,
        ge=0,
        description="Turns that may wait per session; one more is refused with 429.",
    )
    history_limit_messages: int = Field(
        default=_SESSION.history_limit_messages,
        ge=0,
        description="Newest messages that a target is given which keeps no history itself.",
    )
    history_limit_characters: int = Field(
        default=_SESSION.history_limit_characters,
        ge=0,
        description="Characters that those messages may have together.",
    )
    time_to_live: Duration = Field(
        default=_SESSION.time_to_live,
        description="How long a session is kept after its last turn.",
    )

    def to_policy(self) -> SessionPolicy:
        """The same as the engine takes it; the mode goes its own way."""
        return SessionPolicy(**{name: value for name, value in self if name != "mode"})


class LogSettings(Section):
    """What is logged and how. Lines carry ids and codes, never what people wrote."""

    level: Annotated[Literal["debug", "info", "warning", "error"], BeforeValidator(_lower)] = Field(
        default="info", description="The least severe level that is written."
    )
    format: Annotated[Literal["human", "json"], BeforeValidator(_lower)] = Field(
        default="human", description="Lines for people, or one JSON object per line."
    )


class ChannelSettings(BaseModel):
    """One channel's table: `enabled`, and whatever the channel's own `Config` knows.

    The options are checked when the channel is loaded, by `parse_channel`. They may hold secrets,
    so the representation leaves their values out.
    """

    model_config = ConfigDict(extra="allow", frozen=True, hide_input_in_errors=True)

    enabled: bool = Field(default=True, description="Whether the channel is mounted.")

    @property
    def options(self) -> dict[str, Any]:
        """What is meant for the channel, unchecked."""
        return dict(self.model_extra or {})

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        """Names of options, without their values."""
        yield "enabled", self.enabled
        yield "options", sorted(self.options)


class Settings(Section):
    """Everything that can be set. `Settings()` is a host on loopback with its three
    default channels.

    Built by code, or by `load_settings` from a file, the environment and the command line.
    """

    target: str = Field(
        default="agent_host.agents.markdown:create_agent()",
        min_length=1,
        description=(
            "What is hosted: `module:attribute` or `path.py:attribute`, seen from the working "
            "directory, with `()` to call a factory; or `a2a+https://host/path`, an agent "
            "elsewhere. The default answers from a folder of Markdown."
        ),
    )
    name: str | None = Field(
        default=None,
        min_length=1,
        description="What the host is called, in `/docs` for instance; else the target's own name.",
    )
    description: str | None = Field(
        default=None,
        description=(
            "What the host says of itself, in `/docs` for instance; else what its target says."
        ),
    )
    store: Annotated[str, AfterValidator(_check_url)] = Field(
        default="disk://.agent-host",
        repr=False,
        description=(
            "Where runs, sessions and tasks are kept, as a URL: `disk://folder` seen from the "
            "working directory, `disk:///path/to/a/folder`, or `memory://`, which forgets at exit. "
            "A folder belongs to one process."
        ),
    )
    runtime_mode: RuntimeMode | None = Field(
        default=None,
        description=(
            "Whether the process lives on between requests. Without a value it is detected: "
            "`ephemeral` on Foundry hosting, Azure Functions and AWS Lambda, else `long_running`."
        ),
    )
    allow_in_process_runner: bool = Field(
        default=False,
        description=(
            "In `ephemeral` mode, start although runs and what is stored may be lost with the "
            "process. For a disk that outlives it, or where the loss is acceptable."
        ),
    )
    remote_a2a: RemoteA2ASettings = Field(
        default_factory=RemoteA2ASettings,
        description="How the target is called where it is an agent elsewhere.",
    )
    server: ServerSettings = Field(
        default_factory=ServerSettings, description="Where the host listens and how it stops."
    )
    access: AccessSettings = Field(
        default_factory=AccessSettings, description="Who may talk to the host."
    )
    identity: IdentitySettings = Field(
        default_factory=IdentitySettings,
        description="Who of them may come in, who may be one person, what rooms keep apart.",
    )
    link: LinkSettings = Field(
        default_factory=LinkSettings, description="How two identities become one person."
    )
    pairing: PairingSettings = Field(
        default_factory=PairingSettings,
        description="Where strangers may ask an operator to be let in.",
    )
    on_behalf_of: OnBehalfOfSettings = Field(
        default_factory=OnBehalfOfSettings,
        description="Tokens for downstream services in the name of callers with a token.",
    )
    run: RunSettings = Field(default_factory=RunSettings, description="Limits of one run.")
    session: SessionSettings = Field(
        default_factory=SessionSettings, description="How conversations behave."
    )
    delivery: DeliverySettings = Field(
        default_factory=DeliverySettings,
        description="Answers and messages that go elsewhere than to a waiting caller.",
    )
    limits: LimitSettings = Field(
        default_factory=LimitSettings, description="What a request and a caller may cost."
    )
    files: FileSettings = Field(
        default_factory=FileSettings, description="The bytes of files that messages refer to."
    )
    outbound: OutboundSettings = Field(
        default_factory=OutboundSettings,
        description="Requests to places that callers name, such as push notifications.",
    )
    log: LogSettings = Field(default_factory=LogSettings, description="What is logged and how.")
    telemetry: TelemetrySettings = Field(
        default_factory=TelemetrySettings,
        description="Traces, metrics, and the events of runs. They carry ids, never content.",
    )
    channels: dict[str, ChannelSettings] = Field(
        default_factory=lambda: {name: ChannelSettings() for name in _CHANNELS},
        description=(
            "The channels to mount, a table each. By default `rest`, `a2a`, `openai`: naming any "
            "with a table replaces these; `enabled = false` in a table takes that channel away."
        ),
    )


__all__ = [
    "ChannelSettings",
    "LogSettings",
    "RunSettings",
    "SessionSettings",
    "Settings",
]
