"""The API's description and its page, made when somebody first asks for them.

What makes them is imported then too: a host that is only called should not wait for it to start.
"""

from functools import cached_property
from typing import TYPE_CHECKING

from agent_host.protocols.host_context import HostContext
from agent_host_rest.config import RestConfig

if TYPE_CHECKING:
    from agent_host_rest.docs_page import DocsPage
    from agent_host_rest.openapi import OpenApiDocument


class Documents:
    """One per mounted channel."""

    def __init__(self, context: HostContext, config: RestConfig) -> None:
        self._context = context
        self._config = config

    @cached_property
    def openapi(self) -> "OpenApiDocument":
        """The OpenAPI document."""
        from agent_host_rest.openapi import OpenApiDocument  # noqa: PLC0415 - see the top

        return OpenApiDocument(self._context, self._config)

    @cached_property
    def page(self) -> "DocsPage":
        """The page for people."""
        from agent_host_rest.docs_page import DocsPage  # noqa: PLC0415 - see the top

        return DocsPage(self.openapi)


__all__ = ["Documents"]
