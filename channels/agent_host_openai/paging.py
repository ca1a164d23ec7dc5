"""A page of a list of items. Pure."""

from collections.abc import Sequence

from agent_host.errors import NotFoundError
from agent_host_openai.header import Page
from agent_host_openai.outbound import list_fields
from agent_host_openai.question import Fields


def page_of(items: Sequence[Fields], page: Page) -> Fields:
    """The page that is asked for, of items that come oldest first.

    Raises:
        NotFoundError: `after` names none of them.
    """
    ordered = list(reversed(items)) if page.newest_first else list(items)
    start = 0
    if page.after is not None:
        start = 1 + next(
            (place for place, item in enumerate(ordered) if item["id"] == page.after), -1
        )
        if start == 0:
            raise NotFoundError("item")
    end = start + page.limit
    return list_fields(ordered[start:end], has_more=end < len(ordered))


__all__ = ["page_of"]
