"""What the documents name is there: links, settings, and the tables of the concepts page."""

import re
from pathlib import Path
from typing import get_args

import pytest

from agent_host import errors
from agent_host.errors import FailureCode, HostError
from agent_host.registry import channel_config
from agent_host.settings import load_settings
from agent_host.types import ConcurrencyPolicy, RunEvent, RunStatus
from agent_host.types.run import TRANSITIONS
from tests.docs.page import CONCEPTS, CONFIGURATION, LINKED_PAGES, OPERATOR_PAGES, PAGES, ROOT, Page

QUOTED = re.compile(r"`([^`]+)`")
SETTING = re.compile(
    r"`((?:access|access\.jwt|run|session|server|limits|files|log|telemetry|channels\.rest)\.[a-z_]+)"
    r"(?: = [^`]*)?`"
)


@pytest.mark.parametrize("page", LINKED_PAGES, ids=str)
def test_links_lead_somewhere(page: Page) -> None:
    for link in page.links:
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        leads_to = (ROOT / page.path).parent / path if path else ROOT / page.path
        assert leads_to.exists(), f"{page}: {link}"
        if anchor:
            target = Page(path=leads_to.resolve().relative_to(ROOT).as_posix())
            assert anchor in target.anchors, f"{page}: {link}"


@pytest.mark.parametrize("page", OPERATOR_PAGES, ids=str)
def test_settings_exist(page: Page) -> None:
    documented = CONFIGURATION.text
    for setting in SETTING.findall(page.text):
        variable = f"AGENT_HOST_{setting.upper().replace('.', '__')}"
        assert f"`{variable}`" in documented, f"{page}: {setting}"


@pytest.mark.parametrize(
    "table",
    [
        pytest.param(block.code, id=f"{page}:{block.line}")
        for page in OPERATOR_PAGES
        for block in page.blocks("toml")
    ],
)
def test_configurations_are_right(table: str, tmp_path: Path) -> None:
    file = tmp_path / "agent-host.toml"
    file.write_text(table, "utf-8")
    load_settings(channel_config, environ={}, config_file=file)


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_tests_that_are_named_are_there(page: Page) -> None:
    for path in re.findall(r"`(tests/[\w/]+\.py)`", page.text):
        assert (ROOT / path).is_file(), f"{page}: {path}"


def test_every_document_can_be_found_from_the_first_page() -> None:
    start = ROOT / "docs" / "index.md"
    found, waiting = set[str](), [start]
    while waiting:
        at = waiting.pop()
        page = Page(path=at.relative_to(ROOT).as_posix())
        if page.path in found or not page.path.startswith("docs/"):
            continue
        found.add(page.path)
        links = [link.partition("#")[0] for link in page.links if "://" not in link]
        waiting += [(at.parent / link).resolve() for link in links if link.endswith(".md")]
    documents = {page.path for page in PAGES if page.path.startswith("docs/")}
    assert documents <= found


def test_the_table_of_statuses_is_the_enforced_one() -> None:
    shown = {row[0].strip("`"): set(QUOTED.findall(row[2])) for row in rows("Statuses of a run")}
    enforced = {
        before.value: {after.value for after in afters} for before, afters in TRANSITIONS.items()
    }
    assert shown == enforced
    assert set(shown) == {status.value for status in RunStatus}


def test_the_table_of_events_is_complete() -> None:
    shown = [name for row in rows("Journal") for name in QUOTED.findall(row[0])]
    defined = [kind.__dataclass_fields__["type"].default for kind in get_args(RunEvent)]
    assert sorted(shown) == sorted(defined)


def test_the_table_of_policies_is_complete() -> None:
    shown = {row[0].strip("`") for row in rows("Two turns at once")}
    assert shown == {policy.value for policy in ConcurrencyPolicy}


def test_error_codes_exist() -> None:
    known = {code.value for code in FailureCode}
    known |= {
        found.code
        for name in errors.__all__
        if isinstance(found := getattr(errors, name), type) and issubclass(found, HostError)
    }
    section = CONCEPTS.text.partition("Other errors worth knowing:")[2]
    table = re.findall(r"^\| (`.*?) \|", section, re.MULTILINE)
    shown = {code for cell in table for code in QUOTED.findall(cell)}
    assert shown <= known
    assert len(shown) > 10


def rows(heading: str) -> list[list[str]]:
    """The first table under a heading of the concepts page."""
    found = [list(row) for row in CONCEPTS.rows(heading)]
    assert found, f"no table under {heading!r}"
    return found
