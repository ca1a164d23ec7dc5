"""A host where a person leaves something of every kind, and what can be looked through for it."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from agent_host import AgentHost
from agent_host.identity.key import identity_key
from agent_host.linking.code_linker import CodeLinker
from agent_host.linking.option import LinkOptions
from agent_host.stores.disk import DiskStateStore
from agent_host.stores.disk_file import DiskFileStore
from agent_host.types import (
    Caller,
    ChannelIdentity,
    ChannelRequest,
    Conversation,
    FilePart,
    InputRequired,
    Message,
    Owner,
    Question,
    RunEvent,
    RunPolicy,
    TargetCapabilities,
    TargetDescription,
    TextDelta,
    TextPart,
    Turn,
)
from agent_host.types.identity import LinkParty

WORD = "plumtomato"
"""In everything that the person says, and that is said to them."""

ROOM = Conversation(id="room-of-all", kind="group")


class Keeping:
    """Keeps checkpoints, asks, and says what it was told."""

    description = TargetDescription(name="keeping")
    capabilities = TargetCapabilities(checkpoints=True)

    async def run(self, turn: Turn) -> AsyncIterator[RunEvent]:
        if turn.checkpoints is not None:
            await turn.checkpoints.put(f"thread-{turn.text}", {"step": turn.text.encode()})
        if turn.text.startswith("ask") and turn.answer is None:
            yield InputRequired(questions=(Question(prompt=turn.text),))
            return
        yield TextDelta(text=f"you said {turn.text}")


def identity_of(name: str, channel: str = "chat") -> ChannelIdentity:
    return ChannelIdentity(channel=channel, account="bot", native_id=f"native-{name}-{channel}")


def owner_of(name: str, channel: str = "chat") -> Owner:
    return Owner(tenant="default", isolation_key=identity_key(identity_of(name, channel)))


def party_of(name: str, channel: str = "chat") -> LinkParty:
    who = identity_of(name, channel)
    return LinkParty(identity=who, natural_key=identity_key(who))


def caller_of(name: str, channel: str = "chat", conversation: Conversation | None = None) -> Caller:
    return Caller(
        channel=channel,
        account="bot",
        identity=identity_of(name, channel),
        conversation=conversation or Conversation(id=f"private-{name}-{channel}"),
    )


def turn_of(caller: Caller, text: str, **fields: Any) -> ChannelRequest:
    parts = (TextPart(text=text), FilePart(media_type="text/plain", data=text.encode() * 500))
    return ChannelRequest(caller=caller, input=(Message(role="user", parts=parts),), **fields)


@asynccontextmanager
async def kept_in(folder: Path, **options: Any) -> AsyncGenerator[AgentHost]:
    """A host over a folder."""
    host = AgentHost(
        options.pop("target", None) or Keeping(),
        store=options.pop("store", None) or DiskStateStore(folder / "state"),
        files=DiskFileStore(folder / "files"),
        run_policy=RunPolicy(cancel_grace=timedelta(milliseconds=50)),
        linking=LinkOptions(linkers=[CodeLinker()]),
        **options,
    )
    async with host:
        yield host


async def live(host: AgentHost, name: str) -> None:
    """Leave something of every kind, over two channels, in private and in a room."""
    context = host.context
    for channel in ("chat", "mail"):
        caller = caller_of(name, channel)
        said = f"{WORD}-{name}"
        await context.run(turn_of(caller, said, session=f"session-{said}", idempotency_key=said))
        await context.start(turn_of(caller, f"later {said}", session=f"session-{said}"))
        await context.start(turn_of(caller, f"ask {said}"))
        await (await context.records(caller)).put(f"note-{said}", {"note": said})
    await context.run(turn_of(caller_of(name, conversation=ROOM), f"in room {WORD}-{name}"))
    await until_settled(host, name)
    await host.people.registry.link(party_of(name, "mail"), party_of(name, "chat"))
    await (await context.links(caller_of(name))).begin()


async def until_settled(host: AgentHost, name: str) -> None:
    """Return once the person's runs are over or ask something."""
    for channel in ("chat", "mail"):
        runs = await host.context.runs(caller_of(name, channel))
        for run in (await runs.list()).items:
            async for _ in runs.events(run.id):
                pass


def found_in(folder: Path, *words: str) -> dict[str, list[str]]:
    """The words that stand in any file of a folder, by file."""
    found: dict[str, list[str]] = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            content = path.read_bytes()
            hits = [word for word in words if word.encode() in content]
            if hits:
                found[path.relative_to(folder).as_posix()] = hits
    return found
