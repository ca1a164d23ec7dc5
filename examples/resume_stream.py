"""Streams an answer, loses the connection on the way, takes it up again, and misses nothing.

    python examples/resume_stream.py

Serves its own agent on a free port, plays the client with the standard library, and exits with 1
if anything is missing. The run goes on while its caller is away: what it says meanwhile is in its
journal, and `Last-Event-ID` asks for what comes behind the last event that was seen.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from http.client import HTTPResponse
from typing import Any
from urllib.request import Request, urlopen

from agent_host import AgentHost
from agent_host.asgi.server import ServerOptions
from agent_host_rest import RestChannel

SAYING = "slow and steady wins the race as the tortoise said when it passed the sleeping hare"
SEEN_BEFORE_THE_BREAK = 6
TIMEOUT_SECONDS = 10


async def agent(text: str) -> AsyncIterator[str]:
    """Say something, slowly."""
    del text
    for word in SAYING.split():
        yield f"{word} "
        await asyncio.sleep(0.05)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One server-sent event."""

    id: int
    data: dict[str, Any]


def events(response: HTTPResponse) -> Iterator[Event]:
    """The events as they come; lines that begin with a colon are heartbeats."""
    event_id = -1
    for line in response:
        name, _, value = line.decode().rstrip("\n").partition(": ")
        if name == "id":
            event_id = int(value)
        elif name == "data":
            yield Event(id=event_id, data=json.loads(value))


def call(
    url: str, *, body: dict[str, Any] | None = None, last_event_id: int | None = None
) -> HTTPResponse:
    """POST the body, or GET where there is none."""
    content = None if body is None else json.dumps(body).encode()
    request = Request(url, content)  # noqa: S310 - the address is our own
    request.add_header("content-type", "application/json")
    if last_event_id is not None:
        request.add_header("last-event-id", str(last_event_id))
    response: HTTPResponse = urlopen(request, timeout=TIMEOUT_SECONDS)  # noqa: S310 - see above
    return response


def play(url: str) -> bool:
    """Ask, hang up, come back; whether every event was seen once and in order."""
    seen: list[Event] = []
    with call(f"{url}/invocations", body={"input": "Tell me.", "stream": True}) as response:
        run = f"{url}{response.headers['location']}"
        for event in events(response):
            seen.append(event)
            if len(seen) == SEEN_BEFORE_THE_BREAK:
                break
    print(f"hung up after event {seen[-1].id}: {text_of(seen)!r}")

    with call(run) as response:
        print(f"meanwhile the run is {json.load(response)['status']}")

    with call(f"{run}/events", last_event_id=seen[-1].id) as response:
        seen += events(response)
    print(f"back until event {seen[-1].id}: {text_of(seen)!r}")

    with call(run) as response:
        whole = json.load(response)["output_text"]
    missed_nothing = [event.id for event in seen] == [*range(len(seen))]
    missed_nothing = missed_nothing and text_of(seen) == whole and SAYING in whole
    print("nothing is missing" if missed_nothing else "SOMETHING IS MISSING")
    return missed_nothing


def text_of(seen: list[Event]) -> str:
    """What was said."""
    return "".join(one.data["text"] for one in seen if one.data["type"] == "text_delta")


async def main() -> int:
    """Serve, play the client beside it, stop. The exit code."""
    host = AgentHost(agent, channels=[RestChannel()])
    listening = asyncio.get_running_loop().create_future()
    stop = asyncio.Event()
    options = ServerOptions(port=0)
    async with asyncio.TaskGroup() as group:
        group.create_task(host.serve(options, shutdown=stop, on_listening=listening.set_result))
        try:
            return 0 if await asyncio.to_thread(play, await listening) else 1
        finally:
            stop.set()


if __name__ == "__main__":
    raise SystemExit(asyncio.run(main()))
