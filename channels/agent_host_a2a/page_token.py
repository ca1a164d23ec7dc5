"""Where the next page of `ListTasks` begins, as a text that its client hands back. Pure."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import Annotated, Final

from pydantic import Field, TypeAdapter, ValidationError

from agent_host_a2a.fault import invalid

_Count = Annotated[int, Field(ge=0, le=2**62)]
_Id = Annotated[str, Field(min_length=1, max_length=128)]
_TEXT_LIMIT: Final = 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A part of the caller's runs in the order of their ids, which is that of their age: behind the
    place `start`, up to the run `end`.
    """

    start: str
    end: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PageToken:
    """Within `stretch`, behind the task `task_id`, which changed at `changed` microseconds; without
    these it is the stretch from `start` on. `counted` tasks were found in stretches before it.
    """

    counted: int = 0
    start: str | None = None
    stretch: Stretch | None = None
    changed: int = 0
    task_id: str = ""

    def __str__(self) -> str:
        stretch = self.stretch
        if stretch is None:
            fields: tuple[object, ...] = (self.counted, self.start)
        else:
            fields = (self.counted, stretch.start, stretch.end, self.changed, self.task_id)
        return urlsafe_b64encode(_WRITTEN.dump_json(fields)).decode().rstrip("=")


_Within = tuple[_Count, _Id, _Id, _Count, _Id]
_Next = tuple[_Count, _Id]
_READ: Final[TypeAdapter[_Within | _Next]] = TypeAdapter(_Within | _Next)
_WRITTEN: Final = TypeAdapter(tuple[object, ...])


def read_page_token(text: str) -> PageToken:
    """What a text stands for. It may be made up: it leads only to what is the caller's own.

    Raises:
        FaultError: it is none that was given out.
    """
    try:
        raw = urlsafe_b64decode(text[:_TEXT_LIMIT] + "=" * (-len(text) % 4))
        fields = _READ.validate_json(raw)
    except (ValueError, ValidationError):
        raise invalid("pageToken", "is none that this agent gave out") from None
    if len(fields) == 2:  # noqa: PLR2004 - the shorter of the two forms
        return PageToken(counted=fields[0], start=fields[1])
    counted, start, end, changed, task_id = fields
    stretch = Stretch(start=start, end=end)
    return PageToken(counted=counted, stretch=stretch, changed=changed, task_id=task_id)


__all__ = ["PageToken", "Stretch", "read_page_token"]
