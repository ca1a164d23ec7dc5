"""The target's code: found without running it, or run because somebody asked."""

from pathlib import Path

import pytest

from agent_host.doctor.situation import Wishes
from agent_host.doctor.target import check_target
from tests.doctor.case import said, situation

NOISY = "print('I ran')\n\nasync def agent(text: str) -> str:\n    return text\n"


@pytest.mark.parametrize("reference", ["bot.py:agent", "bot.py", "bot:agent", "shop.bots:agent"])
def test_code_that_is_there_is_not_run(
    folder: Path, reference: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "bot.py").write_text(NOISY)
    (folder / "shop").mkdir()
    (folder / "shop" / "__init__.py").write_text(NOISY)
    (folder / "shop" / "bots.py").write_text(NOISY)
    assert said(check_target(situation(target=reference))).startswith("ok: The target's code")
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    "reference",
    ["gone.py:agent", "no_such_module:agent", "os.no_such:x", "no.such.module", "1x:y", "a\0b"],
)
def test_code_that_is_not_there_is_a_problem(reference: str) -> None:
    lines = said(check_target(situation(target=reference)))
    assert lines.startswith("problem")
    assert "AGENT_HOST_TARGET" in lines


def test_code_that_is_no_python_is_a_problem(folder: Path) -> None:
    (folder / "bot.py").write_text("def agent(:\n")
    assert "bot.py, line 1 is not readable" in said(check_target(situation(target="bot.py:agent")))


def test_it_is_loaded_if_asked_for(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "bot.py").write_text(NOISY)
    wishes = Wishes(load_target=True)
    lines = said(check_target(situation(target="bot.py:agent", wishes=wishes)))
    assert lines == "ok: The target 'agent' can be loaded and hosted."
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("code", ["raise ValueError\n", "raise SystemExit(0)\n", "agent = 7\n"])
def test_a_target_that_cannot_be_hosted_is_a_problem(folder: Path, code: str) -> None:
    (folder / "bot.py").write_text(code)
    wishes = Wishes(load_target=True)
    lines = said(check_target(situation(target="bot.py:agent", wishes=wishes)))
    assert lines.startswith("problem")
