"""References to targets: what they find, and what they say when they do not."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_host.errors import ConfigurationError
from agent_host.target_loader import load_target


@pytest.fixture(autouse=True)
def _restored_imports() -> Iterator[None]:
    path, modules = list(sys.path), set(sys.modules)
    yield
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        del sys.modules[name]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory of its own."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


SOURCE = """
from collections.abc import Callable
from dataclasses import dataclass

@dataclass
class Agent:
    name: str = "made"
    def run(self, text: str) -> str:
        return self.name + text

class Space:
    class Inner:
        agent = Agent("inner")

agent = Agent("here")

def make():
    return Agent()

def make_agent() -> Agent:
    return Agent()

def make_unreadable() -> "Nowhere":
    return Agent()

def make_named(name):
    return Agent(name)

def time_of_day() -> str:
    return "noon"

async def make_later() -> Agent:
    return Agent()

def break_down():
    raise LookupError("of my own")
"""


def name_of(found: Any) -> str:
    name = found.name
    assert isinstance(name, str)
    return name


@pytest.mark.parametrize(
    ("reference", "name"),
    [
        ("mine:agent", "here"),
        ("mine.py:agent", "here"),
        ("./mine.py:agent", "here"),
        ("mine", "here"),
        ("mine.py", "here"),
        ("mine:Space.Inner.agent", "inner"),
        ("mine:make()", "made"),
        ("mine.py:make()", "made"),
        ("mine:make_agent", "made"),
        ("mine:make_agent()", "made"),
        ("mine:Agent()", "made"),
    ],
)
def test_a_reference_finds_its_object(folder: Path, reference: str, name: str) -> None:
    (folder / "mine.py").write_text(SOURCE, "utf-8")
    assert name_of(load_target(reference)) == name


def test_a_module_may_be_in_a_package_and_a_file_anywhere(folder: Path) -> None:
    package = folder / "package" / "inner"
    package.mkdir(parents=True)
    (package / "mine.py").write_text("from package.inner import near\nagent = near.value", "utf-8")
    (package / "near.py").write_text("value = 7", "utf-8")
    (package / "alone.py").write_text("import near\nagent = near.value", "utf-8")
    assert load_target("package.inner.mine:agent") == 7
    assert load_target(f"{package / 'alone.py'}:agent") == 7


def test_a_file_may_be_called_like_an_installed_module(folder: Path) -> None:
    (folder / "json.py").write_text("agent = 7", "utf-8")
    assert load_target("json.py:agent") == 7
    assert sys.modules["json"].__name__ == "json"
    assert not hasattr(sys.modules["json"], "agent")


def test_what_a_file_defines_can_be_resolved_by_its_module(folder: Path) -> None:
    source = (
        "from __future__ import annotations\n"
        "from pydantic import BaseModel\n"
        "class Inner(BaseModel):\n    a: int\n"
        "class Outer(BaseModel):\n    inner: Inner\n"
        "agent = Outer.model_validate({'inner': {'a': 1}}).inner.a\n"
    )
    (folder / "mine.py").write_text(source, "utf-8")
    assert load_target("mine.py:agent") == 1


@pytest.mark.parametrize("name", ["make", "make_unreadable", "time_of_day", "make_named"])
def test_a_function_that_may_be_the_target_is_not_called(folder: Path, name: str) -> None:
    (folder / "mine.py").write_text(SOURCE, "utf-8")
    found: Any = load_target(f"mine.py:{name}")
    assert found.__name__ == name


@pytest.mark.parametrize(
    ("reference", "hint"),
    [
        ("mine:agnet", "Did you mean 'agent'"),
        ("mine:Space.Inner.agnet", "Did you mean 'agent'"),
        ("mine:xyzzy", "is not there"),
        ("mine:agent()", "leave out the parentheses"),
        ("mine:make_named()", "needs arguments"),
        ("mine:make_later()", "async"),
        ("mine:make_later", "async"),
        ("mine:a..b", "not an attribute"),
        ("mine:", "not an attribute"),
        ("mine:agent(1)", "not an attribute"),
        ("nowhere:agent", "no module 'nowhere'"),
        ("mine.nowhere:agent", "no module 'mine.nowhere'"),
        ("nowhere.py:agent", "no file"),
        ("..:agent", "not a module's name"),
        ("", "not a module's name"),
        ("a\0.py:agent", "not a reference"),
        ("../mine:agent", "not a module's name"),
        ("empty", "has none of agent, app"),
        ("two.py", "has agent and graph"),
    ],
)
def test_a_wrong_reference_says_what_to_change(folder: Path, reference: str, hint: str) -> None:
    (folder / "mine.py").write_text(SOURCE, "utf-8")
    (folder / "empty.py").write_text("", "utf-8")
    (folder / "two.py").write_text("agent = graph = 1", "utf-8")
    with pytest.raises(ConfigurationError, match=hint):
        load_target(reference)


@pytest.mark.parametrize("reference", ["mine:agent", "mine.py:agent"])
@pytest.mark.parametrize(
    ("source", "cause"),
    [
        ("import not_installed_anywhere", ModuleNotFoundError),
        ("from json import nothing_like_it", ImportError),
        ("1 / 0", ZeroDivisionError),
        ("def", SyntaxError),
    ],
)
def test_the_users_own_error_is_the_cause(
    folder: Path, reference: str, source: str, cause: type[Exception]
) -> None:
    (folder / "mine.py").write_text(source, "utf-8")
    before = _loaded_targets()  # of other tests, whose targets could be imported
    with pytest.raises(ConfigurationError, match=cause.__name__) as caught:
        load_target(reference)
    assert isinstance(caught.value.__cause__, cause)
    assert _loaded_targets() == before


def _loaded_targets() -> set[str]:
    return {name for name in sys.modules if name.startswith("_agent_host_target_")}


def test_a_factory_that_fails_is_the_cause(folder: Path) -> None:
    (folder / "mine.py").write_text(SOURCE, "utf-8")
    with pytest.raises(ConfigurationError, match="of my own") as caught:
        load_target("mine:break_down()")
    assert isinstance(caught.value.__cause__, LookupError)


def test_a_file_inside_a_package_is_sent_to_its_module(folder: Path) -> None:
    (folder / "mine.py").write_text("from . import near", "utf-8")
    with pytest.raises(ConfigurationError, match=r"package\.module:attribute"):
        load_target("mine.py:agent")


def test_a_folder_is_no_file(folder: Path) -> None:
    (folder / "mine.py").mkdir()
    with pytest.raises(ConfigurationError, match="no file"):
        load_target("mine.py:agent")


@given(st.text(max_size=30).filter(lambda text: "agent_host" not in text))
def test_any_text_finds_something_or_is_refused(reference: str) -> None:
    with pytest.raises(ConfigurationError):
        load_target(f"no_such_package_{reference}")
