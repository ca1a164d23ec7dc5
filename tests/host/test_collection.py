"""No record kind can be forgotten: every collection that the code names is in the table."""

import ast
from pathlib import Path

import agent_host
from agent_host.host.erasure.collection import COLLECTIONS, Whose

SOURCE = Path(agent_host.__file__).parent
CHANNELS = SOURCE.parent / "channels"
STORES = {"stores", "testing"}
"""They are given keys and name none."""


def modules() -> list[Path]:
    found = [
        path for path in SOURCE.rglob("*.py") if path.relative_to(SOURCE).parts[0] not in STORES
    ]
    return found + list(CHANNELS.rglob("*.py"))


def constants(tree: ast.Module) -> dict[str, str]:
    """Names of the module that stand for text."""
    found: dict[str, str] = {}
    for node in tree.body:
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        value = getattr(node, "value", None)
        if (
            isinstance(target, ast.Name)
            and isinstance(value, ast.Constant)
            and isinstance(value.value, str)
        ):
            found[target.id] = value.value
    return found


TREES = {path: ast.parse(path.read_text("utf-8")) for path in modules()}
TEXTS = {path: constants(tree) for path, tree in TREES.items()}


def imported(path: Path, name: str) -> str | None:
    """The text that a name stands for which comes from another module of ours."""
    for node in TREES[path].body:
        if not isinstance(node, ast.ImportFrom) or node.module is None:
            continue
        for alias in node.names:
            if (alias.asname or alias.name) == name:
                source = SOURCE.parent / Path(*node.module.split(".")).with_suffix(".py")
                return TEXTS.get(source, {}).get(alias.name)
    return None


def places(tree: ast.Module) -> list[ast.expr]:
    """What stands where a key is made, as its collection."""
    return [
        node.args[0] if node.args else node.keywords[0].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Key"
    ]


def test_every_collection_of_the_code_is_in_the_table_and_no_other() -> None:
    named: set[str] = set()
    unclear: list[str] = []
    for path, tree in TREES.items():
        for place in places(tree):
            match place:
                case ast.Constant(value=str() as text):
                    named.add(text)
                case ast.Name(id=name) if found := TEXTS[path].get(name) or imported(path, name):
                    named.add(found)
                case _:
                    unclear.append(f"{path.relative_to(SOURCE.parent)}:{place.lineno}")
    # This one goes by the table itself.
    assert {one.rpartition(":")[0] for one in unclear} == {"agent_host/host/erasure/holding.py"}
    assert named == COLLECTIONS.keys()
    assert {name for name, whose in COLLECTIONS.items() if whose is Whose.RUNNER} == {
        name for name in named if name.startswith("task") and name != "task_order"
    }
