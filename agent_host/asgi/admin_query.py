"""Parameters of admin routes, each checked: what is unknown, doubled or out of range is refused.

An id of the wrong form names nothing, and reads exactly as one that nothing has.
"""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from starlette.requests import Request

from agent_host.errors import NotFoundError, RequestError
from agent_host.types.delivery import DeliveryStatus
from agent_host.types.identifier import (
    DELIVERY_PREFIX,
    RUN_PREFIX,
    TASK_PREFIX,
    IsolationKey,
    TaskId,
)
from agent_host.types.page import OPERATOR_PAGE_LIMIT
from agent_host.types.pairing import PAIRING_PREFIX
from agent_host.types.principal import ChannelIdentity, Owner
from agent_host.types.run import RunStatus

PAGE: Final = 50

DEFAULT_ACCOUNT: Final = "default"
DEFAULT_TENANT: Final = "default"

_KIND_LIMIT: Final = 200
_KEY_LIMIT: Final = 512
_AGE_LIMIT: Final = timedelta(days=36_500)
_ID: Final = re.compile(r"[a-z]{3}_[0-9A-Za-z_-]{1,128}")
_PLACE: Final = re.compile(r"[0-9A-Za-z_-]{1,160}")
_NUMBER: Final = re.compile(r"[0-9]{1,12}")


class AdminQuery:
    """The query of one request, which may have the parameters `names`, each once.

    Raises:
        RequestError: it has another one, or one twice; from the methods, that one is no good.
    """

    def __init__(self, request: Request, *names: str) -> None:
        found = request.query_params.multi_items()
        self._values: Mapping[str, str] = dict(found)
        unknown = self._values.keys() - set(names)
        if unknown:
            known = f"it takes {', '.join(names)}" if names else "it takes none"
            raise RequestError(f"There is a parameter that this does not know; {known}.")
        if len(found) != len(self._values):
            raise RequestError("A parameter is there twice.")

    def limit(self) -> int:
        """How much a page has."""
        number = self._number("limit")
        if number is None:
            return PAGE
        if not 1 <= number <= OPERATOR_PAGE_LIMIT:
            raise RequestError(f"limit is a number from 1 to {OPERATOR_PAGE_LIMIT}.")
        return number

    def cursor(self, name: str) -> str | None:
        """Where to go on, as an earlier page said."""
        value = self._values.get(name)
        if value is not None and not _PLACE.fullmatch(value):
            raise RequestError(f"{name} is not one that this host gave out.")
        return value

    def status(self) -> RunStatus | None:
        """Only runs of this status."""
        value = self._values.get("status")
        if value is None:
            return None
        try:
            return RunStatus(value)
        except ValueError:
            raise RequestError(f"status is one of {', '.join(RunStatus)}.") from None

    def delivery_status(self) -> DeliveryStatus | None:
        """Only deliveries of this status."""
        return self._delivery_status(tuple(DeliveryStatus))

    def letter_status(self) -> DeliveryStatus | None:
        """Only deliveries of this status, of those that an operator can do something about."""
        return self._delivery_status((DeliveryStatus.DEAD, DeliveryStatus.UNKNOWN))

    def run(self) -> str | None:
        """Only what this run led to; what cannot be a run leads to nothing."""
        return self._values.get("run")

    def channel(self) -> str | None:
        """Only what goes by this channel."""
        return self._name("channel")

    def kind(self) -> str | None:
        """Only tasks of this kind."""
        return self._name("kind")

    def age(self) -> timedelta:
        """Only what was given up at least this long ago."""
        number = self._number("older_than_seconds")
        if number is not None and number > _AGE_LIMIT.total_seconds():
            raise RequestError("older_than_seconds is more than a hundred years.")
        return timedelta(seconds=number or 0)

    def _name(self, name: str) -> str | None:
        value = self._values.get(name)
        if value is not None and not (0 < len(value) <= _KIND_LIMIT and value.isprintable()):
            raise RequestError(
                f"{name} is the name of a {name}, of at most {_KIND_LIMIT} characters."
            )
        return value

    def _delivery_status(self, known: tuple[DeliveryStatus, ...]) -> DeliveryStatus | None:
        value = self._values.get("status")
        if value is None:
            return None
        if value not in known:
            raise RequestError(f"status is one of {', '.join(known)}.")
        return DeliveryStatus(value)

    def tenant(self) -> str:
        """Whose people it is about."""
        return self.text("tenant") or DEFAULT_TENANT

    def person(self) -> Owner:
        """Who is meant.

        Raises:
            NotFoundError: nobody can be called so.
        """
        key = self._named("key", "person")
        return Owner(tenant=self.tenant(), isolation_key=key)

    def identity(self) -> IsolationKey:
        """Which of a person's identities is meant.

        Raises:
            NotFoundError: none can be called so.
        """
        return self._named("identity", "identity of this person")

    def native_identity(self) -> ChannelIdentity | None:
        """An identity by its platform's own id, if that is how somebody is named."""
        channel, native_id = self.text("channel"), self.text("native_id")
        if channel is None and native_id is None:
            return None
        if channel is None or native_id is None or "key" in self._values:
            raise RequestError("Name somebody by key, or by channel and native_id.")
        account = self.text("account") or DEFAULT_ACCOUNT
        return ChannelIdentity(
            channel=channel, account=account, native_id=native_id, tenant=self.tenant()
        )

    def text(self, name: str) -> str | None:
        """A key, an id or a place in a list: of any characters, as an app may have chosen it."""
        value = self._values.get(name)
        if value is not None and not (0 < len(value) <= _KEY_LIMIT and value.isprintable()):
            raise RequestError(f"{name} has 1 to {_KEY_LIMIT} printable characters.")
        return value

    def _named(self, name: str, what: str) -> IsolationKey:
        value = self._values.get(name)
        if value is None:
            raise RequestError(f"Say which {what}: {name} is missing.")
        if not (0 < len(value) <= _KEY_LIMIT and value.isprintable()):
            raise NotFoundError(what)
        return IsolationKey(value)

    def _number(self, name: str) -> int | None:
        value = self._values.get(name)
        if value is None:
            return None
        if not _NUMBER.fullmatch(value):
            raise RequestError(f"{name} is a whole number.")
        return int(value)


def run_id_of(request: Request) -> str:
    """The run that the path names.

    Raises:
        NotFoundError: nothing can be called so.
    """
    return _checked(request, RUN_PREFIX, "run")


def task_id_of(request: Request) -> TaskId:
    """The task that the path names.

    Raises:
        NotFoundError: nothing can be called so.
    """
    return TaskId(_checked(request, TASK_PREFIX, "task"))


def delivery_id_of(request: Request) -> str:
    """The delivery that the path names.

    Raises:
        NotFoundError: nothing can be called so.
    """
    return _checked(request, DELIVERY_PREFIX, "delivery")


def pairing_id_of(request: Request) -> str:
    """The pairing that the path names.

    Raises:
        NotFoundError: nothing can be called so.
    """
    return _checked(request, PAIRING_PREFIX, "pairing")


def _checked(request: Request, prefix: str, what: str) -> str:
    found: str = request.path_params["id"]
    if not found.startswith(prefix) or not _ID.fullmatch(found):
        raise NotFoundError(what)
    return found


__all__ = [
    "DEFAULT_ACCOUNT",
    "DEFAULT_TENANT",
    "PAGE",
    "AdminQuery",
    "delivery_id_of",
    "pairing_id_of",
    "run_id_of",
    "task_id_of",
]
