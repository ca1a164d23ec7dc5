"""What the security pages name as shown by a test is shown by one."""

import re
from pathlib import Path

import pytest

from tests.docs.page import PAGES, Page

ROOT = Path(__file__).parents[2]
_TEST = re.compile(r"`(test_\w+)`")
_FILE = re.compile(r"`(tests/[\w/]+\.py)`")
SECURITY = [page for page in PAGES if page.path.startswith("docs/security/")]


@pytest.mark.parametrize("page", SECURITY, ids=str)
def test_each_named_test_is_there(page: Page) -> None:
    text = page.text
    defined = {
        name
        for path in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"def (test_\w+)\(", path.read_text("utf-8"))
    }
    assert set(_TEST.findall(text)) - defined == set()
    assert {path for path in _FILE.findall(text) if not (ROOT / path).is_file()} == set()


def test_the_threat_model_names_tests() -> None:
    (page,) = (page for page in SECURITY if page.path.endswith("identity.md"))
    assert len(_TEST.findall(page.text)) >= 15
