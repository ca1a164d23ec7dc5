"""The content of a message, text, images, files and sound, into parts. Pure.

`data:` URLs (RFC 2397) and base64 are decoded here, within limits; an `https:` URL is handed to the
target as it is, and nothing is fetched.
"""

import binascii
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final
from urllib.parse import unquote_to_bytes

from agent_host.errors import TooLargeError
from agent_host.types import FilePart, JsonValue, Part, TextPart
from agent_host_openai.problem import invalid, missing, unsupported
from agent_host_openai.schema import ITEMS_LIMIT

_HTTPS: Final = re.compile(r"https://[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?[!-~]{0,4000}")
_DATA_HEAD: Final = re.compile(r"data:([^;,]*)((?:;[^;,]*)*),", re.IGNORECASE)
_DATA_HEAD_LIMIT: Final = 1024
_MEDIA_TYPE: Final = re.compile(
    r"[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,63}/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,63}"
)
_FILE_NAME: Final = re.compile(r"[^\x00-\x1f\x7f/\\]{1,255}")
_NOT_BASE64: Final = "should be base64 (RFC 4648 section 4, padded)"
_DEFAULT_MEDIA_TYPE: Final = "application/octet-stream"
_SOUNDS: Final = {"wav": "audio/wav", "mp3": "audio/mpeg"}
_MEDIA_TYPES: Final = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "gif": "image/gif",
    "webp": "image/webp",
    "pdf": "application/pdf",
    "txt": "text/plain",
    "csv": "text/csv",
    "json": "application/json",
}


class ContentReader:
    """Reads one request's contents; it counts their files."""

    __slots__ = ("_file_limit_bytes", "_files", "_files_limit")

    def __init__(self, *, files_limit: int, file_limit_bytes: int) -> None:
        self._files = 0
        self._files_limit = files_limit
        self._file_limit_bytes = file_limit_bytes

    def read(self, content: JsonValue, param: str) -> tuple[Part, ...]:
        """The parts of a content, which is a text or a list of parts.

        Raises:
            WireError: it is neither, or a part is not as documented, or of a kind nobody takes.
            TooLargeError: a file is too large, or there are too many.
        """
        if isinstance(content, str):
            return (TextPart(text=content),)
        if not isinstance(content, Sequence):
            raise invalid(param, "should be a string or a list of content parts")
        if len(content) > ITEMS_LIMIT:
            raise invalid(param, f"should have at most {ITEMS_LIMIT} parts")
        return tuple(
            self._part(part, f"{param}[{position}]") for position, part in enumerate(content)
        )

    def _part(self, part: JsonValue, param: str) -> Part:
        if not isinstance(part, Mapping):
            raise invalid(param, "should be an object")
        kind = part.get("type")
        if kind in ("input_text", "output_text", "text", "summary_text", "reasoning_text"):
            return TextPart(text=text_member(part, "text", param))
        if kind == "refusal":
            return TextPart(text=text_member(part, "refusal", param))
        read = _FILES.get(kind) if isinstance(kind, str) else None
        if read is None:
            known = "input_text, input_image, input_file, input_audio, output_text, refusal"
            raise invalid(f"{param}.type", f"should be one of {known}")
        self._files += 1
        if self._files > self._files_limit:
            message = f"A request may have at most {self._files_limit} images and files."
            raise TooLargeError(message)
        return read(part, param, self._file_limit_bytes)


def text_member(value: Mapping[str, JsonValue], name: str, param: str) -> str:
    """A member that has to be a string."""
    text = value.get(name)
    if text is None:
        raise missing(f"{param}.{name}")
    if not isinstance(text, str):
        raise invalid(f"{param}.{name}", "should be a string")
    return text


def _image(part: Mapping[str, JsonValue], param: str, limit_bytes: int) -> FilePart:
    url = part.get("image_url")
    if isinstance(url, Mapping):
        url = url.get("url")
    if url is None:
        _refuse_file_id(part, param)
        raise missing(f"{param}.image_url")
    if not isinstance(url, str):
        raise invalid(f"{param}.image_url", "should be a string")
    return _from_url(url, f"{param}.image_url", limit_bytes=limit_bytes, otherwise="image/*")


def _file(part: Mapping[str, JsonValue], param: str, limit_bytes: int) -> FilePart:
    inner = part.get("file")
    if isinstance(inner, Mapping):
        part, param = inner, f"{param}.file"
    name = part.get("filename")
    if name is not None and not (isinstance(name, str) and _FILE_NAME.fullmatch(name)):
        raise invalid(f"{param}.filename", "should be a name without a path, of at most 255")
    data, url = part.get("file_data"), part.get("file_url")
    kind = _by_ending(name or "", _DEFAULT_MEDIA_TYPE)
    if isinstance(url, str):
        return _from_url(
            url, f"{param}.file_url", limit_bytes=limit_bytes, otherwise=kind, name=name
        )
    if not isinstance(data, str):
        _refuse_file_id(part, param)
        raise missing(f"{param}.file_data")
    where = f"{param}.file_data"
    if data[:5].lower() == "data:":
        return _from_url(data, where, limit_bytes=limit_bytes, otherwise=kind, name=name)
    decoded = _decoded(data, where, limit_bytes=limit_bytes)
    return FilePart(media_type=kind, data=decoded, name=name)


def _sound(part: Mapping[str, JsonValue], param: str, limit_bytes: int) -> FilePart:
    sound = part.get("input_audio")
    where = f"{param}.input_audio"
    if not isinstance(sound, Mapping):
        raise missing(where)
    kind = _SOUNDS.get(text_member(sound, "format", where))
    if kind is None:
        raise invalid(f"{where}.format", f"should be one of {', '.join(_SOUNDS)}")
    data = text_member(sound, "data", where)
    return FilePart(media_type=kind, data=_decoded(data, f"{where}.data", limit_bytes=limit_bytes))


_FILES: Final[dict[str, Callable[[Mapping[str, JsonValue], str, int], FilePart]]] = {
    "input_image": _image,
    "image_url": _image,
    "input_file": _file,
    "file": _file,
    "input_audio": _sound,
}


def _refuse_file_id(part: Mapping[str, JsonValue], param: str) -> None:
    if part.get("file_id") is not None:
        raise unsupported(f"{param}.file_id", "send the file itself, or its URL")


def _from_url(
    url: str, param: str, *, limit_bytes: int, otherwise: str, name: str | None = None
) -> FilePart:
    if url[:5].lower() != "data:":
        if not _HTTPS.fullmatch(url):
            raise invalid(param, "should be an https: or a data: URL")
        path = url.partition("?")[0].partition("#")[0]
        return FilePart(media_type=_by_ending(path, otherwise), uri=url, name=name)
    head = _DATA_HEAD.match(url, 0, _DATA_HEAD_LIMIT)
    if head is None:
        raise invalid(param, "is a data: URL without a comma")
    kind = head[1]
    if kind and not _MEDIA_TYPE.fullmatch(kind):
        raise invalid(param, "is a data: URL whose media type is none")
    payload = url[head.end() :]
    if head[2].lower().endswith(";base64"):
        data = _decoded(payload, param, limit_bytes=limit_bytes)
    else:
        data = unquote_to_bytes(payload.encode("utf-8", "replace"))
        if len(data) > limit_bytes:
            raise _too_large(limit_bytes)
    return FilePart(media_type=kind or otherwise.replace("*", "jpeg"), data=data, name=name)


def _by_ending(name: str, otherwise: str) -> str:
    return _MEDIA_TYPES.get(name.rpartition(".")[2].lower(), otherwise)


def _decoded(text: str, param: str, *, limit_bytes: int) -> bytes:
    if len(text) // 4 * 3 - 2 > limit_bytes:
        raise _too_large(limit_bytes)
    if len(text) % 4:
        raise invalid(param, _NOT_BASE64)
    try:
        data = binascii.a2b_base64(text.encode("ascii"), strict_mode=True)
    except (UnicodeEncodeError, binascii.Error):
        raise invalid(param, _NOT_BASE64) from None
    if len(data) > limit_bytes:
        raise _too_large(limit_bytes)
    return data


def _too_large(limit_bytes: int) -> TooLargeError:
    return TooLargeError(f"A file may have at most {limit_bytes} bytes.")


__all__ = ["ContentReader", "text_member"]
