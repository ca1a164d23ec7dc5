"""Errors of the host in the protocol's words, and what of them nobody is told."""

from datetime import timedelta

import pytest

from agent_host.errors import (
    AuthenticationUnavailableError,
    ConfigurationError,
    ConflictError,
    DeniedError,
    DrainingError,
    HostError,
    NotFoundError,
    QueueFullError,
    RunFailedError,
    SessionBusyError,
    StoreUnavailableError,
    UnauthenticatedError,
)
from agent_host_a2a.refusal import to_refusal

SECRET = "db-7.internal"


@pytest.mark.parametrize(
    ("error", "status", "rpc_status", "code"),
    [
        (NotFoundError("run"), 404, 200, -32001),
        (UnauthenticatedError("Who?"), 401, 401, -32000),
        (DeniedError("No."), 403, 403, -32000),
        (SessionBusyError("Busy."), 409, 409, -32000),
        (DrainingError("Going down."), 503, 503, -32000),
        (RunFailedError("Sorry.", code="unknown", run_id="run_1"), 500, 500, -32603),
        (QueueFullError("Wait.", timedelta(seconds=2.5)), 429, 429, -32000),
    ],
)
def test_an_error_has_one_place_in_each_binding(
    error: HostError, status: int, rpc_status: int, code: int
) -> None:
    refusal = to_refusal(error)
    assert (refusal.status, refusal.rpc_status) == (status, rpc_status)
    assert refusal.rpc_error()["code"] == code
    assert refusal.message == str(error)


@pytest.mark.parametrize(
    "error",
    [
        StoreUnavailableError(SECRET),
        AuthenticationUnavailableError(SECRET),
        ConflictError(SECRET),
        ConfigurationError(SECRET),
    ],
)
def test_what_is_for_the_operator_stays_there(error: HostError) -> None:
    refusal = to_refusal(error)
    assert SECRET.encode() not in refusal.rpc_body(b"1") + refusal.http_body()


def test_when_to_come_back_is_in_whole_seconds() -> None:
    assert to_refusal(QueueFullError("Wait.", timedelta(seconds=2.5))).headers == [
        (b"retry-after", b"3")
    ]
    assert to_refusal(DrainingError("Going down.")).headers == [(b"retry-after", b"5")]
    assert to_refusal(DeniedError("No.")).headers == []
