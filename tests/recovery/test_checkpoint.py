"""A process is killed in the middle of a run, and the next one goes on where it was."""

import asyncio
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from agent_host import AgentHost
from agent_host.types import HostedResult, InputRequired, RunCompleted, RunStatus
from tests.recovery import victim

ROOT = Path(__file__).parents[2]


async def killed(folder: Path, name: str, *, at: str) -> str:
    """The run that was going on when its process was killed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",  # Not -m: a graph's types must have the same name in both lives.
        "from tests.recovery.victim import main; main()",
        str(folder),
        name,
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        assert (await process.stdout.readline()).decode().strip() == at
    finally:
        process.kill()
        await process.wait()
    return (folder / "run").read_text()


@asynccontextmanager
async def second_life(folder: Path, name: str) -> AsyncGenerator[AgentHost]:
    async with victim.make_host(folder, name, phase="second") as host:
        yield host


async def ended(host: AgentHost, run_id: str) -> HostedResult:
    view = await host.context.runs(victim.CALLER)
    async for _ in view.events(run_id):
        pass
    return await view.get(run_id)


def begun(folder: Path) -> list[str]:
    return (folder / "log").read_text().split()


@pytest.mark.parametrize("name", ["workflow", "graph", "graph_in_memory"])
async def test_after_a_crash_a_run_goes_on_behind_its_last_step(tmp_path: Path, name: str) -> None:
    run_id = await killed(tmp_path, name, at="reached")
    async with second_life(tmp_path, name) as host:
        result = await ended(host, run_id)
    assert result.run.status is RunStatus.COMPLETED
    assert result.run.attempt == 2
    assert result.result is not None
    assert begun(tmp_path) == ["price", "middle", "middle"]
    if name == "workflow":
        assert result.result.text == "pay 20"
        assert result.result.outputs == {
            "price": {"total": 20},
            "middle": "middle",
            "bill": "pay 20",
        }
    else:
        value = result.result.value
        assert isinstance(value, dict)
        assert value["trail"] == ["price", "middle", "pay 20"]


@pytest.mark.parametrize("name", ["workflow", "graph", "graph_in_memory"])
async def test_a_run_that_a_host_handed_back_goes_on_behind_its_last_step(
    tmp_path: Path, name: str
) -> None:
    steps = victim.Steps(tmp_path, "first")
    async with victim.make_host(tmp_path, name, phase="first", steps=steps) as host:
        run_id = (await victim.begin(host)).id
        await steps.reached.wait()
    async with second_life(tmp_path, name) as host:
        result = await ended(host, run_id)
    assert result.run.status is RunStatus.COMPLETED
    assert begun(tmp_path) == ["price", "middle", "middle"]


@pytest.mark.parametrize("name", ["asking_graph", "asking_graph_in_memory"])
async def test_a_graphs_question_is_answered_in_another_process(tmp_path: Path, name: str) -> None:
    run_id = await killed(tmp_path, name, at="input_required")
    async with second_life(tmp_path, name) as host:
        view = await host.context.runs(victim.CALLER)
        (question,) = (await view.get(run_id)).run.questions
        await view.answer(run_id, {question.id: "yes"})
        result = await ended(host, run_id)
    assert result.result is not None
    value = result.result.value
    assert isinstance(value, dict)
    assert value["trail"] == ["price", "answered yes", "pay 20"]
    assert begun(tmp_path) == ["price", "middle", "middle"]


async def test_a_workflows_questions_are_answered_in_another_process(tmp_path: Path) -> None:
    run_id = await killed(tmp_path, "asking_workflow", at="input_required")
    for answer in ("one", "two"):
        async with second_life(tmp_path, "asking_workflow") as host:
            view = await host.context.runs(victim.CALLER)
            (question,) = (await view.get(run_id)).run.questions
            await view.answer(run_id, {question.id: answer})
            result = await ended(host, run_id)
            asked = [
                entry.event
                async for entry in view.events(run_id)
                if isinstance(entry.event, InputRequired | RunCompleted)
            ]
    assert [type(event) for event in asked] == [InputRequired, InputRequired, RunCompleted]
    assert result.result is not None
    assert result.result.value == ["one", "two"]
    assert begun(tmp_path) == ["price", "confirm", "confirm", "confirm"]
