"""Makes folders for their owner only, those that lead to them included."""

from pathlib import Path
from typing import Final

MODE: Final = 0o700


def make_folder(folder: Path) -> None:
    """Make the folder and what leads to it. What is there already stays as it is.

    Raises:
        OSError: one of them cannot be made, or is something else.
    """
    if not folder.parent.exists():
        make_folder(folder.parent)
    folder.mkdir(mode=MODE, exist_ok=True)


__all__ = ["MODE", "make_folder"]
