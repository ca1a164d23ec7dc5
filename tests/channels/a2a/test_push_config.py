"""Push configs as they are read, kept and shown, and what waits mean; no server."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_host.errors import UnreadableRecordError
from agent_host.types import OutboundAnswer
from agent_host_a2a.fault import FaultError
from agent_host_a2a.member import Members
from agent_host_a2a.push_config import PushConfig, from_config, from_value, to_config, to_value
from agent_host_a2a.push_sender import RETRY_AFTER_LIMIT, to_wait
from agent_host_a2a.schema import VERSION_0_3, VERSION_1_0

NOW = datetime(2026, 1, 1, tzinfo=UTC)
HEADER_TEXT = st.from_regex(r"\A[!-~]([ !-~]{0,20}[!-~])?\Z")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner),
    max_leaves=8,
)
NAMES = st.sampled_from(
    ["url", "id", "token", "authentication", "scheme", "schemes", "credentials"]
)


def version_of(is_old: bool) -> str:
    return VERSION_0_3 if is_old else VERSION_1_0


@given(
    url=st.text(min_size=1, max_size=30),
    name=st.from_regex(r"\A[a-z0-9]{1,20}\Z"),
    token=st.none() | HEADER_TEXT,
    credentials=st.none() | HEADER_TEXT,
    is_old=st.booleans(),
)
def test_what_is_given_is_kept_and_shown(
    url: str, name: str, token: str | None, credentials: str | None, is_old: bool
) -> None:
    version = version_of(is_old)
    scheme: dict[str, Any] = {"schemes": ["x", "Bearer"]} if is_old else {"scheme": "Bearer"}
    given_config: dict[str, Any] = {"id": name, "url": url, "authentication": scheme}
    if token is not None:
        given_config["token"] = token
    if credentials is not None:
        scheme["credentials"] = credentials
    config = to_config(Members(given_config), version=version, accepted=("text/plain",))
    kept = from_value(name, to_value(config))
    assert kept == config
    shown = from_config(kept, "run_1", version)
    inner = shown["pushNotificationConfig"] if is_old else {**shown}
    if not is_old:
        del inner["taskId"]
    assert inner == given_config
    assert kept.authorization == (None if credentials is None else f"Bearer {credentials}")
    for secret in (token, credentials):
        if secret is not None and len(secret) > 3:
            assert f"'{secret}'" not in repr(kept).replace(f"url='{url}'", "")


@given(st.dictionaries(NAMES, JSON), st.booleans())
def test_anything_is_a_config_or_a_fault(fields: dict[str, Any], is_old: bool) -> None:
    try:
        config = to_config(Members(fields), version=version_of(is_old))
    except FaultError:
        return
    assert from_value("a", to_value(config)).url == config.url


def test_a_scheme_of_0_3_need_not_be_there() -> None:
    config = to_config(
        Members({"url": "u", "authentication": {"schemes": []}}), version=VERSION_0_3
    )
    assert config.authorization is None
    assert "authentication" not in from_config(config, "run_1", VERSION_0_3)


@pytest.mark.parametrize(
    "change", [{"v": 2}, {"v": None}, {"url": None}, {"schemes": "Bearer"}, {"accepted": [1]}]
)
def test_what_was_not_kept_by_this_release_is_refused(change: dict[str, Any]) -> None:
    kept = to_value(PushConfig(id="a", url="u"))
    with pytest.raises(UnreadableRecordError):
        from_value("a", {**kept, **change})


@pytest.mark.parametrize(
    ("said", "wait"),
    [
        ("", None),
        ("soon", None),
        ("-1", None),
        ("\u0663", None),
        ("0", timedelta()),
        ("7", timedelta(seconds=7)),
        ("9" * 400, RETRY_AFTER_LIMIT),
        (format_datetime(NOW + timedelta(seconds=9), usegmt=True), timedelta(seconds=9)),
        (format_datetime(NOW - timedelta(seconds=9), usegmt=True), timedelta()),
        ("Mon, 01 Jan 9999 00:00:00 GMT", RETRY_AFTER_LIMIT),
        ("Fri, 31 Dec 9999 23:59:59 -2359", RETRY_AFTER_LIMIT),
    ],
)
def test_a_wait_is_within_bounds(said: str, wait: timedelta | None) -> None:
    answer = OutboundAnswer(status=503, headers={"retry-after": said}, body=b"")
    assert to_wait(answer, NOW) == wait
