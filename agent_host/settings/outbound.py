"""The table `outbound`: where the host sends when somebody outside names the place."""

from pathlib import Path

from pydantic import Field

from agent_host.outbound.policy import OutboundPolicy, to_allowed
from agent_host.settings.section import Section


class OutboundSettings(Section):
    """Requests to URLs that callers name, push notifications for instance. They go by https to
    public addresses only, follow no redirect and use no proxy.
    """

    allow: tuple[str, ...] = Field(
        default=(),
        description=(
            "Places that may have private addresses: `hooks.internal:8443`, or for plain http "
            "`http://127.0.0.1:9000`. Every caller may have the host send there."
        ),
    )
    ports: tuple[int, ...] = Field(
        default=(443,),
        description="Ports of public addresses that are sent to; places of `allow` bring theirs.",
    )
    ca_file: Path | None = Field(
        default=None,
        description="Certificates (PEM) of authorities to trust besides the public ones.",
    )

    def to_policy(self) -> OutboundPolicy:
        """The same as the client takes it.

        Raises:
            ConfigurationError: an entry of `allow` is no place.
        """
        return OutboundPolicy(
            allow=frozenset(to_allowed(entry) for entry in self.allow),
            ports=frozenset(self.ports),
            ca_file=self.ca_file,
        )


__all__ = ["OutboundSettings"]
