"""One life of a host that delivers, until SIGKILL; it goes on with what earlier lives left.

`python -m tests.delivery.victim WHAT FOLDER STEP SIDE NUMBER`, where the step is one of `steps_of`;
WHAT is `answers`, or `messages` that no run made.

`FOLDER/log` has a line for each thing that an outsider would notice: what was asked and accepted,
and what each platform got. Lines are whole, since each is one small write in append mode.
"""

import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal

from agent_host import AgentHost
from agent_host.delivery.option import DeliveryOptions
from agent_host.delivery.outbox import DUE
from agent_host.delivery.record import DELIVERIES, read_delivery
from agent_host.errors import PushError, PushErrorClass
from agent_host.runner.begun_task import BEGUN
from agent_host.stores.disk import DiskStateStore
from agent_host.system import SystemClock
from agent_host.testing.deadly_store import die
from agent_host.testing.identity_registry import MemoryIdentityRegistry
from agent_host.testing.push_channel import PlatformDouble, PushChannelDouble
from agent_host.testing.store_double import SeverableStore
from agent_host.types import (
    Caller,
    ChannelRequest,
    Delete,
    DeliveryStatus,
    Lease,
    Message,
    Push,
    Put,
    Record,
    ResponseTarget,
    Write,
)
from tests.delivery.hosting import CHAT, MAIL, QUICK, owner_of, shout
from tests.host.harness import acting_as

KINDS: Final = ("plain", "flaky", "bad", "doubt")
OPEN: Final = (DeliveryStatus.SCHEDULED, DeliveryStatus.ATTEMPTING, DeliveryStatus.FAILED)


class FatalStore(SeverableStore):
    """Kills its process right before or right after the first commit that makes the step."""

    def __init__(self, store: DiskStateStore, step: str, side: str) -> None:
        super().__init__(store)
        self._step = step
        self._side = side

    async def commit(
        self, writes: Sequence[Write], *, fence: Lease | None = None
    ) -> tuple[int, ...]:
        is_it = self._step in steps_of(writes)
        if is_it and self._side == "before":
            die()
        done = await super().commit(writes, fence=fence)
        if is_it:
            die()
        return done


def steps_of(writes: Sequence[Write]) -> set[str]:
    """What happens to deliveries in one commit."""
    steps: set[str] = set()
    for write in writes:
        if isinstance(write, Delete) and write.key.collection == DUE:
            steps.add("handed_on")
        if isinstance(write, Put) and write.key.collection == BEGUN:
            steps.add("begun")
        if not isinstance(write, Put) or write.key.collection != DELIVERIES:
            continue
        delivery = read_delivery(Record(write.key, write.value, 1)).stored.delivery
        if delivery.status is not DeliveryStatus.SCHEDULED:
            steps.add(delivery.status.value)
        elif delivery.replays:
            steps.add("replayed")
        else:
            steps.add("echoed" if delivery.attempts else "planned")
    return steps


class Log:
    """What outsiders notice."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "log"

    def note(self, *words: str) -> None:
        with self._path.open("ab") as file:
            file.write(f"{' '.join(words)}\n".encode())


class LoggedPlatform(PlatformDouble):
    """Fails by the first word of what it is sent; `bad` and `doubt` are mail's alone."""

    def __init__(self, name: Literal["chat", "mail"], log: Log, step: str, side: str) -> None:
        super().__init__(is_idempotent=name == "chat")
        self._name = name
        self._log = log
        self._dies = {"before": step == "sending", "after": step == "sent"}[side]
        self._is_sent_first = step == "sent"
        self.always = self._act

    async def _act(self, push: Push) -> None:
        result = push.result.result
        kind = (result.messages[0].text if result else "").lower().partition("-")[0]
        if self._dies and not self._is_sent_first:
            die()
        is_first = self.called[push.delivery_id] == 1
        if kind == "flaky" and is_first:
            raise PushError(PushErrorClass.TRANSIENT, "busy")
        if kind == "bad" and self._name == "mail":
            raise PushError(PushErrorClass.PERMANENT, "blocked")
        what = "echo" if push.is_echo else "reply"
        self._log.note("took", self._name, push.delivery_id.removesuffix("_echo"), what)
        if self._dies:
            die()
        if kind == "doubt" and self._name == "mail":
            raise PushError(PushErrorClass.UNKNOWN_AFTER_SEND, "no_answer")


async def live(what: str, folder: Path, step: str, side: str, number: str) -> None:
    """Go on, ask a few things, wait until nothing is left to do."""
    alice = await owner_of("alice")
    registry = MemoryIdentityRegistry()
    now = SystemClock().now()
    registry.link(alice, CHAT, seen_at=now)
    registry.link(alice, MAIL, seen_at=now)
    log = Log(folder)
    disk = DiskStateStore(folder / "state")
    host = AgentHost(
        shout,
        store=FatalStore(disk, step, side),
        channels=[
            PushChannelDouble("chat", LoggedPlatform("chat", log, step, side)),
            PushChannelDouble("mail", LoggedPlatform("mail", log, step, side)),
        ],
        delivery=DeliveryOptions(registry=registry, policy=QUICK),
    )
    async with disk, host:
        with acting_as("alice"):
            if step == "replayed":
                await host.deliveries.replay_all()
            for kind in KINDS:
                await {"answers": ask, "messages": deliver}[what](host, f"{kind}-{number}", log)
                if what == "messages":  # none is begun at once while others wait
                    await until_quiet(host)
            await until_quiet(host)
            await tell(host, log)
    log.note("done")


async def ask(host: AgentHost, text: str, log: Log) -> None:
    """Have it answered wherever Alice is."""
    asked = await host.context.run(
        ChannelRequest(
            caller=Caller(channel="test"),
            input=(Message.user(text),),
            response_target=ResponseTarget(kind="all_linked", echo_input=True),
        )
    )
    log.note("accepted", asked.run.id)


async def deliver(host: AgentHost, text: str, log: Log) -> None:
    """Send it to both of her places, twice to each: the second has to wait for the first."""
    for place in (CHAT, MAIL, CHAT, MAIL):
        (delivery,) = await host.deliver(text, to=place)
        log.note("accepted", delivery.id)


async def until_quiet(host: AgentHost) -> None:
    """Return once no run and no delivery has anything left to do."""
    clock = SystemClock()
    while host.context.busy or any(
        [(await host.deliveries.list(status=status, limit=1)).items for status in OPEN]
    ):
        await clock.sleep(0.01)


async def tell(host: AgentHost, log: Log) -> None:
    """Every delivery as it is now."""
    cursor = None
    while True:
        page = await host.deliveries.list(limit=200, cursor=cursor)
        for one in page.items:
            where = one.destination.channel
            log.note("is", one.id, str(one.run_id), where, one.status.value, str(one.replays))
        cursor = page.next_cursor
        if cursor is None:
            return


def main() -> None:
    """Live."""
    what, folder, step, side, number = sys.argv[1:]
    os.chdir(folder)
    asyncio.run(live(what, Path(folder), step, side, number))


if __name__ == "__main__":
    main()
