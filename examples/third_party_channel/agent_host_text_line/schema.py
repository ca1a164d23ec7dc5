"""The wire: one message of a text gateway. Version 1 of a protocol that this example made up.

A message is UTF-8: three header lines, an empty line, the text.
"""

from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, StringConstraints

SIGNATURE_HEADER: Final = "x-text-line-signature"
MEDIA_TYPE: Final = "text/plain"
DELTA: Final = "+"
END: Final = "."
ERROR: Final = "!"

Identifier = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


class TextLine(BaseModel):
    """`id` is the message's, `sender` the person's and `thread` the conversation's."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    id: Identifier
    sender: Identifier
    thread: Identifier
    text: Annotated[str, StringConstraints(min_length=1)]


__all__ = ["Identifier", "TextLine"]
