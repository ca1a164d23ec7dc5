"""What the journal of a trial says, sorted by whom and what it is about."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from tests.crash.chat import CHAT, MAIL
from tests.crash.platform import WEBHOOK

_DESTINATIONS: Final[Mapping[str, Sequence[str]]] = {
    CHAT: (CHAT, MAIL, WEBHOOK),
    MAIL: (CHAT, MAIL, WEBHOOK),
    WEBHOOK: (WEBHOOK,),
}
"""Where the answers of a channel's events go."""


class Event(NamedTuple):
    """An event that was acknowledged."""

    channel: str
    person: str
    text: str


class StoredRun(NamedTuple):
    """A run, as the host has it in the end."""

    id: str
    status: str
    beginnings: int
    channel: str
    person: str

    @property
    def destinations(self) -> Sequence[str]:
        """The channels that its answer goes to."""
        return _DESTINATIONS[self.channel]


class Start(NamedTuple):
    """A target that began, or was done. `at` is its line in the journal."""

    at: int
    run: str
    text: str
    life: int


class Message(NamedTuple):
    """An echo or a reply that a platform has taken."""

    at: int
    channel: str
    delivery: str
    run: str
    what: str


class StoredDelivery(NamedTuple):
    """A delivery, as the host has it. `doubts` counts the attempts of which it knew no outcome."""

    id: str
    run: str
    channel: str
    status: str
    replays: int
    doubts: int


class Evidence:
    """Read from the lines of a journal."""

    def __init__(self, lines: Sequence[Sequence[str]]) -> None:
        self.events: set[Event] = set()
        self.began: list[Start] = []
        self.ended: list[Start] = []
        self.recorded: dict[str, int] = {}
        self.took: list[Message] = []
        self.runs: dict[str, StoredRun] = {}
        self.said: Counter[tuple[str, str]] = Counter()
        self.deliveries: dict[str, list[StoredDelivery]] = defaultdict(list)
        self.torn = 0
        for at, line in enumerate(lines):
            self._read(at, line)

    def _read(self, at: int, line: Sequence[str]) -> None:
        match line:
            case ["acknowledged", channel, person, text]:
                self.events.add(Event(channel, person, text))
            case ["began", run, text, life]:
                self.began.append(Start(at, run, text, int(life)))
            case ["ended", run, text, life]:
                self.ended.append(Start(at, run, text, int(life)))
            case ["recorded", run]:
                self.recorded.setdefault(run, at)
            case ["took", channel, delivery, run, what]:
                self.took.append(Message(at, channel, delivery, run, what))
            case ["run", run, status, attempt, channel, person]:
                self.runs[run] = StoredRun(run, status, int(attempt), channel, person)
            case ["said", role, text]:
                self.said[role, text] += 1
            case ["is", phase, delivery, run, channel, status, replays, doubts]:
                self.deliveries[phase].append(
                    StoredDelivery(delivery, run, channel, status, int(replays), int(doubts))
                )
            case ["torn"]:
                self.torn += 1
            case _:
                raise ValueError(" ".join(line))


__all__ = ["Event", "Evidence", "Message", "Start", "StoredDelivery", "StoredRun"]
