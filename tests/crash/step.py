"""Which steps of the way from an event to its answers a commit makes.

All that a trial knows about how these are stored stands here.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from agent_host.delivery.order import KIND as DELIVERY_KIND
from agent_host.delivery.record import DELIVERIES, read_delivery
from agent_host.host.inbound.event import EVENT_KIND
from agent_host.host.record.run_record import read_run
from agent_host.runner.task_record import TASKS, read_task
from agent_host.types import Delivery, DeliveryStatus, Put, Record, Run, Write
from agent_host.types.store import ABSENT

_EVENT_KEYS: Final = "event_key"
_RUNS: Final = "run"
_OF_DELIVERIES: Final = {
    DeliveryStatus.ATTEMPTING: "attempt",
    DeliveryStatus.ACCEPTED: "accepted",
    DeliveryStatus.FAILED: "failed",
    DeliveryStatus.UNKNOWN: "unknown",
    DeliveryStatus.DEAD: "dead",
}
_OF_TASKS: Final = {EVENT_KIND: "enqueue", DELIVERY_KIND: "hand_on"}


class Steps(NamedTuple):
    """How often each is made, and the runs that end."""

    made: Counter[str]
    ended: Sequence[Run]

    @property
    def is_torn(self) -> bool:
        """Whether an event is noted as taken without its work, or its work without that."""
        return self.made["accept"] != self.made["enqueue"]


def steps_of(writes: Sequence[Write]) -> Steps:
    """What one commit does."""
    made: Counter[str] = Counter()
    ended: list[Run] = []
    for record, is_new in _records(writes):
        collection = record.key.collection
        if collection == _EVENT_KEYS:
            made["accept"] += 1
        elif collection == TASKS and is_new:
            made[_OF_TASKS.get(read_task(record).task.spec.kind, "other")] += 1
        elif collection == DELIVERIES:
            made[_of_delivery(read_delivery(record).stored.delivery)] += 1
        elif collection == _RUNS:
            run, _ = read_run(record)
            made["queue"] += is_new
            if run.status.is_terminal:
                made["end"] += 1
                ended.append(run)
    return Steps(made, ended)


def _records(writes: Sequence[Write]) -> Iterator[tuple[Record, bool]]:
    for write in writes:
        if isinstance(write, Put):
            yield Record(write.key, write.value, 1), write.expect == ABSENT


def _of_delivery(delivery: Delivery) -> str:
    if delivery.status is not DeliveryStatus.SCHEDULED:
        return _OF_DELIVERIES.get(delivery.status, "other")
    if not delivery.attempts:
        return "planned"
    # A replay leaves the row of what went wrong; an echo that was sent leaves one of success.
    return "echo" if delivery.attempts[-1].error_class is None else "replay"


__all__ = ["Steps", "steps_of"]
