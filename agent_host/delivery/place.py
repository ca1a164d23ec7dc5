"""Where a delivery goes, as keys: its id, its lane, its account. Length-prefixed and hashed, so
that no two places share one and nothing that people or platforms wrote becomes a key.
"""

from functools import lru_cache
from hashlib import blake2b
from typing import Final

from agent_host.types.delivery import Destination
from agent_host.types.identifier import DELIVERY_PREFIX, RUN_PREFIX, DeliveryId, RunId

_DIGEST_BYTES: Final = 16
_AGE_DIGITS: Final = 12
_ECHO: Final = "_echo"
_PLACES: Final = 4096
"""Each delivery asks several times for the same keys."""


def delivery_id_of(origin: str, destination: Destination) -> DeliveryId:
    """The id of what `origin`, a run's id or one like it, sends there: the same each time. It
    sorts by the origin's age, and is as hard to guess.
    """
    age = origin.removeprefix(RUN_PREFIX).removeprefix(DELIVERY_PREFIX)[:_AGE_DIGITS]
    return DeliveryId(f"{DELIVERY_PREFIX}{age}{digest_of('id', origin, *_steps(destination))}")


def echo_id_of(delivery_id: DeliveryId) -> DeliveryId:
    """The id under which the echo goes before the reply."""
    return DeliveryId(delivery_id + _ECHO)


def lane_of(destination: Destination) -> str:
    """The line in which messages to this place go one after the other."""
    return _lane(_steps(destination))


@lru_cache(maxsize=_PLACES)
def _lane(steps: tuple[str | None, ...]) -> str:
    return "dlv." + digest_of("lane", *steps)


def account_of(destination: Destination) -> str:
    """The channel's account that sends there."""
    return _account(destination.channel, destination.account)


@lru_cache(maxsize=_PLACES)
def _account(channel: str, account: str) -> str:
    return digest_of("account", channel, account)


def message_run_id_of(delivery_id: DeliveryId) -> RunId:
    """What stands for the run in a message that no run made."""
    return RunId(RUN_PREFIX + delivery_id.removeprefix(DELIVERY_PREFIX))


def digest_of(*steps: str | None) -> str:
    """Thirty-two hex digits of the steps."""
    # What is ASCII, as nearly all is, is as long in bytes.
    text = "".join(
        [
            "0:0:" if step is None else f"1:{len(step) if step.isascii() else _size(step)}:{step}"
            for step in steps
        ]
    ).encode("utf-8", "surrogatepass")
    return blake2b(text, digest_size=_DIGEST_BYTES, person=b"delivery").hexdigest()


def _size(step: str) -> int:
    return len(step.encode("utf-8", "surrogatepass"))


def _steps(destination: Destination) -> tuple[str | None, ...]:
    """A conversation is one place, whoever it was found by."""
    conversation, identity = destination.conversation, destination.identity
    where: tuple[str | None, ...] = ("account",)
    if conversation is not None:
        where = ("conversation", conversation.id, conversation.thread_id)
    elif identity is not None:
        where = ("identity", identity.tenant, identity.native_id)
    return destination.channel, destination.account, *where


__all__ = [
    "account_of",
    "delivery_id_of",
    "digest_of",
    "echo_id_of",
    "lane_of",
    "message_run_id_of",
]
