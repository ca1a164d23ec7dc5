"""What a process remembers of deliveries, once whoever they are of is erased."""

import gc
from datetime import timedelta
from types import BuiltinFunctionType, FunctionType, ModuleType

from tests.delivery.hosting import CHAT, stage

SECRET = "the-words-of-alice"
_NO_DATA = (type, ModuleType, FunctionType, BuiltinFunctionType)


def holds(root: object, text: str) -> bool:
    """Whether the text can be reached from there."""
    seen: set[int] = set()
    todo: list[object] = [root]
    while todo:
        one = todo.pop()
        if id(one) in seen or isinstance(one, _NO_DATA):
            continue
        seen.add(id(one))
        if isinstance(one, str) and text in one:
            return True
        if isinstance(one, bytes) and text.encode() in one:
            return True
        todo += gc.get_referents(one)
    return False


async def test_nothing_of_an_erased_persons_message_is_remembered() -> None:
    async with stage() as on:
        (later,) = await on.host.deliver(SECRET, to=CHAT, at=timedelta(hours=1))
        records = on.host._deliveries._records  # pyright: ignore[reportPrivateUsage]
        remembered = (
            records._recent,  # pyright: ignore[reportPrivateUsage]
            records._recent_content,  # pyright: ignore[reportPrivateUsage]
        )
        assert holds(remembered, SECRET)
        assert holds(remembered, CHAT.native_id)
        await on.host.people_operator.forget(later.owner)
        assert not holds(remembered, SECRET)
        assert not holds(remembered, later.id)


async def test_what_is_gone_from_the_store_is_forgotten_when_it_is_looked_for() -> None:
    async with stage() as on:
        (later,) = await on.host.deliver(SECRET, to=CHAT, at=timedelta(hours=1))
        records = on.host._deliveries._records  # pyright: ignore[reportPrivateUsage]
        found = await records.find(later.id)
        assert found is not None
        store = records._store  # pyright: ignore[reportPrivateUsage]
        await store.commit(records.forget(found))
        assert await records.find(later.id) is None
        assert not holds(records._recent_content, SECRET)  # pyright: ignore[reportPrivateUsage]
