"""What an operator's own systems are told about a delivery: its stations, never its content."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from agent_host.errors import PushErrorClass
from agent_host.types.delivery import DeliveryStatus
from agent_host.types.identifier import DeliveryId, RunId


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryLifecycle:
    """A delivery came to `status`, at an aware UTC time. `attempts` counts those begun, `duration`
    is that of the attempt which led here, where one did.
    """

    delivery_id: DeliveryId
    run_id: RunId | None
    at: datetime
    status: DeliveryStatus
    channel: str
    attempts: int = 0
    error_class: PushErrorClass | None = None
    error_code: str | None = None
    duration: timedelta | None = None


__all__ = ["DeliveryLifecycle"]
