"""All checks together, the names of settings in them, and the rules that they stand for."""

import ast
import re
from collections.abc import Iterable
from pathlib import Path
from types import MappingProxyType

import pytest

from agent_host.doctor import examination
from agent_host.doctor.examination import CHECKS, examine, is_safe
from agent_host.doctor.finding import Finding, Status
from agent_host.doctor.situation import Situation, Wishes, survey
from agent_host.errors import ConfigurationError
from agent_host.registry import channel_config
from agent_host.settings import list_options, load_settings
from agent_host.system import SystemClock
from tests.docs.page import Page
from tests.doctor.case import situation

ROOT = Path(__file__).parents[2]
PAGE = Page(path="docs/operations/doctor.md")

RULES: dict[int, tuple[str, ...] | str] = {
    1: ("settings", "secrets"),
    2: ("limits",),
    3: "an account is part of a route by a channel's own code: the channel's contract suite",
    4: ("address", "hosts", "origins", "host attack", "origin attack"),
    5: ("packages", "strangers"),
    6: ("keys", "secrets", "issuer"),
    7: "ids are minted by code: nothing of it can be set",
    8: "owner checks need two callers: the access suite drives them, a doctor has no credentials",
    9: "keys of records are made by code: property tests",
    10: ("store content", "packages"),
    11: "the tenant is in every key by code: property tests",
    12: ("store folder", "files"),
    14: ("links", "pairing"),
    15: ("people",),
    16: ("settings", "access", "keys", "tokens", "people"),
    17: ("proxies", "isolation"),
    18: ("tokens", "access"),
    19: ("outbound",),
    23: ("metrics", "operator doors"),
    24: ("log", "telemetry", "events", "answers"),
    25: tuple(CHECKS),
}
"""The rules of the security checklist that hold for a host without chat platforms: which checks
look at each, or why none does. A new rule must be decided here.
"""

APPLICABLE = {*range(1, 13), *range(14, 20), *range(23, 26)}


def test_every_rule_has_checks_or_a_reason() -> None:
    assert set(RULES) == APPLICABLE
    known = {*CHECKS, examination.SETTINGS, examination.PYTHON}
    for rule, checks in RULES.items():
        assert checks, rule
        if not isinstance(checks, str):
            assert set(checks) <= known, rule


def test_every_check_and_no_other_is_on_the_page() -> None:
    documented = {row[0].strip("`") for row in PAGE.rows("What is looked at")}
    assert documented == {*CHECKS, examination.SETTINGS, examination.PYTHON}


def test_every_rule_is_on_the_page() -> None:
    documented = [row[0] for row in PAGE.rows("The rules behind it")]
    assert documented == [str(rule) for rule in RULES]


def test_every_setting_that_is_named_exists() -> None:
    known = {option.key for option in list_options({"rest": channel_config("rest")})}
    tables = {key.rpartition(".")[0] for key in known} - {""}
    for path in (ROOT / "agent_host/doctor").glob("*.py"):
        texts = [
            node.value
            for node in ast.walk(ast.parse(path.read_text("utf-8")))
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        ]
        for text in texts:
            for named in re.findall(r"\b(?:[a-z]+\.)+[a-z_]+\b", text):
                if named.rpartition(".")[0] in tables:
                    assert named in known | tables, f"{path.name}: {named}"


def look() -> Situation:
    environ = {"AGENT_HOST_SERVER__PORT": "0"}
    loaded = load_settings(channel_config, environ=environ)
    return survey(loaded, environ=environ, clock=SystemClock(), wishes=Wishes(offline=True))


def test_a_new_folder_is_safe() -> None:
    entries = [*examine(look)]
    assert is_safe(entries)
    assert [*dict.fromkeys(entry.check for entry in entries)] == [
        examination.PYTHON,
        examination.SETTINGS,
        *CHECKS,
    ]


def test_wrong_settings_are_a_problem_and_the_rest_is_skipped() -> None:
    def fail() -> Situation:
        raise ConfigurationError("server.prot: there is no such setting.")

    entries = {entry.check: entry.finding for entry in examine(fail)}
    assert entries[examination.SETTINGS].status is Status.PROBLEM
    assert "server.prot" in entries[examination.SETTINGS].found
    assert entries["packages"].status is Status.OK
    assert entries["keys"].status is Status.SKIPPED
    assert not is_safe(examine(fail))


def test_a_check_that_fails_is_not_taken_for_safe(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: Situation) -> Iterable[Finding]:
        raise ZeroDivisionError("a secret")

    monkeypatch.setattr(examination, "CHECKS", MappingProxyType({"broken": broken}))
    [_, _, failed] = examine(situation)
    assert str(failed.finding).startswith("The check itself failed: ZeroDivisionError.")
    assert failed.finding.status is Status.PROBLEM
