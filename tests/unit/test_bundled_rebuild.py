"""The bundled releases made anew, small: out of a few singers who gasp."""

from dataclasses import replace
from pathlib import Path

import pytest

from vocalverse.models.catalogue import Commercial
from vocalverse.training.bundled import corpus, made, rebuild
from vocalverse.training.bundled.compare import compare
from vocalverse.training.bundled.rebuild import LITE, Ask
from vocalverse.training.course import Course
from vocalverse.training.ensemble import Member
from vocalverse.training.recipe import Recipe
from vocalverse.training.recipe_read import read


def nobody(_member: Member, _course: Course) -> None:
    return


def small(named: str, *, ablation: str | None) -> Recipe:
    recipe = read(named, ablation=ablation, changes=["training.epochs=1"])
    return replace(recipe, heads={"breath": recipe.heads["breath"]})


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corpus, "KINDS", frozenset({"gasps"}))
    monkeypatch.setattr(made, "_TAKE", 9)
    monkeypatch.setattr(made, "_SONG", 9)
    monkeypatch.setattr(rebuild, "_SINGERS", 8)
    monkeypatch.setattr(rebuild, "_SONGS", 3)
    monkeypatch.setattr(rebuild, "read", small)


def test_out_of_made_singers_alone_comes_a_release_that_is_settled_and_free(tmp_path: Path) -> None:
    (sealed,) = rebuild.rebuild(Ask(tmp_path, tmp_path / "models"), nobody)
    assert sealed.spec.name == LITE
    assert sealed.spec.commercial is Commercial.YES
    assert [bool(one.heads) for one in sealed.spec.dimensions] == [True, False, False, False]
    assert all(one.calibration.reach != 1.0 for one in sealed.spec.dimensions)
    assert compare(sealed, sealed.folder.parent).differences == ()
    assert compare(sealed, tmp_path / "nowhere").bundled is None
