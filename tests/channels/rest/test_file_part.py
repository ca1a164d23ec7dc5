"""Files inside a message: base64, `data:` URIs and their limits."""

from base64 import b64encode
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_host.errors import InvalidInputError, TooLargeError
from agent_host.types import FilePart
from agent_host_rest import schema
from agent_host_rest.file_part import to_file_part, to_uploaded_file

PATH = ("input", "parts", 0)


def read(*, limit_bytes: int = 1000, **members: str) -> FilePart:
    part = schema.FilePart.model_validate({"type": "file", **members})
    return to_file_part(part, limit_bytes=limit_bytes, path=PATH)


@given(st.binary(max_size=200))
def test_any_bytes_come_through_base64(data: bytes) -> None:
    sent = b64encode(data).decode()
    assert read(data=sent).data == data
    assert read(uri=f"data:;base64,{sent}").data == data


@given(st.binary(max_size=200))
def test_any_bytes_come_through_percent_encoding(data: bytes) -> None:
    assert read(uri=f"data:text/x,{quote(data)}").data == data


def test_a_data_uri_brings_its_media_type() -> None:
    assert read(uri="data:image/png;base64,AAAA").media_type == "image/png"
    assert read(uri="data:,x").media_type == "text/plain"
    assert read(uri="data:text/html;charset=utf-8,x", media_type="text/x").media_type == "text/x"
    assert read(data="AAAA").media_type == "application/octet-stream"


def test_an_https_uri_is_handed_on_unread() -> None:
    part = read(uri="https://example.com:8443/a.png?b=c", name="a.png")
    assert (part.uri, part.data, part.name) == ("https://example.com:8443/a.png?b=c", None, "a.png")


@pytest.mark.parametrize(
    "uri",
    [
        "http://example.com/a",
        "https://user:secret@example.com/",
        "https://exa mple.com/",
        "https://",
        "https:///a",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "https://example.com/\n",
        "ftp://example.com",
        "",
    ],
)
def test_other_uris_are_refused(uri: str) -> None:
    with pytest.raises(InvalidInputError, match=r"input\.parts\.0\.uri"):
        read(uri=uri)


@pytest.mark.parametrize(
    "data", ["A", "AAA", "AA=A", "A-__", "AAAA\n", " AAAA", "é", "AAAA=", "===="]
)
def test_what_is_not_base64_is_refused(data: str) -> None:
    with pytest.raises(InvalidInputError, match=r"input\.parts\.0\.data: is not base64"):
        read(data=data)


@pytest.mark.parametrize(
    "uri", ["data:", "data:x/y", "data:nonsense,x", "data:,a b", "data:,é", "data:;base64,A"]
)
def test_a_broken_data_uri_is_refused(uri: str) -> None:
    with pytest.raises(InvalidInputError, match=r"input\.parts\.0\.uri"):
        read(uri=uri)


def test_exactly_one_source() -> None:
    with pytest.raises(InvalidInputError, match="exactly one of data and uri"):
        read()
    with pytest.raises(InvalidInputError, match="exactly one of data and uri"):
        read(data="AAAA", uri="https://example.com/")


def test_the_limit_counts_decoded_bytes() -> None:
    whole, over = b64encode(b"x" * 10).decode(), b64encode(b"x" * 11).decode()
    assert read(data=whole, limit_bytes=10).data == b"x" * 10
    for members in (
        {"data": over},
        {"data": b64encode(b"x" * 100).decode()},
        {"uri": f"data:;base64,{over}"},
        {"uri": "data:," + "x" * 11},
    ):
        with pytest.raises(TooLargeError, match="at most 10 bytes"):
            read(limit_bytes=10, **members)


def test_an_upload_keeps_its_name_and_type() -> None:
    part = to_uploaded_file(
        b"x", media_type="text/plain; charset=utf-8", name="a b.txt", limit_bytes=1, path=("f",)
    )
    assert part == FilePart(media_type="text/plain", data=b"x", name="a b.txt")
    bare = to_uploaded_file(b"", media_type=None, name="", limit_bytes=1, path=("f",))
    assert bare == FilePart(media_type="application/octet-stream", data=b"", name=None)


@pytest.mark.parametrize("name", ["../x", "a/b", "a\\b", "a\x00b", "x" * 256, "a\r\n"])
def test_a_name_that_is_a_path_is_refused(name: str) -> None:
    with pytest.raises(InvalidInputError, match="file name"):
        to_uploaded_file(b"", media_type=None, name=name, limit_bytes=1, path=("f",))


def test_an_upload_is_held_to_the_limit_and_the_form() -> None:
    with pytest.raises(TooLargeError, match="at most 1 bytes"):
        to_uploaded_file(b"xx", media_type=None, name=None, limit_bytes=1, path=("f",))
    with pytest.raises(InvalidInputError, match="Content-Type"):
        to_uploaded_file(b"", media_type="nonsense", name=None, limit_bytes=1, path=("f",))
