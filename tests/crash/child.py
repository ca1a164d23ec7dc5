"""The host that is killed: served over the folder that its earlier lives have left."""

import asyncio
import logging
from dataclasses import dataclass
from datetime import timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final

from pydantic import SecretStr

from agent_host import AgentHost
from agent_host.asgi.server import ServerOptions
from agent_host.authentication.operator_door import OperatorDoor
from agent_host.delivery.option import DeliveryOptions
from agent_host.identity.key import identity_key
from agent_host.outbound.guarded import GuardedOutbound
from agent_host.outbound.policy import OutboundPolicy, to_allowed
from agent_host.runner.store_task_runner import StoreTaskRunner
from agent_host.types import (
    Caller,
    ChannelIdentity,
    DeliveryPolicy,
    OutboundAnswer,
    OutboundRequest,
)
from agent_host.types.identity import LinkParty
from agent_host_webhook import (
    EndpointConfig,
    MappingConfig,
    SubscriberConfig,
    WebhookChannel,
    WebhookConfig,
)
from tests.crash.chat import CHAT, MAIL, PlatformChannel, caller_of, identity_of
from tests.crash.death import Death, Reaper
from tests.crash.fatal_store import FatalStore
from tests.crash.journal import Journal
from tests.crash.platform import SECRET, WEBHOOK
from tests.crash.tally import Phase, Tally
from tests.crash.target import ScriptedTarget

HOOK: Final = "hook"
"""The endpoint that signed events are posted to."""

PEOPLE: Final = ("ann", "ben", "cyd")

_POLICY: Final = DeliveryPolicy(
    first_delay=timedelta(milliseconds=20),
    last_delay=timedelta(milliseconds=100),
    overtake_after=timedelta(milliseconds=200),
    attempt_time_limit=timedelta(seconds=20),
)
_SCHEDULE: Final = 4 * (timedelta(milliseconds=20),)
"""A webhook's own, which begins with five seconds, would be all that there is to wait for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """Where the state is, where the platforms are, and how it ends."""

    number: int
    folder: Path
    platform: str
    rerunnable: bool
    death: Death | None = None


class _FatalOutbound(GuardedOutbound):
    """The guarded client, whose process is killed around a webhook that is sent."""

    def __init__(self, platform: str, reaper: Reaper) -> None:
        super().__init__(OutboundPolicy(allow=frozenset({to_allowed(platform)})))
        self._reaper = reaper

    async def send(self, request: OutboundRequest) -> OutboundAnswer:
        """One request."""
        self._reaper.come("send", "before")
        answer = await super().send(request)
        self._reaper.come("send", "after")
        return answer


class Child:
    """One host, not started yet."""

    def __init__(self, life: Life) -> None:
        reaper = Reaper(life.death)
        self._journal = Journal(life.folder / "journal")
        state = life.folder / "state"
        store = FatalStore(state, reaper=reaper, journal=self._journal)
        self._runner = StoreTaskRunner(store)
        webhook = WebhookChannel(_webhook_config(life.platform))
        if webhook.push is not None:
            webhook.push.schedule = _SCHEDULE
        self.host = AgentHost(
            ScriptedTarget(
                life.number, rerunnable=life.rerunnable, reaper=reaper, journal=self._journal
            ),
            store=store,
            runner=self._runner,
            outbound=_FatalOutbound(life.platform, reaper),
            operator_door=OperatorDoor(state),
            delivery=DeliveryOptions(policy=_POLICY),
            channels=[
                *(
                    PlatformChannel(
                        name,
                        f"{life.platform}/{name}",
                        is_idempotent=name == CHAT,
                        reaper=reaper,
                    )
                    for name in (CHAT, MAIL)
                ),
                webhook,
            ],
        )

    async def introduce(self) -> None:
        """Everybody's mail and chat are one person's."""
        async with self.host:
            for person in PEOPLE:
                parties = [
                    LinkParty(identity=identity, natural_key=identity_key(identity))
                    for identity in (identity_of(MAIL, person), identity_of(CHAT, person))
                ]
                await self.host.people.registry.link(*parties)

    async def settle(self, phase: Phase) -> None:
        """Do what is left, and say what there is then. `replayed`: an operator sends again what
        was given up or is in doubt, until nothing is.
        """
        async with self.host:
            tally = Tally(self.host, self._runner, self._journal)
            await tally.until_quiet()
            while phase == "replayed" and await self.host.deliveries.replay_all():
                await tally.until_quiet()
            await tally.tell_deliveries(phase)
            if phase == "trial":
                for person in PEOPLE:
                    await tally.tell_of(person, caller_of(CHAT, person))
                    await tally.tell_of(person, _hook_caller(person))


def introduce(life: Life, tell: Connection) -> None:
    """Make everybody's identities known."""
    tell.close()
    asyncio.run(Child(life).introduce())


def serve(life: Life, tell: Connection) -> None:
    """Serve until a signal comes, or death; `tell` is sent the URL."""
    _log(life)
    options = ServerOptions(port=0)
    Child(life).host.run(options, on_listening=lambda url: tell.send_bytes(url.encode()))


def settle(life: Life, phase: Phase, tell: Connection) -> None:
    """Come to an end with everything."""
    tell.close()
    _log(life)
    asyncio.run(Child(life).settle(phase))


def _log(life: Life) -> None:
    logging.basicConfig(
        filename=life.folder / "log",
        level=logging.WARNING,
        format=f"{life.number} %(asctime)s %(name)s: %(message)s",
    )


def _hook_caller(person: str) -> Caller:
    identity = ChannelIdentity(channel=WEBHOOK, account=HOOK, native_id=person)
    return Caller(channel=WEBHOOK, account=HOOK, identity=identity)


def _webhook_config(platform: str) -> WebhookConfig:
    secrets = (SecretStr(SECRET),)
    mapping = MappingConfig(text="data.text", identity="data.from", conversation="data.thread")
    return WebhookConfig(
        endpoints=(EndpointConfig(name=HOOK, secrets=secrets, mapping=mapping),),
        subscribers=(SubscriberConfig(name="sink", url=f"{platform}/{WEBHOOK}", secrets=secrets),),
    )


__all__ = ["HOOK", "PEOPLE", "Life", "introduce", "serve", "settle"]
