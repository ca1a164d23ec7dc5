"""Every admin route of the host itself."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet

from agent_host.asgi.admin_delivery import AdminDeliveries
from agent_host.asgi.admin_pairing import AdminPairings
from agent_host.asgi.admin_person import AdminPeople
from agent_host.asgi.admin_run import AdminRuns
from agent_host.asgi.admin_task import AdminTasks
from agent_host.protocols.channel import ChannelRoute
from agent_host.protocols.delivery import Deliverer, DeliveryOperator
from agent_host.protocols.operator import RunOperator
from agent_host.protocols.pairing import PairingOperator
from agent_host.protocols.people import PeopleOperator
from agent_host.protocols.task_runner import TaskRunner


def admin_routes(
    *,
    runs: RunOperator,
    people: PeopleOperator,
    pairings: PairingOperator | None,
    deliveries: DeliveryOperator,
    deliverer: Deliverer,
    runner: TaskRunner,
    kinds_of_runs: AbstractSet[str],
) -> Sequence[ChannelRoute]:
    """To be guarded and mounted like a channel's."""
    return (
        *AdminRuns(runs).routes(),
        *AdminTasks(runner, kinds_of_runs=kinds_of_runs).routes(),
        *AdminDeliveries(deliveries, deliverer).routes(),
        *AdminPeople(people).routes(),
        *(() if pairings is None else AdminPairings(pairings).routes()),
    )


__all__ = ["admin_routes"]
