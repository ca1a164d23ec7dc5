"""`agent-host deliveries` against a real server, and against what one left."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from agent_host.delivery.record import DeliveryRecords, StoredContent, StoredDelivery
from agent_host.stores.disk import DiskStateStore
from agent_host.system import SystemClock
from agent_host.types import (
    ChannelIdentity,
    Delivery,
    DeliveryAttempt,
    DeliveryId,
    DeliveryPolicy,
    DeliveryStatus,
    Destination,
    IsolationKey,
    Owner,
    RunId,
    Write,
)
from tests.cli.operated import SECRET, Operated

RUN = "run_0000"


@pytest.fixture
def operated(tmp_path: Path) -> Operated:
    return Operated(tmp_path)


def leave(folder: Path, *statuses: DeliveryStatus) -> list[DeliveryId]:
    """Leave deliveries in the folder, as a server would; their ids, newest first."""
    now = SystemClock().now()
    policy = DeliveryPolicy()
    ids = [DeliveryId(f"dlv_{number:04d}") for number in range(len(statuses))]

    async def write() -> None:
        async with DiskStateStore(folder) as store:
            records = DeliveryRecords(store, policy)
            writes: list[Write] = []
            for delivery_id, status in zip(ids, statuses, strict=True):
                row = DeliveryAttempt(number=1, begun_at=now, ended_at=now, error_code="blocked")
                delivery = Delivery(
                    id=delivery_id,
                    owner=Owner(tenant="default", isolation_key=IsolationKey("iso_1")),
                    run_id=RunId(RUN),
                    destination=Destination(
                        channel="chat",
                        identity=ChannelIdentity(
                            channel="chat", account="default", native_id=SECRET
                        ),
                    ),
                    status=status,
                    created_at=now,
                    due_at=now + timedelta(hours=1),
                    attempts=() if status is DeliveryStatus.SCHEDULED else (row,),
                    over_at=now,
                )
                writes += records.put(StoredDelivery(delivery=delivery, since=now), expect=0)
                content = StoredContent(version=1, reply={"text": SECRET})
                writes.append(records.put_content(delivery_id, content))
            await store.commit(writes)

    asyncio.run(write())
    return [*ids][::-1]


def test_deliveries_are_shown_whether_a_server_runs_or_not(operated: Operated) -> None:
    ids = leave(operated.state, DeliveryStatus.DEAD, DeliveryStatus.UNKNOWN)
    stopped = operated.json("deliveries", "list")
    table = operated.said("deliveries", "show", ids[0])
    with operated.served():
        assert operated.json("deliveries", "list") == stopped
        of_run = operated.json("deliveries", "list", "--run", RUN, "--all")
        assert [one["id"] for one in of_run] == ids[::-1]
        assert operated.said("deliveries", "show", ids[0]) == table
    assert [one["id"] for one in stopped] == ids
    assert operated.json("deliveries", "list", "--status", "dead")[0]["id"] == ids[1]
    assert operated.json("deliveries", "show", ids[0])["attempts"][0]["error_code"] == "blocked"
    assert "blocked" in table
    assert SECRET not in table + str(stopped)
    assert operated.command("deliveries", "show", "dlv_none").returncode == 1


def test_letters_are_replayed_purged_and_cancelled(operated: Operated) -> None:
    kinds = (DeliveryStatus.DEAD, DeliveryStatus.DEAD, DeliveryStatus.UNKNOWN)
    scheduled, unknown, second, first = leave(operated.state, *kinds, DeliveryStatus.SCHEDULED)
    assert operated.command("deliveries", "replay", first).returncode == 2
    with operated.served():
        assert operated.json("deliveries", "replay", first)["replays"] == 1
        assert operated.said("deliveries", "purge", second) == f"Purged {second}.\n"
        assert operated.json("deliveries", "cancel", scheduled)["status"] == "cancelled"
        assert operated.command("deliveries", "replay", second).returncode == 1
        wrong = operated.command("deliveries", "purge", unknown, "--status", "dead")
        assert wrong.returncode == 2
        assert "go with --all" in wrong.stderr
        said = operated.said("deliveries", "replay", "--all", "--status", "unknown")
        assert said == "Replayed 1 delivery.\n"
        purged = operated.json("deliveries", "purge", "--all", "--channel", "mail")
        assert purged == {"purged": 0}
