"""Recipes as data: what they may say, what is laid over them, and what is wrong in them."""

from pathlib import Path

import pytest

from vocalverse.models.heads.config import HeadKind, OutputKind, Pooling
from vocalverse.training.ensemble import members
from vocalverse.training.recipe import Optimiser, SelectOn, Target
from vocalverse.training.recipe_read import RecipeBroken, ablations, bundled, read, with_seed

SMALL = """
title = "Small"
about = "For a test."

[encoders.ear]
family = "whisper"
folder = "ear"

[heads.one]
dimensions = ["breath"]
encoders = ["ear"]
kind = "mlp"
"""


def written(folder: Path, text: str) -> str:
    (folder / "small.toml").write_text(text, encoding="utf-8")
    return str(folder / "small.toml")


@pytest.mark.parametrize("name", bundled())
def test_every_bundled_recipe_and_each_of_its_ablations_can_be_read_and_differs_from_it(name: str) -> None:
    whole = read(name)
    for ablation in ablations(name):
        changed = read(name, ablation=ablation)
        assert changed.name == f"{name}-{ablation}"
        assert (
            changed.heads,
            changed.encoders,
            changed.training,
            changed.ensemble,
            changed.hearing,
            changed.shares,
        ) != (
            whole.heads,
            whole.encoders,
            whole.training,
            whole.ensemble,
            whole.hearing,
            whole.shares,
        )


def test_the_singmos_recipe_has_the_papers_numbers() -> None:
    recipe = read("singmos")
    head, training = recipe.heads["frames"], recipe.training
    assert (head.pooling, head.hidden, head.dropout, head.embedding) == (Pooling.SCORES, 64, 0.3, 128)
    assert (head.losses[0].name, head.losses[0].margin) == ("clipped_l1", 0.1)
    assert (training.optimiser, training.rate, training.momentum) == (Optimiser.SGD, 1e-3, 0.9)
    assert (training.batch, training.patience, training.longest_gradient) == (15, 15, 1.0)
    assert training.warmup is not None
    assert (training.warmup.domain, training.warmup.epochs) == ("1", 10)


def test_the_mmmos_recipe_makes_sixteen_models_of_each_axis_and_keeps_eight() -> None:
    recipe = read("mmmos")
    found = [one for one in members(recipe) if one.head == "pq"]
    assert len({(one.kind, one.losses, one.seed) for one in found}) == len(found) == 16
    assert {loss.name for one in found for loss in one.losses} == {"utmos", "contrastive", "dcq", "ccc"}
    assert {one.kind for one in found} == {HeadKind.MLP, HeadKind.BILSTM}
    assert (recipe.ensemble.keep, recipe.ensemble.select_on) == (8, SelectOn.BOTH)
    assert all(one.normalise for one in recipe.encoders.values())
    assert recipe.encoders["wavlm"].mix
    assert recipe.training.standardised
    assert (recipe.training.rate, recipe.training.epochs, recipe.hearing.crop_s) == (1e-4, 10, 10.0)


def test_the_dera_mos_recipe_has_the_papers_numbers() -> None:
    recipe = read("dera-mos")
    impression, alignment = recipe.heads["impression"], recipe.heads["alignment"]
    assert (impression.output.kind, impression.output.bins) == (OutputKind.DISTRIBUTION, 20)
    assert [(one.name, one.weight) for one in impression.losses] == [("gaussian", 1.0), ("listwise", 0.01)]
    assert [(one.name, one.weight) for one in alignment.losses] == [("gaussian", 1.0), ("alignment", 0.2)]
    assert (impression.losses[0].sigma, impression.losses[1].temperature) == (0.25, 1.0)
    assert recipe.training.batch == 24
    assert alignment.text == "description"
    assert alignment.cross_attention


def test_the_vocalverse_recipe_hears_whole_songs_and_its_crop_is_an_ablation() -> None:
    whole, crop, pairs = (read("vocalverse", ablation=name) for name in (None, "crop30", "pairwise"))
    assert (whole.hearing.crop_s, crop.hearing.crop_s) == (None, 30.0)
    assert {key: head.encoders for head in whole.heads.values() for key in head.dimensions} == {
        "breath": ("samoye",),
        "technique": ("samoye",),
        "timbre": ("qwen",),
        "emotion": ("qwen",),
    }
    assert pairs.training.target is Target.PAIRS
    assert {head.output.kind for head in pairs.heads.values()} == {OutputKind.PAIRWISE}


def test_changes_go_into_tables_and_what_is_beside_them_stays(tmp_path: Path) -> None:
    path = written(tmp_path, SMALL)
    recipe = read(path, changes=["training.rate=0.5", "heads.one.kind=linear", "ensemble.seeds=[3, 4]"])
    assert (recipe.training.rate, recipe.heads["one"].kind, recipe.ensemble.seeds) == (0.5, HeadKind.LINEAR, (3, 4))
    assert recipe.heads["one"].encoders == ("ear",)
    assert with_seed(recipe, 9).ensemble.seeds == (9, 10)


def test_a_folder_is_seen_from_the_recipe_and_on_the_command_line_from_where_one_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path, SMALL)
    monkeypatch.chdir("/")
    assert read(path).encoders["ear"].folder == str(tmp_path / "ear")
    assert read(path, changes=["encoders.ear.folder=elsewhere"]).encoders["ear"].folder == "/elsewhere"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("trainig.rate=1", "trainig"),
        ("training.rat=1", "rat"),
        ("training.rate='fast'", "training, rate"),
        ("training.rate=0", "training.rate"),
        ("training.pieces=99", "pieces"),
        ("heads.one.kind='gru'", "gru"),
        ("heads.one.encoders=['nose']", "nose"),
        ("heads.one.encoders=[]", "neither encoders nor measures"),
        ("heads.one.losses=[{name='l3'}]", "l3"),
        ("heads.one.losses=[{name='ordinal'}]", "ordinal"),
        ("heads.one.losses=[{name='alignment'}]", "takes text"),
        ("heads.one.losses=[{name='preference'}]", "pairs"),
        ("heads.one.text='lyrics'", "text_encoder"),
        ("heads.two={dimensions=['breath'], kind='mlp', encoders=['ear']}", "two heads"),
        ("shares.test=0.9", "nothing to learn from"),
        ("overall={timbre=1.0}", "timbre"),
        ("=5", "--set"),
        ("training.rate", "KEY=VALUE"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, change: str, said: str) -> None:
    with pytest.raises(RecipeBroken, match=said):
        read(written(tmp_path, SMALL), changes=[change])


def test_an_encoder_that_is_learnt_is_one_heads_and_one_members(tmp_path: Path) -> None:
    path = written(tmp_path, SMALL)
    with pytest.raises(RecipeBroken, match="only one head of one member"):
        read(path, changes=["encoders.ear.finetune='lora'", "ensemble.seeds=[1,2]"])
    with pytest.raises(RecipeBroken, match="not a mix"):
        read(path, changes=["encoders.ear.finetune='full'", "encoders.ear.mix=true"])


def test_a_file_that_is_no_recipe_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecipeBroken, match="no TOML"):
        read(written(tmp_path, "= what"))
    with pytest.raises(RecipeBroken, match="cannot be read"):
        read(str(tmp_path / "absent.toml"))
    with pytest.raises(RecipeBroken, match="vocalverse"):
        read("vocalvers")
    with pytest.raises(RecipeBroken, match="crop30"):
        read("vocalverse", ablation="crop")
