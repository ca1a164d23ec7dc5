"""What is in the disk store: is it ours, of which release, whole, and was anything set aside?"""

from collections.abc import Iterator

from agent_host.doctor.finding import Finding, ok, problem, setting, skipped, warning
from agent_host.doctor.situation import Situation
from agent_host.doctor.store_kind import disk_folder
from agent_host.errors import StoreError
from agent_host.settings.unit import format_size
from agent_host.stores.disk_folder import DATABASE, QUARANTINE
from agent_host.stores.disk_open import CHECKED_BYTES
from agent_host.stores.disk_report import StoreReport, read_report


def check_content(situation: Situation) -> Iterator[Finding]:
    """Look into the database, beside a running server if there is one. Its pages are checked if
    they are few, or if that was asked for.
    """
    folder = disk_folder(situation)
    if folder is None or not (folder / DATABASE).is_file():
        yield skipped("There is no database on this machine yet.")
        return
    try:
        size = (folder / DATABASE).stat().st_size
        thorough = situation.wishes.thorough or size <= CHECKED_BYTES
        report = read_report(folder, thorough=thorough)
    except (OSError, StoreError) as error:
        yield problem(
            f"The database in {folder} cannot be read: {error}",
            f"Check its owner, or set {setting('store')} to another folder.",
        )
        return
    yield from judge(report, thorough=thorough)


def judge(report: StoreReport, *, thorough: bool) -> Iterator[Finding]:
    """What a report means."""
    if report.schema_version > report.newest_schema_version:
        yield problem(
            f"The store was written by a newer release (schema {report.schema_version}, this one "
            f"knows {report.newest_schema_version}).",
            f"Install that release again, or set {setting('store')} to another folder.",
        )
    if report.problems:
        yield problem(
            f"The database has damaged pages: {len(report.problems)} findings.",
            "Back the folder up, then start the host: it saves what can be read and sets the rest "
            f"aside in {report.folder / QUARANTINE}.",
        )
    if report.quarantined:
        kinds = ", ".join(f"{count} {name}" for name, count in sorted(report.quarantined.items()))
        yield warning(
            f"Records and entries that could not be made sense of were set aside: {kinds}.",
            "`agent-host quarantine list` shows them; those of a newer release come back with that "
            "release and `agent-host quarantine restore`.",
        )
    if report.set_aside:
        yield warning(
            f"{report.set_aside} damaged databases were set aside.",
            f"Look at {report.folder / QUARANTINE}; delete what you do not need.",
        )
    if not report.problems and report.schema_version <= report.newest_schema_version:
        whole = "every page is whole" if thorough else "its pages were not checked (--thorough)"
        size = format_size(report.size_bytes + report.log_bytes)
        records = sum(report.records.values())
        yield ok(f"{records} records in {size}, schema {report.schema_version}; {whole}.")


__all__ = ["check_content", "judge"]
