"""What a delivery cannot do as it stands."""

from agent_host.errors.root import HostError


class DeliveryStateError(HostError):
    """The delivery is there, and its state does not allow this. The text is for the operator."""

    code = "delivery_state"


__all__ = ["DeliveryStateError"]
