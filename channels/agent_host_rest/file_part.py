"""The bytes of a file on the wire: base64, `data:` URIs (RFC 2397) and their limits. Pure."""

import binascii
import re
from typing import Final
from urllib.parse import unquote_to_bytes

from agent_host.errors import TooLargeError
from agent_host.types import FilePart
from agent_host_rest import schema
from agent_host_rest.validation import Path, invalid

DEFAULT_MEDIA_TYPE: Final = "application/octet-stream"

_HTTPS: Final = re.compile(schema.HTTPS_PATTERN)
_DATA_HEAD: Final = re.compile(r"data:([^;,]*)((?:;[^;,]*)*),", re.IGNORECASE)
_NOT_BASE64: Final = "is not base64 (RFC 4648 section 4, padded)"
_DATA_URI_HEAD_LIMIT: Final = 1024
_URL_SAFE: Final = re.compile(r"[A-Za-z0-9!$&'()*+,./:;=?@_~%-]*\Z")
_MEDIA_TYPE: Final = re.compile(schema.MEDIA_TYPE_PATTERN)
_FILE_NAME: Final = re.compile(schema.FILE_NAME_PATTERN)


def to_file_part(part: schema.FilePart, *, limit_bytes: int, path: Path) -> FilePart:
    """The file a caller sent inside its message.

    Raises:
        InvalidInputError: neither or both of data and uri; bad base64; a URI of another kind.
        TooLargeError: it has more than `limit_bytes` once decoded.
    """
    if (part.data is None) == (part.uri is None):
        raise invalid((path, "needs exactly one of data and uri"))
    if part.data is not None:
        return FilePart(
            media_type=part.media_type or DEFAULT_MEDIA_TYPE,
            data=_decoded(part.data, limit_bytes=limit_bytes, path=(*path, "data")),
            name=part.name,
        )
    uri = part.uri or ""
    if uri[:5].lower() == "data:":
        media_type, data = _from_data_uri(uri, limit_bytes=limit_bytes, path=(*path, "uri"))
        return FilePart(media_type=part.media_type or media_type, data=data, name=part.name)
    if not _HTTPS.fullmatch(uri):
        raise invalid(((*path, "uri"), "should be an https: or a data: URI"))
    return FilePart(media_type=part.media_type or DEFAULT_MEDIA_TYPE, uri=uri, name=part.name)


def to_uploaded_file(
    data: bytes, *, media_type: str | None, name: str | None, limit_bytes: int, path: Path
) -> FilePart:
    """The file a caller uploaded beside its request.

    Raises:
        InvalidInputError: the name or media type is none.
        TooLargeError: it has more than `limit_bytes`.
    """
    if len(data) > limit_bytes:
        raise _too_large(limit_bytes)
    if media_type is not None:
        media_type = media_type.partition(";")[0].strip()
        if not _MEDIA_TYPE.fullmatch(media_type):
            raise invalid((path, "has a Content-Type that is none"))
    if name and not _FILE_NAME.fullmatch(name):
        raise invalid((path, "has a file name with a path or control characters, or over 255"))
    return FilePart(media_type=media_type or DEFAULT_MEDIA_TYPE, data=data, name=name or None)


def _from_data_uri(uri: str, *, limit_bytes: int, path: Path) -> tuple[str, bytes]:
    head = _DATA_HEAD.match(uri, 0, _DATA_URI_HEAD_LIMIT)
    if head is None:
        raise invalid((path, "is a data: URI without a comma"))
    media_type, parameters = head[1], head[2]
    if media_type and not _MEDIA_TYPE.fullmatch(media_type):
        raise invalid((path, "is a data: URI whose media type is none"))
    payload = uri[head.end() :]
    if parameters.lower().endswith(";base64"):
        data = _decoded(payload, limit_bytes=limit_bytes, path=path)
    else:
        if not _URL_SAFE.match(payload):
            raise invalid((path, "is a data: URI with characters that need percent-encoding"))
        data = unquote_to_bytes(payload)
        if len(data) > limit_bytes:
            raise _too_large(limit_bytes)
    return media_type or "text/plain", data


def _decoded(text: str, *, limit_bytes: int, path: Path) -> bytes:
    if len(text) // 4 * 3 - 2 > limit_bytes:
        raise _too_large(limit_bytes)
    if len(text) % 4:
        raise invalid((path, _NOT_BASE64))
    try:
        data = binascii.a2b_base64(text.encode("ascii"), strict_mode=True)
    except (UnicodeEncodeError, binascii.Error):
        raise invalid((path, _NOT_BASE64)) from None
    if len(data) > limit_bytes:
        raise _too_large(limit_bytes)
    return data


def _too_large(limit_bytes: int) -> TooLargeError:
    return TooLargeError(f"A file may have at most {limit_bytes} bytes.")


__all__ = ["DEFAULT_MEDIA_TYPE", "to_file_part", "to_uploaded_file"]
