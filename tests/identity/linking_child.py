"""A process that links and unlinks two persons of two as fast as it can, until it is killed.

It says each step once that has returned.
"""

import asyncio
import sys

from agent_host.stores.disk import DiskStateStore
from tests.identity.people import make_registry, party


async def link_for_ever(folder: str) -> None:
    """`a` and `c` are one, and `b` and `d`, before the first step."""
    async with DiskStateStore(folder) as store, make_registry(store) as people:
        await people.link(party("c"), party("a"))
        await people.link(party("d"), party("b"))
        while True:
            await people.link(party("b"), party("a"))
            print("linked", flush=True)
            for name in "bd":
                await people.unlink(party(name))
            await people.link(party("d"), party("b"))
            print("parted", flush=True)


if __name__ == "__main__":
    asyncio.run(link_for_ever(sys.argv[1]))
