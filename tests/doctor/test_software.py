"""Python and packages: those that fit, and those that do not."""

import sys
from importlib.metadata import requires

import pytest

from agent_host.doctor import software
from tests.doctor.case import always, said, situation


def test_this_python_and_these_packages_fit() -> None:
    assert said(software.check_python()).startswith("ok: Python 3.")
    assert "starlette" in said(software.check_packages())


def test_a_python_that_is_too_old_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 1, "final", 0))
    assert said(software.check_python()).startswith("problem: Python 3.9.1 runs, >=3.11")


@pytest.mark.parametrize(
    ("needed", "text"),
    [
        ("starlette>=99", "problem: starlette is "),
        ("no-such-package", "problem: The package no-such-package is not installed."),
        ('no-such-package; extra == "jwt"', "problem: The package no-such-package"),
    ],
)
def test_a_package_that_does_not_fit_is_a_problem(
    monkeypatch: pytest.MonkeyPatch, needed: str, text: str
) -> None:
    monkeypatch.setattr(software, "requires", always([needed]))
    checked = software.check_extra_packages(
        situation(access={"jwt": {"issuer": "https://id.example", "audience": ["me"]}})
    )
    lines = said(checked)
    assert lines.startswith(text)
    assert "pip install --upgrade 'agent-host-server[jwt]'" in lines


@pytest.mark.parametrize(
    "needed", ['no-such; extra == "dev"', 'no-such; sys_platform == "nowhere"']
)
def test_what_is_not_asked_for_need_not_be_there(
    monkeypatch: pytest.MonkeyPatch, needed: str
) -> None:
    monkeypatch.setattr(software, "requires", always([needed]))
    assert said(software.check_packages()).startswith("ok")


def test_the_known_hole_in_starlette_is_asked_about() -> None:
    """CVE-2026-48710 is closed in 1.0.1: the package's own requirement says so."""
    assert any(text.startswith("starlette>=1.0.1") for text in requires("agent-host-server") or [])
