"""What is sent of a run that is not over: it asks, or it begins. Pure."""

from agent_host.delivery.place import delivery_id_of
from agent_host.protocols.delivery import RunStation
from agent_host.types.delivery import Destination
from agent_host.types.identifier import DeliveryId
from agent_host.types.message import Message
from agent_host.types.result import RunResult
from agent_host.types.run import HostedResult, Run


def station_delivery_id(station: RunStation, nonce: str, destination: Destination) -> DeliveryId:
    """The id of what is sent there of this station. A run may ask more than once, and the same
    again after a crash; it ends once, so what is sent of that has the same id each time.
    """
    origin = station.run_id if station.run is None else f"{station.run_id}.{nonce}"
    return delivery_id_of(origin, destination)


def told(run: Run) -> HostedResult:
    """The run as it stood then. What it asks is the text of the result too, so that a channel
    that knows nothing of questions shows it all the same.
    """
    if not run.questions:
        return HostedResult(run=run)
    asked = "\n".join(question.prompt for question in run.questions)
    return HostedResult(run=run, result=RunResult(messages=(Message.assistant(asked),)))


__all__ = ["station_delivery_id", "told"]
