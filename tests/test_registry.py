"""Entry points: found by name, loaded only when asked for, and errors that name the fix."""

import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic_ai import Agent
from pydantic_ai.models.test import TestModel
from pydantic_ai.toolsets import FunctionToolset

from agent_host.errors import ConfigurationError, MissingExtraError, UnsupportedTargetError
from agent_host.registry import (
    adapt_target,
    channel_names,
    load_adapters,
    load_channel,
    load_store,
)
from agent_host.workflows import StepContext, Workflow
from tests.adapters.graphs import ScriptedModel, chat_graph, saying


def step(context: StepContext[str]) -> str:
    return context.input


def echo(text: str) -> str:
    return text


class Runner:
    def run(self, text: str) -> str:
        return text


@pytest.mark.parametrize(
    ("candidate", "name"),
    [
        (echo, "echo"),
        (Runner(), "Runner"),
        (Runner, "Runner"),
        (Agent(TestModel(), name="agent"), "agent"),
        (chat_graph(ScriptedModel(script=[saying("")])).compile(name="graph"), "graph"),
    ],
)
def test_every_supported_object_finds_its_adapter(candidate: object, name: str) -> None:
    assert adapt_target(candidate, "given").description.name == name


def test_a_workflow_is_a_target_already() -> None:
    workflow = Workflow("one", input_type=str, steps=[step])
    assert adapt_target(workflow, "given") is workflow


@pytest.mark.parametrize("candidate", [7, "text", None, object(), FunctionToolset()])
def test_what_nobody_takes_is_told_what_is_supported(candidate: object) -> None:
    with pytest.raises(UnsupportedTargetError) as caught:
        adapt_target(candidate, "given")
    for adapter in load_adapters():
        assert adapter.supports in str(caught.value)


def test_the_general_adapters_are_asked_last() -> None:
    names = [type(adapter).__name__ for adapter in load_adapters()]
    assert names[-2:] == ["FunctionAdapter", "RunnableAdapter"]


def test_choosing_an_adapter_loads_no_framework() -> None:
    code = (
        "import sys\n"
        "from agent_host.registry import adapt_target\n"
        "adapt_target(lambda text: text, 'given')\n"
        "print([m for m in ('pydantic_ai', 'langgraph', 'langchain_core') if m in sys.modules])\n"
    )
    run = [sys.executable, "-c", code]
    printed = subprocess.run(run, capture_output=True, text=True, check=True).stdout
    assert printed == "[]\n"


def test_what_is_installed_is_found_by_name() -> None:
    assert "rest" in channel_names()
    assert load_store("memory").__name__ == "MemoryStateStore"


def test_a_name_that_is_not_there_is_told_the_near_miss() -> None:
    with pytest.raises(ConfigurationError, match="Did you mean 'rest'"):
        load_channel("rset")
    with pytest.raises(ConfigurationError, match="Installed: disk, memory"):
        load_store("postgres")


@pytest.fixture
def plugin(tmp_path: Path) -> Iterator[Path]:
    """Another distribution's channels, installed but in want of something."""
    metadata = tmp_path / "other_plugin-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: other-plugin\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(
        "[agent_host.channels]\n"
        "needy = other_needy:Needy\n"
        "gone = other_gone:Gone\n"
        "empty = other_empty:Empty\n"
        "whole = other_whole:Whole\n"
    )
    (tmp_path / "other_needy.py").write_text("import not_installed_anywhere\n")
    (tmp_path / "other_empty.py").write_text("")
    (tmp_path / "other_whole.py").write_text("class Whole:\n    pass\n")
    sys.path.insert(0, str(tmp_path))
    yield tmp_path
    sys.path.remove(str(tmp_path))


@pytest.mark.usefixtures("plugin")
@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("needy", "from other-plugin, needs the module 'not_installed_anywhere'"),
        ("gone", "Install other-plugin again"),
        ("empty", "Install other-plugin again"),
    ],
)
def test_another_packages_channel_that_cannot_load_names_its_package(name: str, hint: str) -> None:
    with pytest.raises(ConfigurationError, match=hint) as caught:
        load_channel(name)
    assert not isinstance(caught.value, MissingExtraError)
    assert caught.value.__cause__ is not None


@pytest.mark.usefixtures("plugin")
def test_another_packages_channel_is_as_good_as_ours() -> None:
    assert load_channel("whole").__module__ == "other_whole"


def test_our_own_part_without_its_extra_names_the_extra(plugin: Path) -> None:
    metadata = plugin / "agent_host_server-0.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: agent-host-server\nVersion: 0.0\n"
    )
    (metadata / "entry_points.txt").write_text("[agent_host.channels]\nneedy_one = other_needy:N\n")
    importlib.invalidate_caches()
    with pytest.raises(MissingExtraError, match=r"agent-host-server\[needy-one\]"):
        load_channel("needy_one")
