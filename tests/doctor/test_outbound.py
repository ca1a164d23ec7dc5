"""Places that callers may have the host send to, and should not."""

from pathlib import Path
from typing import Any

import pytest

from agent_host.doctor.outbound import check_outbound
from tests.doctor.case import said, situation


def outbound(*allow: str, public: bool = False, **more: Any) -> str:
    return said(check_outbound(situation(public=public, outbound={"allow": list(allow), **more})))


def test_nothing_beyond_the_public_internet_is_fine() -> None:
    assert outbound().startswith("ok: Callers reach public addresses by https, and 0 places")
    assert outbound("hooks.internal:8443").startswith("ok")
    assert outbound("http://127.0.0.1:9000").startswith("ok")


@pytest.mark.parametrize(
    "entry",
    [
        "http://169.254.169.254",
        "http://metadata.google.internal",
        "100.100.100.200",
        "http://[fd00:ec2::254]",
        "http://[fe80::1]",
    ],
)
def test_the_credentials_of_the_machine_are_no_place_for_callers(entry: str) -> None:
    lines = outbound(entry)
    assert lines.startswith("problem")
    assert "AGENT_HOST_OUTBOUND__ALLOW" in lines


def test_the_host_does_not_call_itself() -> None:
    assert outbound("http://localhost:8080").startswith("problem: Callers may have the host call")


def test_a_neighbour_on_the_machine_is_reached_from_elsewhere() -> None:
    assert outbound("127.0.0.1:9000", public=True).startswith("warning: Callers from elsewhere")


def test_tokens_go_unencrypted_over_a_network() -> None:
    assert outbound("http://hooks.internal").startswith("warning: What is sent to hooks.internal")


def test_an_entry_that_is_no_place_is_a_problem() -> None:
    assert outbound("https://hooks.internal/path").startswith("problem: outbound.allow")


def test_authorities_need_a_file(tmp_path: Path) -> None:
    assert "outbound.ca_file" in outbound(ca_file=str(tmp_path / "none.pem"))
