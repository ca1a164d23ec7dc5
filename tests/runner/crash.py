"""Kills processes at every step of the task runner over the store on disk, and counts.

`python -m tests.runner.crash --cycles 20` for a long run; the tests make a short one.
"""

import argparse
import logging
import sys
import tempfile
from pathlib import Path
from random import Random

from agent_host.protocols.state_store import StateStore
from agent_host.protocols.task_runner import TaskRunner
from agent_host.runner.store_task_runner import StoreTaskRunner
from agent_host.stores.disk import DiskStateStore
from agent_host.testing.crash_trial import CrashTrial


def make_store(folder: Path) -> StateStore:
    return DiskStateStore(folder)


def make_runner(store: StateStore) -> TaskRunner:
    return StoreTaskRunner(store)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.runner.crash", description=__doc__)
    parser.add_argument("--cycles", type=int, default=1, help="of 27 kills each")
    parser.add_argument("--seed", type=int, default=0, help="of what is random about them")
    arguments = parser.parse_args()
    logging.disable()  # of a thousand tasks that are given up
    with tempfile.TemporaryDirectory() as folder:
        trial = CrashTrial(
            Path(folder),
            make_store=make_store,
            make_runner=make_runner,
            random=Random(arguments.seed),  # noqa: S311 - which kill comes when
        )
        report = trial.run(arguments.cycles)
    print(
        f"{report.lives} lives, {report.kills} killed; {report.tasks} tasks, "
        f"{report.doubled} done twice, {len(report.faults)} faults"
    )
    for fault in report.faults:
        print(fault)
    return 1 if report.faults else 0


if __name__ == "__main__":
    sys.exit(main())
