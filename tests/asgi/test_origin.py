"""Origins: which page is ours, which is listed, and which is somebody else's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_host.asgi.authority import parse_authority
from agent_host.asgi.origin import OriginList, is_same_origin, parse_origin
from agent_host.errors import ConfigurationError


def is_ours(origin: str, *, scheme: str, host: str) -> bool:
    read, authority = parse_origin(origin), parse_authority(host)
    assert authority is not None
    return read is not None and is_same_origin(read, scheme=scheme, host=authority)


@pytest.mark.parametrize(
    ("origin", "scheme", "host"),
    [
        ("http://localhost:8080", "http", "localhost:8080"),
        ("http://localhost", "http", "localhost:80"),
        ("http://localhost:80", "http", "localhost"),
        ("http://[::1]:8080", "http", "[::1]:8080"),
        ("https://a.example", "https", "a.example"),
        ("https://a.example", "http", "a.example"),  # a proxy has unwrapped it
        ("https://a.example", "http", "A.EXAMPLE.:443"),
    ],
)
def test_a_page_of_the_host_itself(origin: str, scheme: str, host: str) -> None:
    assert is_ours(origin, scheme=scheme, host=host)


@pytest.mark.parametrize(
    ("origin", "scheme", "host"),
    [
        ("http://localhost:3000", "http", "localhost:8080"),
        ("http://127.0.0.1:8080", "http", "localhost:8080"),
        ("http://a.example", "https", "a.example"),
        ("http://a.example:443", "https", "a.example"),
        ("https://a.example.evil.example", "https", "a.example"),
        ("https://a.example@evil.example", "https", "a.example"),
        ("null", "http", "localhost"),
        ("file://", "http", "localhost"),
        ("HTTPS//a.example", "https", "a.example"),
        ("https://a.example/", "https", "a.example"),
        ("", "http", "localhost"),
    ],
)
def test_a_page_of_somebody_else(origin: str, scheme: str, host: str) -> None:
    assert not is_ours(origin, scheme=scheme, host=host)


@given(st.text(max_size=30))
def test_any_text_is_an_origin_or_none(text: str) -> None:
    assert not OriginList([]).has(text, parse_origin(text))


def test_a_list_covers_what_it_says() -> None:
    origins = OriginList(
        ["https://app.example", "https://*.example.org", "http://localhost:3000", "null", "app://x"]
    )

    def has(text: str) -> bool:
        return origins.has(text, parse_origin(text))

    assert all(
        map(has, ["https://app.example", "https://app.example:443", "https://a.example.org"])
    )
    assert all(map(has, ["http://localhost:3000", "null", "app://x"]))
    assert not any(map(has, ["http://app.example", "https://app.example:8443"]))
    assert not any(map(has, ["https://example.org", "https://a.example.org:444", "app://y"]))
    assert not any(map(has, ["http://localhost", "https://xexample.org", ""]))


def test_null_is_not_for_the_asking() -> None:
    assert not OriginList(["https://app.example"]).has("null", None)
    assert OriginList(["*"]).has("null", None)


@pytest.mark.parametrize(
    "entry",
    ["app.example", "https://", "https://a/b", "https://a.example/", "https://*", "://x", ""],
)
def test_an_entry_that_is_none_names_its_setting(entry: str) -> None:
    with pytest.raises(ConfigurationError, match=r"server\.allowed_origins"):
        OriginList([entry])
