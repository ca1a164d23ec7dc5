"""`quality.toml` is read strictly: an excuse needs words, and what is done needs none."""

from pathlib import Path

import pytest

from agent_host.testing.quality import read_quality

GOOD = 'readme = { status = "done" }'


@pytest.mark.parametrize(
    "line",
    [
        'cancel = { status = "exempt" }',
        'cancel = { status = "exempt", reason = "later" }',
        'cancel = { status = "done", reason = "because it has to be so" }',
        'cancel = { status = "todo" }',
        'cancel = "done"',
    ],
)
def test_a_bad_answer_is_refused(line: str, tmp_path: Path) -> None:
    path = tmp_path / "quality.toml"
    path.write_text(f"[rules]\n{GOOD}\n{line}\n", "utf-8")
    with pytest.raises(ValueError, match="cancel"):
        read_quality(path)


def test_answers_are_done_or_exempt(tmp_path: Path) -> None:
    path = tmp_path / "quality.toml"
    exempt = 'cancel = { status = "exempt", reason = "there is no word for it" }'
    path.write_text(f"[rules]\n{GOOD}\n{exempt}\n", "utf-8")
    quality = read_quality(path)
    assert quality.is_done("readme")
    assert not quality.is_done("cancel")
