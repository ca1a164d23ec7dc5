"""The folder of file bytes: private, within its limit, and with room to grow to it."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from agent_host.doctor.exposure import can_be_made, exposures
from agent_host.doctor.finding import Finding, ok, problem, setting, skipped, warning
from agent_host.doctor.situation import Situation
from agent_host.doctor.store_kind import disk_folder
from agent_host.errors import ConfigurationError
from agent_host.settings.place import files_folder
from agent_host.settings.unit import format_size
from agent_host.stores.file_folder import DATABASE, check_name


def check_files(situation: Situation) -> Iterator[Finding]:
    """Can it be used, and by nobody else?"""
    folder = files_folder(situation.settings)
    if disk_folder(situation) is None:
        yield skipped("The bytes of files are not kept on this disk.")
        return
    try:
        check_name(folder)
    except ConfigurationError as error:
        yield problem(str(error), f"Set {setting('files.folder')}.")
        return
    if not folder.is_dir():
        yield _to_be_made(folder)
        return
    wrong = [
        f"{place} {text}"
        for place in (folder, folder / DATABASE)
        if os.path.lexists(place)
        for text in exposures(place)
    ]
    if wrong:
        yield problem(
            f"{'; '.join(wrong)}.",
            f"Run: chmod -R go= {folder}. Or set {setting('files.folder')}.",
        )
    yield _size(folder, limit_bytes=situation.settings.files.limit_bytes)


def _to_be_made(folder: Path) -> Finding:
    if os.path.lexists(folder) or not can_be_made(folder):
        return problem(f"{folder} cannot be made.", f"Set {setting('files.folder')}.")
    return ok(f"{folder} is not there yet and will be made.")


def _size(folder: Path, *, limit_bytes: int) -> Finding:
    used = sum(_bytes_of(place) for place in folder.rglob("*"))
    said = f"{format_size(used)} of {format_size(limit_bytes)} for files are in use"
    free = shutil.disk_usage(folder).free
    if used + free < limit_bytes:
        return warning(
            f"{said}, and the disk has no room for the rest.",
            f"Make room, or set {setting('files.limit_bytes')} to less.",
        )
    return ok(f"{said}.")


def _bytes_of(place: Path) -> int:
    try:
        return place.lstat().st_size
    except OSError:  # evicted while we look
        return 0


__all__ = ["check_files"]
