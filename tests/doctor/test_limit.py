"""Limits that are off, or so high that they are none."""

from typing import Any

import pytest

from agent_host.doctor import limit
from agent_host.doctor.limit import check_limits, check_open_files
from tests.doctor.case import said, situation


def limits(**more: Any) -> str:
    return said(check_limits(situation(**more)))


def test_the_defaults_are_limits() -> None:
    assert limits().startswith("ok")
    assert limits(proof=True).startswith("ok")


@pytest.mark.parametrize(
    ("table", "values"),
    [
        ("limits", {"failed_authentications_per_minute": 0}),
        ("limits", {"messages_per_second": 0}),
        ("limits", {"body_bytes": "1GiB"}),
        ("server", {"header_limit_bytes": "2MiB"}),
        ("server", {"header_limit": 5000}),
        ("server", {"head_time": "1h"}),
        ("server", {"body_time": "1h"}),
        ("server", {"send_time": "1h"}),
        ("run", {"time_limit": "2d"}),
        ("run", {"answer_time_limit": "800d"}),
        ("run", {"retention": "800d"}),
        ("run", {"background_limit": 100000}),
        ("session", {"time_to_live": "800d"}),
    ],
)
def test_no_limit_is_worth_a_word(table: str, values: dict[str, Any]) -> None:
    lines = limits(proof=True, **{table: values})
    assert lines.startswith("warning")
    assert f"AGENT_HOST_{table.upper()}__{next(iter(values)).upper()}" in lines


def test_one_caller_of_many_must_not_take_all() -> None:
    assert "One caller may take all" in limits(public=True, proof=True)
    assert limits(public=True, proof=True, limits={"requests_at_once": 50}).startswith("ok")


def test_connections_need_open_files(monkeypatch: pytest.MonkeyPatch) -> None:
    def files(allowed: int | None, **more: Any) -> str:
        monkeypatch.setattr(limit, "_open_files", lambda: allowed)
        return said(check_open_files(situation(**more)))

    assert files(None, proof=True).startswith("ok")
    assert files(20_000, proof=True).startswith("ok")
    assert files(1024).startswith("ok: The system allows 1024 open files here, enough for one")
    short = files(1024, proof=True)
    assert short.startswith("warning")
    assert "AGENT_HOST_SERVER__CONNECTION_LIMIT" in short


def test_the_system_s_own_limit_is_read() -> None:
    assert said(check_open_files(situation(server={"connection_limit": 1}))).startswith("ok")
