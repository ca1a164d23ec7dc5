"""Which files matter to a reloading host, and whether they changed."""

import os
from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Final

_SKIPPED: Final = frozenset({"__pycache__", "build", "dist", "node_modules", "site-packages"})


class FileWatch:
    """The Python files below some folders, and single files of any kind.

    Folders that hold no code of one's own are left out: hidden ones, caches, virtual environments,
    installed packages.
    """

    def __init__(self, *, folders: Iterable[Path], files: Iterable[Path] = ()) -> None:
        self._folders = tuple(dict.fromkeys(folder.resolve() for folder in folders))
        self._files = tuple(files)
        self._known = self._look()

    def changes(self) -> list[Path]:
        """Files that were written, added or removed since the last call, sorted."""
        before, self._known = self._known, self._look()
        paths = before.keys() | self._known.keys()
        return sorted(path for path in paths if before.get(path) != self._known.get(path))

    def _look(self) -> dict[Path, tuple[int, int]]:
        seen: dict[Path, tuple[int, int]] = {}
        for path in self._paths():
            try:
                status = path.stat()
            except OSError:  # it went away between the listing and here
                continue
            seen[path] = (status.st_mtime_ns, status.st_size)
        return seen

    def _paths(self) -> Iterator[Path]:
        yield from self._files
        for root in self._folders:
            for folder, names, files in os.walk(root):
                names[:] = [name for name in names if _is_own(folder, name)]
                yield from (Path(folder, file) for file in files if file.endswith(".py"))


def _is_own(folder: str, name: str) -> bool:
    skipped = name in _SKIPPED or name.startswith(".")
    return not skipped and not Path(folder, name, "pyvenv.cfg").exists()


def find_code(target: str, packages: Iterable[str]) -> list[Path]:
    """The folders to watch: the target's, and those of packages that are installed editable."""
    folders = [_target_folder(target)]
    folders += [folder for package in packages for folder in _editable_folders(package)]
    return folders


def _target_folder(target: str) -> Path:
    place = target.rpartition(":")[0] or target
    if place.endswith(".py"):
        return Path(place).parent
    here, top = Path.cwd(), place.partition(".")[0]
    if (here / f"{top}.py").is_file():
        return here
    if (here / top).is_dir():
        return here / top
    folders = _editable_folders(top)
    return folders[0] if folders else here


def _editable_folders(package: str) -> list[Path]:
    """Where the package's code lies, unless it is installed for good. Runs none of it."""
    try:
        spec = find_spec(package)
    except ValueError:  # `__main__` and the like have none
        return []
    if spec is None:
        return []
    found = [Path(place) for place in spec.submodule_search_locations or ()]
    if not found and spec.origin is not None and spec.has_location:
        found = [Path(spec.origin).parent]
    return [folder for folder in found if "site-packages" not in folder.parts]


__all__ = ["FileWatch", "find_code"]
