"""What is left out of a stored record is what its reader puts there again."""

from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from agent_host.codec import VersionedCodec
from agent_host.sparse import sparse
from agent_host.types.json import JsonObject, JsonValue


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    name: str
    account: str = "default"


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    name: str
    of: Whole
    size: int = 0
    limit: int = 3
    is_open: bool = False
    is_new: bool = True
    said: str | None = None
    value: JsonValue = None
    metadata: JsonObject = field(default_factory=dict[str, JsonValue])
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    leaf: Leaf
    other: Leaf | None
    late: "Leaf | None" = None
    leaves: tuple[Leaf, ...] = ()
    below: "tuple[Tree, ...]" = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    """Fields where one empty value is not like another."""

    is_open: bool | None = False
    size: int | None = 0
    names: tuple[str, ...] | None = ()
    metadata: JsonObject | None = field(default_factory=dict[str, JsonValue])
    value: JsonValue = False


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=3)
leaves = st.builds(
    Leaf,
    name=texts,
    of=st.builds(Whole, name=texts, account=texts),
    size=st.integers(-1, 1),
    limit=st.integers(-1, 1),
    is_open=st.booleans(),
    is_new=st.booleans(),
    said=st.none() | texts,
    value=st.none() | st.booleans() | st.just(0) | texts,
    metadata=st.dictionaries(texts, st.none() | texts, max_size=1),
    names=st.lists(texts, max_size=1).map(tuple),
)


def _trees(below: st.SearchStrategy[tuple[Tree, ...]]) -> st.SearchStrategy[Tree]:
    maybe = st.none() | leaves
    return st.builds(
        Tree,
        leaf=leaves,
        other=maybe,
        late=maybe,
        leaves=st.lists(leaves, max_size=2).map(tuple),
        below=below,
    )


def _deeper(inner: st.SearchStrategy[Tree]) -> st.SearchStrategy[Tree]:
    return _trees(st.lists(inner, max_size=2).map(tuple))


TREES = VersionedCodec("tree", 1, Tree)
trees = st.recursive(_trees(st.just(())), _deeper, max_leaves=4)


@given(trees)
def test_it_comes_back(tree: Tree) -> None:
    assert TREES.decode(TREES.encode_own(tree)) == tree == TREES.decode(TREES.encode(tree))


def test_only_what_says_something_is_stored() -> None:
    of = Whole(name="a")
    quiet = Leaf(name="", of=of)
    assert sparse(Leaf)(quiet) == {"name": "", "of": of, "limit": 3, "is_new": True}
    loud = Leaf(name="", of=of, limit=0, is_new=False, said="", value=0, names=("",))
    assert sparse(Leaf)(loud) == {
        "name": "",
        "of": of,
        "limit": 0,
        "is_new": False,
        "said": "",
        "value": 0,
        "names": ("",),
    }
    tree = Tree(leaf=quiet, other=None, leaves=(loud,), below=(Tree(leaf=loud, other=quiet),))
    plain_quiet, plain_loud = sparse(Leaf)(quiet), sparse(Leaf)(loud)
    assert sparse(Tree)(tree) == {
        "leaf": plain_quiet,
        "other": None,
        "leaves": [plain_loud],
        "below": [{"leaf": plain_loud, "other": plain_quiet}],
    }


def test_what_leaves_nothing_out_is_whole() -> None:
    assert sparse(Whole)(Whole(name="a")) == {"name": "a", "account": "default"}


OPEN = VersionedCodec("open", 1, Open)


@given(
    st.builds(
        Open,
        is_open=st.none() | st.booleans(),
        size=st.none() | st.integers(0, 1),
        names=st.none() | st.just(()),
        metadata=st.none() | st.just(dict[str, JsonValue]()),
        value=st.none() | st.booleans() | st.just(0) | st.just("") | st.just([]),
    )
)
def test_one_empty_value_is_not_taken_for_another(value: Open) -> None:
    assert repr(OPEN.decode(OPEN.encode_own(value))) == repr(value)
