"""Erasure of what was on its way: events, deliveries and follows of a person."""

from pathlib import Path

from agent_host.errors import PushError, PushErrorClass
from agent_host.testing.push_channel import PlatformDouble, PushChannelDouble
from agent_host.types import DeliveryStatus
from tests.host.life import WORD, caller_of, found_in, kept_in, owner_of, turn_of


async def test_what_was_on_its_way_is_erased_too(tmp_path: Path) -> None:
    platform = PlatformDouble()
    blocked = PushError(PushErrorClass.PERMANENT, "blocked")
    platform.will_raise(blocked, blocked)
    async with kept_in(tmp_path, channels=[PushChannelDouble("chat", platform)]) as host:
        for name in ("alice", "bob"):
            caller = caller_of(name)
            await host.context.accept(f"event of {name}", turn_of(caller, f"{WORD}-{name}"))
        await platform.until(lambda: platform.called.total() == 2)
        while {one.status for one in (await host.deliveries.list()).items} != {DeliveryStatus.DEAD}:
            await host.context.runs(caller_of("alice"))  # lets the host work
        (run,) = (await (await host.context.runs(caller_of("alice"))).list()).items
        follows = await host.context.follows(caller_of("alice"))
        await follows.put(run.id, f"for {WORD}-alice", {"url": "x"}, from_start=True)

        receipt = await host.people_operator.forget(owner_of("alice"))
        assert receipt.erased["delivery"] == receipt.erased["delivery_content"] == 1
        assert receipt.erased["delivery_letter"] == receipt.erased["delivery_of_run"] == 1
        assert receipt.erased["follow"] == 1
        assert found_in(tmp_path, f"{WORD}-alice", "native-alice", "private-alice") == {}

        (left,) = (await host.deliveries.list()).items
        assert left.owner == owner_of("bob")
    assert found_in(tmp_path, f"{WORD}-bob") != {}
    assert found_in(tmp_path, f"{WORD}-alice", "native-alice", "private-alice") == {}
