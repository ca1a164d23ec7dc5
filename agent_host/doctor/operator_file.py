"""The file by which whoever owns the store's folder operates the host: whose it is, and of now?"""

import os
from collections.abc import Iterator
from pathlib import Path

from agent_host.authentication.operator_file import OperatorFile
from agent_host.doctor.exposure import exposures
from agent_host.doctor.finding import Finding, ok, problem, skipped, warning
from agent_host.doctor.situation import Situation
from agent_host.doctor.store_kind import disk_folder
from agent_host.errors import ConfigurationError
from agent_host.stores.disk_lock import is_locked, read_holder


def check_operator_file(situation: Situation) -> Iterator[Finding]:
    """Does it open the host to nobody but its owner, and is it of the server that runs?"""
    folder = disk_folder(situation)
    if folder is None:
        yield skipped("The store has no folder on this machine.")
        return
    file = OperatorFile(folder)
    if not os.path.lexists(file.path):
        yield ok("No way in lies in the store's folder.")
        return
    try:
        wrong = exposures(file.path)
        if wrong:
            yield problem(
                f"{file.path} {', and '.join(wrong)}. Who reads it administers the host.",
                "Remove it and restart the server: it makes a new one, with a new token.",
            )
            return
        found = file.read()
        stale = None if found is None else _stale(folder, found.pid)
    except ConfigurationError as error:
        yield problem(str(error))
        return
    except OSError as error:
        yield problem(f"{file.path} cannot be looked at: {error.strerror}.", "Check its owner.")
        return
    if stale is None:
        yield ok(f"{file.path} is its owner's alone, and of the server that runs.")
    else:
        yield warning(stale, f"Start the server, which replaces it, or remove {file.path}.")


def _stale(folder: Path, pid: int) -> str | None:
    if not is_locked(folder):
        return "A server that was killed left its operator file; what is in it opens nothing."
    holder = read_holder(folder)
    if holder is not None and holder.pid != pid:
        return f"The operator file is of process {pid}; the store is process {holder.pid}'s."
    return None


__all__ = ["check_operator_file"]
