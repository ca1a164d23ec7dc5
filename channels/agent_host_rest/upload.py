"""Reads what a request carries: a JSON body, or a multipart form of one field `request` with the
JSON body, and files.

Starlette's form parser reads forms (it spools what is large to disk and closes it whatever
happens); the limits are the configuration's.
"""

from importlib.util import find_spec
from typing import Final, NamedTuple

from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import Request

from agent_host.errors import MissingExtraError, RequestError, TooLargeError
from agent_host.types import FilePart
from agent_host_rest.config import RestConfig
from agent_host_rest.file_part import to_uploaded_file
from agent_host_rest.validation import invalid, unknown_field

REQUEST_FIELD: Final = "request"

_FIELDS_LIMIT: Final = 8
_PARSER_INSTALLED: Final = find_spec("python_multipart") is not None
_TOO_MUCH: Final = ("Too many", "Part exceeded")
"""How the parser's complaints begin that are about a limit."""


class Upload(NamedTuple):
    """A body and the files that came beside it, in order."""

    body: bytes
    files: tuple[FilePart, ...]


async def read_upload(request: Request, *, config: RestConfig) -> Upload:
    """Read the whole of a multipart request.

    Raises:
        MissingExtraError: the parser is not installed.
        RequestError: it is not well-formed multipart.
        InvalidInputError: a field is unknown, or `request` is not there once.
        TooLargeError: a limit is passed.
    """
    if not _PARSER_INSTALLED:
        raise MissingExtraError("rest", "Taking uploaded files over REST")
    try:
        async with request.form(
            max_files=config.files_limit + 1,
            max_fields=_FIELDS_LIMIT,
            max_part_size=config.body_limit_bytes,
        ) as form:
            return await _taken(form, config)
    except (MultiPartException, HTTPException) as error:
        text = error.message if isinstance(error, MultiPartException) else error.detail
        kind = TooLargeError if text.startswith(_TOO_MUCH) else RequestError
        raise kind(f"The upload cannot be read. {text}") from None


async def _taken(form: FormData, config: RestConfig) -> Upload:
    bodies: list[bytes] = []
    files: list[FilePart] = []
    for name, value in form.multi_items():
        if name == REQUEST_FIELD:
            bodies.append(value.encode() if isinstance(value, str) else await value.read())
        elif isinstance(value, UploadFile):
            data = await value.read(config.file_limit_bytes + 1)
            files.append(
                to_uploaded_file(
                    data,
                    media_type=value.content_type,
                    name=value.filename,
                    limit_bytes=config.file_limit_bytes,
                    path=(name,),
                )
            )
        else:
            raise invalid(((name,), unknown_field(name, [REQUEST_FIELD])))
    if len(bodies) != 1:
        raise invalid(((REQUEST_FIELD,), "should be there once, with the JSON body"))
    return Upload(body=bodies[0], files=tuple(files))


__all__ = ["REQUEST_FIELD", "Upload", "read_upload"]
