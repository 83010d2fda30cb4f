import os
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vocalverse.toml import WrongError, as_toml, from_table, read_table


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True)
class Leaf:
    size: float
    colour: Colour = Colour.RED


@dataclass(frozen=True)
class Tree:
    name: str
    leaves: tuple[Leaf, ...] = ()
    crown: Leaf | None = None
    rings: int = 0
    alive: bool = True
    marks: tuple[str, ...] = ()
    weights: dict[str, float] = field(default_factory=dict)
    kinds: dict[str, Leaf] = field(default_factory=dict)


WORDS = st.text(st.characters(exclude_categories=["Cs"]))
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
LEAVES = st.builds(Leaf, NUMBERS, st.sampled_from(Colour))
TREES = st.builds(
    Tree,
    name=WORDS,
    leaves=st.lists(LEAVES, max_size=3).map(tuple),
    crown=st.none() | LEAVES,
    rings=st.integers(-(2**63), 2**63 - 1),
    alive=st.booleans(),
    marks=st.lists(WORDS, max_size=3).map(tuple),
    weights=st.dictionaries(WORDS, NUMBERS, max_size=3),
    kinds=st.dictionaries(WORDS, LEAVES, max_size=3),
)


@given(tree=TREES)
def test_whatever_is_written_is_read_as_it_was(tree: Tree, tmp_path_factory: pytest.TempPathFactory):
    path = tmp_path_factory.mktemp("toml") / "tree.toml"
    path.write_text(as_toml(tree), encoding="utf-8", newline="")
    assert from_table(Tree, read_table(path)) == tree


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ({}, "the file lacks name."),
        ({"name": "oak", "leafs": []}, "the file says leafs; known are name, leaves"),
        ({"name": 1}, "name: 1 is not text."),
        ({"name": "oak", "rings": 1.0}, "rings: 1.0 is not a whole number."),
        ({"name": "oak", "rings": True}, "rings: True is not a whole number."),
        ({"name": "oak", "alive": 1}, "alive: 1 is not true or false."),
        ({"name": "oak", "leaves": {}}, "leaves: {} is not a list."),
        ({"name": "oak", "leaves": [3]}, "leaves 1: 3 is not a table."),
        ({"name": "oak", "leaves": [{"size": 1}, {}]}, "leaves 2 lacks size."),
        ({"name": "oak", "leaves": [{"size": "1"}]}, "leaves 1, size: '1' is no number."),
        ({"name": "oak", "crown": {"size": 10**400}}, "is no number."),
        ({"name": "oak", "crown": {"size": float("nan")}}, "crown, size: nan is no number."),
        ({"name": "oak", "crown": {"size": 1, "colour": "green"}}, "crown, colour: 'green' is none of red, blue."),
        ({"name": "oak", "crown": {"size": 1, "colour": []}}, "crown, colour: [] is none of red, blue."),
        ({"name": "oak", "weights": {"a": "b"}}, "weights.a: 'b' is no number."),
    ],
)
def test_what_does_not_fit_is_told_with_its_place(said: dict[str, object], wrong: str):
    with pytest.raises(WrongError) as told:
        from_table(Tree, said)
    assert wrong in str(told.value)


@pytest.mark.parametrize(
    ("data", "wrong"),
    [
        (b"name = ", "no TOML in UTF-8"),
        (b"name = '\xff'", "no TOML in UTF-8"),
        (b"#" * (2**20 + 1), "larger than 1 MiB"),
        (b"a = " + b"[" * 100_000, "no TOML"),
    ],
)
def test_a_file_that_is_no_toml_is_told_why(data: bytes, wrong: str, tmp_path: Path):
    (tmp_path / "file.toml").write_bytes(data)
    with pytest.raises(WrongError, match=wrong):
        read_table(tmp_path / "file.toml")


def test_what_is_no_file_is_not_waited_for(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe.toml")
    for path in (tmp_path, tmp_path / "pipe.toml"):
        with pytest.raises(WrongError, match="no plain file"):
            read_table(path)
    with pytest.raises(WrongError, match=r"cannot be read \(No such file"):
        read_table(tmp_path / "gone.toml")
