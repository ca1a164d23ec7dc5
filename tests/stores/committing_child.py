"""A process that commits as fast as it can and says what was acknowledged, until it is killed.

Every commit writes a record and an entry of the same number, so that half of one would show.
"""

import asyncio
import sys

from agent_host.stores.disk import DiskStateStore
from agent_host.types.store import Append, Key, Put

CALLERS = 16


async def commit_for_ever(folder: str) -> None:
    """Print `caller number` once that commit returned. Numbers go on where the disk's end."""
    async with DiskStateStore(folder) as store:

        async def caller(name: str) -> None:
            stream = Key("stream", "p", name)
            number = (await store.read_last(stream, limit=1)).length
            while True:
                record = Put(Key("record", name, f"{number:08}"), b"x" * 300, expect=0)
                entry = Append(stream, (b"%d" % number,), expect=number)
                await store.commit([record, entry])
                sys.stdout.write(f"{name} {number}\n")
                sys.stdout.flush()
                number += 1

        async with asyncio.TaskGroup() as group:
            for number in range(CALLERS):
                group.create_task(caller(str(number)))


if __name__ == "__main__":
    asyncio.run(commit_for_ever(sys.argv[1]))
