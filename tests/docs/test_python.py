"""Every Python block of the documents runs as it stands, and what it makes can be hosted."""

import ast
import asyncio
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest

from agent_host.registry import adapt_target
from agent_host.types import RunCompleted, TextDelta
from tests.adapters.driving import drive, make_turn
from tests.docs.page import NO_RUN, PAGES, Block

TYPED = {"Order": '{"item": "tea", "count": 2}', "Claim": '{"amount": 200}'}
"""What to say to a target with typed input, by the name of its model."""

BLOCKS = [
    pytest.param(block, id=f"{page}:{block.line}")
    for page in PAGES
    for block in page.blocks("python")
]


@pytest.fixture
def module() -> Iterator[ModuleType]:
    """A module for a block to run in; its name is not `__main__`, so it need not serve for ever."""
    made = ModuleType("a_block_of_the_documents")
    sys.modules[made.__name__] = made
    yield made
    del sys.modules[made.__name__]


@pytest.mark.parametrize("block", BLOCKS)
def test_a_block_runs_and_its_agent_answers(block: Block, module: ModuleType) -> None:
    if block.note:
        mark, _, reason = block.note.partition(":")
        assert mark == NO_RUN, f"{block.note!r} is no mark"
        assert reason.strip(), "say why it is not run"
        ast.parse(block.code)
        return
    exec(compile(block.code, "<block>", "exec"), vars(module))  # noqa: S102 - the test's purpose
    agent: Any = vars(module).get("agent")
    if agent is not None:
        text = next((json for name, json in TYPED.items() if hasattr(module, name)), "hello")
        driven = asyncio.run(drive(adapt_target(agent, "given"), make_turn(text), *[True] * 3))
        assert driven.of(TextDelta) or driven.of(RunCompleted)[0].result.text


def test_few_blocks_are_not_run() -> None:
    marked = [block for page in PAGES for block in page.blocks("python") if block.note]
    assert len(marked) <= 3
