"""The shape of the repository: sizes, names, folders, packaging. What a linter cannot say."""

import ast
import os
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]

FOLDERS = {".ci", "agent_host", "benchmarks", "channels", "deploy", "docs", "examples", "tests"}
LEFT_OVER = {"__pycache__", "build", "dist", "node_modules"}
CODE = ("agent_host", "benchmarks", "channels", "docs", "examples")

SOURCE_LINES = 400
TEST_LINES = 500

BANNED_WORDS = {"base", "common", "helper", "helpers", "manager", "misc", "util", "utils"}
BANNED_MODULES = {"cloudpickle", "dill", "marshal", "pickle", "shelve"}
OWN_MACHINE = re.compile(r"(?<![\w.])/(?:root|home/\w+|Users/\w+|work)/")

CHANNEL_FILES = {
    "README.md",
    "__init__.py",
    "channel.py",
    "config.py",
    "inbound.py",
    "outbound.py",
    "py.typed",
    "quality.toml",
    "schema.py",
}

SLEEPS_ALLOWED: dict[str, str] = {
    "tests/served.py": "a target that takes its time is what is served",
    "tests/durable/target.py": "it looks for a file that another process makes",
    "tests/outbound/slow.py": "a server that takes its time is what is sent to",
}
"""Test file to the reason why waiting for a condition would not do."""


@cache
def all_files() -> tuple[Path, ...]:
    """Every file that belongs to the project, from its root, without what tools leave behind."""
    return tuple(sorted(_walk(ROOT)))


def _walk(root: Path) -> Iterator[Path]:
    for folder, names, files in os.walk(root):
        names[:] = [name for name in names if _belongs(name)]
        yield from (Path(folder, file).relative_to(ROOT) for file in files)


def _belongs(name: str) -> bool:
    return name == ".ci" or not (name.startswith(".") or name in LEFT_OVER)


def modules(*folders: str) -> list[Path]:
    return [path for path in all_files() if path.suffix == ".py" and path.parts[0] in folders]


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse((ROOT / path).read_text("utf-8"))


@cache
def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def channel_packages() -> set[str]:
    return {path.parts[1] for path in all_files() if path.parts[0] == "channels"}


def test_the_top_level_folders_are_the_documented_ones() -> None:
    assert {path.parts[0] for path in all_files() if len(path.parts) > 1} <= FOLDERS


def test_files_are_short_enough_to_be_one_thing() -> None:
    def too_long(paths: list[Path], limit: int) -> dict[str, int]:
        lengths = {str(path): len((ROOT / path).read_text("utf-8").splitlines()) for path in paths}
        return {path: length for path, length in lengths.items() if length > limit}

    assert too_long(modules(*CODE), SOURCE_LINES) == {}
    assert too_long(modules("tests"), TEST_LINES) == {}


def test_every_module_says_what_it_is() -> None:
    written = [path for path in modules(*CODE, "tests") if tree(path).body]
    silent = [str(path) for path in written if not ast.get_docstring(tree(path))]
    assert silent == []


def test_every_module_says_what_is_public() -> None:
    """Names of `__all__` are those defined here without an underscore, constants aside."""
    wrong: dict[str, set[str]] = {}
    for path in modules("agent_host", "channels"):
        exported = set(exported_names(tree(path)))
        defined = {
            node.name
            for node in tree(path).body
            if isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef))
            and not node.name.startswith("_")
        }
        if defined - exported:
            wrong[str(path)] = defined - exported
    assert wrong == {}


def exported_names(module: ast.Module) -> list[str]:
    for node in module.body:
        match node:
            case (
                ast.Assign(targets=[ast.Name(id="__all__")], value=ast.List(elts=elements))
                | ast.AnnAssign(target=ast.Name(id="__all__"), value=ast.List(elts=elements))
            ):
                return [str(ast.literal_eval(element)) for element in elements]
            case _:
                pass
    return []


def test_names_say_what_a_thing_is() -> None:
    wrong: list[str] = []
    for path in modules(*CODE, "tests"):
        if BANNED_WORDS & set(path.stem.lower().split("_")):
            wrong.append(str(path))
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.ClassDef):
                words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+", node.name)
                if BANNED_WORDS & {word.lower() for word in words}:
                    wrong.append(f"{path}: {node.name}")
    assert wrong == []


def test_channel_folders_are_what_is_packaged() -> None:
    packages = channel_packages()
    names = {package.removeprefix("agent_host_") for package in packages}
    table, tools = project()["project"], project()["tool"]
    build = tools["hatch"]["build"]

    assert all(package.startswith("agent_host_") for package in packages)
    assert set(table["entry-points"]["agent_host.channels"]) == names
    assert names <= set(table["optional-dependencies"])
    assert set(build["targets"]["wheel"]["packages"]) == {
        "agent_host",
        *(f"channels/{package}" for package in packages),
    }
    assert set(tools["coverage"]["run"]["source"]) == {"agent_host", *packages}
    assert packages <= set(tools["ruff"]["lint"]["isort"]["known-first-party"])


def test_every_channel_is_under_the_import_contracts() -> None:
    linter = project()["tool"]["importlinter"]
    packages = channel_packages()
    contracts = {contract["name"]: contract for contract in linter["contracts"]}
    of_channels = contracts[
        "Of the host, a channel knows values, errors, context, seams and wire pieces"
    ]
    plain = contracts["Parsing and rendering are plain functions"]
    pickled = contracts["Nothing is pickled"]

    assert set(linter["root_packages"]) == {"agent_host", *packages}
    assert set(of_channels["source_modules"]) == packages
    assert set(contracts["The host knows no channel"]["forbidden_modules"]) == packages
    assert set(plain["source_modules"]) == {
        f"{package}.{module}"
        for package in packages
        for module in ("inbound", "outbound", "schema")
    }
    assert set(pickled["source_modules"]) == {"agent_host", *packages}
    assert set(pickled["forbidden_modules"]) == BANNED_MODULES


@pytest.mark.parametrize("package", sorted(channel_packages()))
def test_a_channel_folder_has_the_files_that_all_have(package: str) -> None:
    present = {path.name for path in all_files() if path.parts[:2] == ("channels", package)}
    assert CHANNEL_FILES - present == set()


def test_every_entry_point_leads_to_a_file() -> None:
    groups = {**project()["project"]["entry-points"], "scripts": project()["project"]["scripts"]}
    missing: list[str] = []
    for group, entries in groups.items():
        for name, reference in entries.items():
            place = Path(*reference.partition(":")[0].split("."))
            sources = (ROOT, ROOT / "channels")
            candidates = [
                r / p for r in sources for p in (place.with_suffix(".py"), place / "__init__.py")
            ]
            if not any(candidate.is_file() for candidate in candidates):
                missing.append(f"{group}: {name}")
    assert missing == []


def test_every_extra_is_documented() -> None:
    documents = [path for path in all_files() if path.suffix == ".md"]
    named: set[str] = set()
    for path in documents:
        text = (ROOT / path).read_text("utf-8")
        for extras in re.findall(r"(?:agent-host-server|\.)\[([a-z0-9,-]+)\]", text):
            named |= set(extras.split(","))
    assert set(project()["project"]["optional-dependencies"]) - named == set()


def test_nothing_is_pickled() -> None:
    found = [
        f"{path}: {name}"
        for path in modules(*CODE, "tests")
        for name in imported_names(tree(path))
        if name.partition(".")[0] in BANNED_MODULES
    ]
    assert found == []


def test_the_contract_suites_run_against_real_parts() -> None:
    found = [
        f"{path}: {name}"
        for path in [*modules("tests"), *modules("agent_host")]
        if "contract" in path.parts or "testing" in path.parts
        for name in imported_names(tree(path))
        if name.startswith(("unittest.mock", "mock", "pytest_mock"))
    ]
    assert found == []


def imported_names(module: ast.Module) -> Iterator[str]:
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_tests_wait_for_conditions_and_do_not_sleep() -> None:
    found: list[str] = []
    for path in modules("tests"):
        for node in ast.walk(tree(path)):
            match node:
                case ast.Call(
                    func=ast.Attribute(
                        value=ast.Name(id="time" | "asyncio" | "anyio"), attr="sleep"
                    ),
                    args=[argument],
                ) if not (isinstance(argument, ast.Constant) and argument.value == 0):
                    found.append(f"{path}:{node.lineno}")
                case _:
                    pass
    assert [place for place in found if place.partition(":")[0] not in SLEEPS_ALLOWED] == []


def test_no_file_names_a_place_on_one_machine() -> None:
    found: list[str] = []
    for path in all_files():
        try:
            text = (ROOT / path).read_text("utf-8")
        except UnicodeDecodeError:  # an image or the like
            continue
        found += [f"{path}: {match[0]}" for match in OWN_MACHINE.finditer(text)]
    assert found == []
