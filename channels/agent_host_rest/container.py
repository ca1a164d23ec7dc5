"""The container contract of Amazon Bedrock AgentCore Runtime, HTTP protocol: `GET /ping` beside
`POST /invocations` and `/ws`.

https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/runtime-http-protocol-contract.html
"""

from typing import TypedDict

from agent_host.errors import DrainingError
from agent_host.protocols.host_context import HostContext


class PingReport(TypedDict):
    """`time_of_last_update` is when the status last changed, in Unix seconds."""

    status: str
    time_of_last_update: int


class ContainerHealth:
    """Remembers when the status last changed. `HealthyBusy` keeps the platform from scaling the
    container in while background runs go on.
    """

    __slots__ = ("_context", "_since", "_status")

    def __init__(self, context: HostContext) -> None:
        self._context = context
        self._status = ""
        self._since = 0

    def report(self) -> PingReport:
        """The status now.

        Raises:
            DrainingError: no new work is taken; the contract's sign for that is a failed ping.
        """
        if not self._context.healthy:
            message = "The host is going down and takes no new work."
            raise DrainingError(message)
        status = "HealthyBusy" if self._context.busy else "Healthy"
        if status != self._status:
            self._status = status
            self._since = int(self._context.clock.now().timestamp())
        return {"status": status, "time_of_last_update": self._since}


__all__ = ["ContainerHealth", "PingReport"]
