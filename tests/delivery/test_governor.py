"""The governor's own record, when nobody can read it."""

from datetime import timedelta

from agent_host.delivery.governor import COLLECTION, Governor
from agent_host.delivery.place import account_of
from agent_host.delivery.record import WHOLE
from agent_host.stores.memory import MemoryStateStore
from agent_host.testing.manual_clock import ManualClock
from agent_host.types import Destination, IsolationKey, Key, Owner, PushRate, Put
from tests.delivery.hosting import CHAT


async def test_a_rate_that_cannot_be_read_is_set_aside_and_begins_anew() -> None:
    destination = Destination(channel="chat", identity=CHAT)
    key = Key(COLLECTION, WHOLE, account_of(destination))
    rate = PushRate(per_account=1, per_conversation=1, period=timedelta(seconds=1))
    owner = Owner(tenant="default", isolation_key=IsolationKey("iso_alice"))
    async with MemoryStateStore() as store:
        await store.commit([Put(key, b"\x80")])
        governor = Governor(store, ManualClock())
        first = await governor.take(destination, owner, rate, turn=None)
        second = await governor.take(destination, owner, rate, turn=None)
    assert first.wait <= timedelta()
    assert second.wait > timedelta(), "it counts again"
