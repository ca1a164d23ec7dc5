"""The machine's clock, against what was written by it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import agent_host
from agent_host.doctor.finding import Finding, ok, problem, warning
from agent_host.doctor.situation import Situation
from agent_host.doctor.store_kind import disk_folder
from agent_host.settings.place import keys_file
from agent_host.stores.disk_folder import COMPANIONS, DATABASE

_TOLERATED: Final = timedelta(minutes=2)


def check_clock(situation: Situation) -> Iterator[Finding]:
    """Is it before something that has happened already?"""
    now = situation.clock.now()
    installed = _written(Path(agent_host.__file__))
    if installed is not None and now + _TOLERATED < installed - timedelta(days=1):
        yield problem(
            f"The clock says {now:%Y-%m-%d %H:%M} UTC, before this package was installed.",
            "Set the clock: keys and tokens expire by it.",
        )
        return
    folder = disk_folder(situation)
    places = [keys_file(situation.settings)]
    if folder is not None:
        places += [folder / f"{DATABASE}{suffix}" for suffix in ("", *COMPANIONS)]
    times = [moment for moment in map(_written, places) if moment is not None]
    newest = max(times, default=now)
    if newest > now + _TOLERATED:
        yield warning(
            f"State was written {newest - now} in the future: the clock was set back.",
            "Check the clock. Until it has caught up, what should expire lives longer.",
        )
    else:
        yield ok(f"The clock says {now:%Y-%m-%d %H:%M} UTC, after all that was written.")


def _written(path: Path) -> datetime | None:
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except OSError:
        return None


__all__ = ["check_clock"]
