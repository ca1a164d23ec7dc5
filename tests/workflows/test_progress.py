"""A workflow's checkpoints: written behind every step, read by their owner, taken up by id."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from pydantic import BaseModel

from agent_host.codec import VersionedCodec
from agent_host.errors import InvalidInputError, TargetError, UnreadableRecordError
from agent_host.host.run.checkpoint import OwnedCheckpoints, capabilities_on
from agent_host.protocols.host_context import HostContext
from agent_host.stores.memory import MemoryStateStore
from agent_host.types import (
    Answer,
    IsolationKey,
    Message,
    Owner,
    QuestionId,
    RunId,
    RunPolicy,
    RunStatus,
    StepFinished,
    TargetCapabilities,
    Turn,
)
from agent_host.types.checkpoint import Checkpoint
from agent_host.workflows import Step, StepContext, Workflow
from agent_host.workflows.progress import restored
from tests.adapters.driving import OWNER, drive, make_turn
from tests.host.harness import acting_as, finished, hosted, request, runs_of


class DurableStore(MemoryStateStore):
    """Says that it survives: what the host then does is what is tested here."""

    @property
    def durable(self) -> bool:
        return True


class Order(BaseModel):
    count: int


@dataclass
class Price:
    total: int


@dataclass
class Shop:
    """A workflow that fails at its second step until it is told not to."""

    is_open: bool = False
    begun: list[str] = field(default_factory=list[str])

    async def price(self, context: StepContext[Order]) -> Price:
        """Work out the price."""
        self.begun.append("price")
        return Price(total=context.input.count * 10)

    async def pack(self, context: StepContext[Order]) -> str:
        """Pack it."""
        self.begun.append("pack")
        if not self.is_open:
            message = "closed"
            raise RuntimeError(message)
        found = context.outputs["price"]
        assert isinstance(found, Price)
        return f"{context.input.count} for {found.total}"

    async def send(self, context: StepContext[Order]) -> str:
        """Send it."""
        self.begun.append("send")
        return f"sent {context.outputs['pack']}"

    def workflow(self, name: str = "shop", **options: Any) -> Workflow[Order]:
        return Workflow(name, input_type=Order, steps=[self.price, self.pack, self.send], **options)


ORDER = '{"count": 2}'


@asynccontextmanager
async def shop_host(target: object) -> AsyncGenerator[HostContext]:
    async with hosted(target, store=DurableStore()) as context:
        yield context


async def test_a_failed_run_is_taken_up_by_its_id() -> None:
    shop = Shop()
    async with shop_host(shop.workflow()) as context:
        failed = await context.run(request(ORDER))
        assert failed.run.status is RunStatus.FAILED
        shop.is_open = True
        again = await context.run(request("", options={"checkpoint": failed.run.id}))
    assert shop.begun == ["price", "pack", "pack", "send"]
    assert again.result is not None
    assert again.result.text == "sent 2 for 20"
    assert again.result.outputs["price"] == {"total": 20}


async def test_a_finished_run_is_taken_up_behind_any_of_its_steps() -> None:
    shop = Shop(is_open=True)
    async with shop_host(shop.workflow()) as context:
        first = await context.run(request(ORDER))
        for step, expected in (
            ("price", ["pack", "send"]),
            ("pack", ["send"]),
            ("send", []),
        ):
            shop.begun.clear()
            option = f"{first.run.id}:{step}"
            again = await context.run(request("ignored", options={"checkpoint": option}))
            assert again.result is not None
            assert again.result.text == "sent 2 for 20"
            assert shop.begun == expected
            # What was taken up can be taken up again.
            third = await context.run(request("", options={"checkpoint": again.run.id}))
            assert third.result is not None or step == "send"


@pytest.mark.parametrize("wanted", ["run_none", "", ":", "{id}:none", "{id}:", 7, ["{id}"], "../x"])
async def test_a_checkpoint_that_is_none_is_refused(wanted: Any) -> None:
    shop = Shop(is_open=True)
    async with shop_host(shop.workflow()) as context:
        first = await context.run(request(ORDER))
        option = wanted.format(id=first.run.id) if isinstance(wanted, str) else wanted
        if option == f"{first.run.id}:":
            return
        refused = await context.run(request(ORDER, options={"checkpoint": option}))
    assert refused.run.failure is not None
    assert refused.run.failure.code == "validation"


async def test_a_foreign_checkpoint_reads_as_a_missing_one() -> None:
    shop = Shop(is_open=True)
    async with shop_host(shop.workflow()) as context:
        first = await context.run(request(ORDER))
        with acting_as("bob"):
            foreign = await context.run(request(ORDER, options={"checkpoint": first.run.id}))
            missing = await context.run(request(ORDER, options={"checkpoint": "run_1"}))
    assert foreign.run.failure == missing.run.failure
    assert foreign.run.failure is not None


async def test_another_workflows_checkpoint_is_refused() -> None:
    store = OwnedCheckpoints(await entered(DurableStore()), OWNER, RunPolicy().retention)
    shop = Shop(is_open=True)
    await drive(shop.workflow(), turn_of("run_1", store))
    others = [
        shop.workflow("other"),
        shop.workflow(version="2"),
        Workflow("shop", input_type=Order, steps=[shop.pack, shop.price]),
    ]
    for other in others:
        with pytest.raises(InvalidInputError, match="another"):
            await drive(other, turn_of("run_2", store, options={"checkpoint": "run_1"}))


async def test_without_a_store_that_survives_there_are_none_and_it_is_said() -> None:
    shop = Shop(is_open=True)
    async with hosted(shop.workflow()) as context:
        assert not context.capabilities.checkpoints
        assert not context.capabilities.resumes
        first = await context.run(request(ORDER))
        refused = await context.run(request(ORDER, options={"checkpoint": first.run.id}))
    assert refused.run.failure is not None
    async with shop_host(shop.workflow()) as context:
        assert context.capabilities.checkpoints
        assert context.capabilities.resumes


async def test_runs_side_by_side_share_nothing() -> None:
    shop = Shop(is_open=True)
    async with shop_host(shop.workflow()) as context:
        answers = await asyncio.gather(
            *(context.run(request(f'{{"count": {number}}}')) for number in range(20))
        )
    texts = [answer.result.text if answer.result else "" for answer in answers]
    assert texts == [f"sent {number} for {number * 10}" for number in range(20)]


async def test_questions_are_answered_in_order_each_once() -> None:
    begun: list[str] = []

    async def ask(context: StepContext[Order]) -> list[Any]:
        begun.append("ask")
        return [await context.ask(f"{number}?") for number in range(3)]

    asking: Workflow[Order] = Workflow(
        "asking", input_type=Order, steps=[ask, Step(id="b", run=ask)]
    )
    async with shop_host(asking) as context:
        hosted_run = await context.run(request(ORDER))
        view = await runs_of(context)
        prompts: list[str] = []
        result = hosted_run
        for number in range(6):
            (question,) = (await view.get(hosted_run.run.id)).run.questions
            prompts.append(question.prompt)
            await view.answer(hosted_run.run.id, {question.id: number})
            result = await finished(context, hosted_run.run.id)
    assert prompts == ["0?", "1?", "2?"] * 2
    assert result.result is not None
    assert result.result.outputs == {"ask": [0, 1, 2], "b": [3, 4, 5]}
    assert begun == ["ask"] * 8


async def test_an_attempt_that_died_behind_its_answer_does_not_take_it_twice() -> None:
    store = OwnedCheckpoints(await entered(DurableStore()), OWNER, RunPolicy().retention)

    async def ask(context: StepContext[Order]) -> list[Any]:
        return [await context.ask("a?"), await context.ask("b?")]

    asking: Workflow[Order] = Workflow("asking", input_type=Order, steps=[ask])
    await until_asked(asking, turn_of("run_1", store))
    answer = Answer(values={QuestionId("qst_0.0"): "one"})
    for attempt in (1, 2):
        await until_asked(asking, turn_of("run_1", store, answer=answer, attempt=attempt))
    answer = Answer(values={QuestionId("qst_0.1"): "two"})
    driven = await drive(asking, turn_of("run_1", store, answer=answer))
    assert driven.result.value == ["one", "two"]


@pytest.mark.parametrize(
    "planted", [b"", b"{}", b"\x80\x04N.", b'{"v":2,"k":"workflow_checkpoint","d":{}}']
)
async def test_a_planted_checkpoint_is_refused_once(planted: bytes) -> None:
    store = OwnedCheckpoints(await entered(DurableStore()), OWNER, RunPolicy().retention)
    await store.put("run_1", {"progress": planted})
    shop = Shop()
    with pytest.raises(TargetError) as refused:
        await drive(shop.workflow(), turn_of("run_1", store))
    assert refused.value.code == "interrupted"
    assert shop.begun == []
    assert await store.get("run_1", "progress") is None


async def test_what_was_written_meanwhile_is_not_set_aside() -> None:
    inner = await entered(DurableStore())
    store = OwnedCheckpoints(inner, OWNER, RunPolicy().retention)
    await store.put("run_1", {"a": b"new", "b": b"?"})
    found = [Checkpoint("b", b"?"), Checkpoint("a", b"old")]
    await store.set_aside("run_1", found, UnreadableRecordError("?"))
    assert [one.value for one in await store.list("run_1")] == [b"new", b"?"]
    await store.set_aside("run_1", found[:1], UnreadableRecordError("?"))
    assert [one.value for one in await store.list("run_1")] == [b"new"]


async def test_a_run_cannot_begin_behind_a_checkpoint_that_cannot_be_read() -> None:
    store = OwnedCheckpoints(await entered(DurableStore()), OWNER, RunPolicy().retention)
    await store.put("run_1", {"progress": b"?"})
    with pytest.raises(InvalidInputError, match="not kept any more"):
        await drive(Shop().workflow(), turn_of("run_2", store, options={"checkpoint": "run_1"}))


async def test_checkpoints_are_of_one_owner_and_scope() -> None:
    inner = await entered(DurableStore())
    ours = OwnedCheckpoints(inner, OWNER, RunPolicy().retention)
    other = Owner(tenant="default", isolation_key=IsolationKey("iso_2"))
    theirs = OwnedCheckpoints(inner, other, RunPolicy().retention)
    await ours.put("s", {f"{number:03}": b"x" for number in range(450)})
    await ours.put("s2", {"000": b"y"})
    assert await theirs.get("s", "000") is None
    assert await theirs.list("s") == []
    await theirs.delete("s")
    assert [found.name for found in await ours.list("s", after="447")] == ["448", "449"]
    (newest,) = await ours.list("s", limit=1, newest_first=True)
    assert newest == ("449", b"x")
    await ours.delete("s")
    assert await ours.list("s") == []
    assert await ours.get("s2", "000") == b"y"


def test_a_target_without_checkpoints_is_promised_nothing() -> None:
    plain = TargetCapabilities(streams=True)
    assert capabilities_on(plain, DurableStore()) == plain


def test_an_output_comes_back_as_its_step_says() -> None:
    def price(_: StepContext[Order]) -> Price:
        return Price(total=1)

    def silent(_: Any) -> Any:
        return 1

    def strange(_: Any) -> Any:
        return 1

    del silent.__annotations__["return"]
    strange.__annotations__["return"] = "Nowhere"

    def opaque(_: Any) -> VersionedCodec[int]:
        raise NotImplementedError

    assert restored(Step(id="a", run=price), {"total": 3}) == Price(total=3)
    functions: list[Any] = [silent, strange, opaque]
    for function in functions:
        assert restored(Step(id="a", run=function), {"total": 3}) == {"total": 3}
    assert restored(Step(id="a", run=price), {"other": 3}) == {"other": 3}


async def entered(store: MemoryStateStore) -> MemoryStateStore:
    return await store.__aenter__()


def turn_of(run_id: str, store: OwnedCheckpoints, **fields: Any) -> Turn:
    options: Mapping[str, Any] = fields.pop("options", {})
    said = (Message.user(ORDER),)
    return make_turn(
        messages=said, run_id=RunId(run_id), checkpoints=store, options=options, **fields
    )


async def until_asked(target: Workflow[Order], turn: Turn) -> None:
    """As the engine does: the stream is closed at its question."""
    stream = target.run(turn)
    async for event in stream:
        if event.type == "input_required":
            break
        assert not isinstance(event, StepFinished)
    await stream.aclose()
