"""The table `server`: where the host listens, whom it answers to, and how it stops."""

from datetime import timedelta
from typing import Annotated

from pydantic import BeforeValidator, Field

from agent_host.asgi.edge_policy import HEADER_COUNT_LIMIT, EdgePolicy, IsolationSource
from agent_host.asgi.forwarded import ForwardedFamily
from agent_host.settings.section import Section
from agent_host.settings.unit import Duration, Grace, Size


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


class ServerSettings(Section):
    """Where the host listens and how it stops."""

    host: str = Field(
        default="127.0.0.1",
        min_length=1,
        description=(
            "Address to listen on. Anything but a loopback address needs an authenticator, or "
            "`insecure`."
        ),
    )
    port: int = Field(
        default=8080, ge=0, le=65535, description="Port to listen on; 0 takes a free one."
    )
    grace: Grace = Field(
        default=timedelta(seconds=30),
        description=(
            "How long requests and runs in progress may take to finish once the host must stop. "
            "The supervisor should wait ten seconds longer before it kills."
        ),
    )
    keep_alive: Duration = Field(
        default=timedelta(seconds=75),
        description=(
            "How long a connection may stay open between two requests. Longer than the idle limit "
            "of the proxy in front."
        ),
    )
    head_time: Duration = Field(
        default=timedelta(seconds=20),
        description="How long a client may take to send the head of a request.",
    )
    body_time: Duration = Field(
        default=timedelta(seconds=60),
        description="How long a client may keep the host waiting for the body of a request.",
    )
    send_time: Duration = Field(
        default=timedelta(seconds=60),
        description="How long a client may read nothing of what the host has to send it.",
    )
    connection_limit: int = Field(
        default=10_000, ge=1, description="Connections at once; one more is answered 503."
    )
    header_limit_bytes: Size = Field(
        default=64 * 1024, description="The largest request head that is read."
    )
    header_limit: int = Field(
        default=HEADER_COUNT_LIMIT, ge=1, description="The most headers a request may have."
    )
    allowed_hosts: tuple[str, ...] = Field(
        default=(),
        description=(
            'Names that requests may be addressed to: `example.com`, `*.example.com`, `"*"`. '
            "Without any, connections over loopback may name loopback only, others anything."
        ),
    )
    allowed_origins: tuple[str, ...] = Field(
        default=(),
        description=(
            "Origins whose pages may call besides the host's own: `https://app.example.com`, "
            '`https://*.example.com`, `"*"`.'
        ),
    )
    trusted_proxies: tuple[str, ...] = Field(
        default=(),
        description=(
            "Addresses and networks of proxies that say who the client is: `10.0.0.0/8`. Nobody "
            "else's word is taken."
        ),
    )
    forwarded_headers: Annotated[ForwardedFamily, BeforeValidator(_lower)] = Field(
        default=ForwardedFamily.X_FORWARDED,
        description=(
            "The headers that those proxies write: `X-Forwarded-For`, `-Proto` and `-Host`, or "
            "`Forwarded`. The other ones are not looked at."
        ),
    )
    isolation_headers: bool | None = Field(
        default=None,
        description=(
            "Take `x-agent-user-isolation-key` and `x-agent-chat-isolation-key` from trusted "
            "proxies. Without a value they are taken on Foundry hosting, which sets them; from "
            "anybody else they are removed."
        ),
    )
    access_log: bool = Field(default=False, description="Log every request: method, path, status.")
    insecure: bool = Field(
        default=False,
        description=(
            "Listen on a public address although nobody has to prove who they are: whoever reaches "
            "the port can talk to the agent."
        ),
    )

    def to_edge_policy(self, *, on_isolating_platform: bool) -> EdgePolicy:
        """The edge's rules. `on_isolating_platform` says that the platform sets the isolation
        headers itself and lets nobody else in.
        """
        source = IsolationSource.NOBODY
        if self.isolation_headers is not False and on_isolating_platform:
            source = IsolationSource.PLATFORM
        elif self.isolation_headers:
            source = IsolationSource.PROXIES
        return EdgePolicy(
            allowed_hosts=self.allowed_hosts,
            allowed_origins=self.allowed_origins,
            trusted_proxies=self.trusted_proxies,
            forwarded_headers=self.forwarded_headers,
            isolation=source,
            header_count_limit=self.header_limit,
        )


__all__ = ["ServerSettings"]
