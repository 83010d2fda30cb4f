"""Checkpoints that are not what they should be are refused with what is wrong, and before anything is heard."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from tests.tiny_encoders import make_tiny
from vocalverse.errors import BadInput, ModelBroken, NotFound, VocalVerseError
from vocalverse.models.encoders.checkpoint import weight_files
from vocalverse.models.encoders.encoder import Family
from vocalverse.models.encoders.open import open_encoder

FAMILIES = [
    *(Family.WHISPER, Family.QWEN2_AUDIO, Family.WAV2VEC2, Family.HUBERT, Family.WAVLM, Family.CLAP),
]
Change = Callable[[dict[str, Tensor]], object]


def matrix(tensors: dict[str, Tensor]) -> str:
    """A key that every family's network needs."""
    return next(name for name in sorted(tensors) if name.endswith(("k_proj.weight", "key.weight")))


def changed(folder: Path, change: Change) -> Path:
    path = folder / "model.safetensors"
    tensors = load_file(path)
    change(tensors)
    save_file(tensors, path)
    return folder


def without_one(tensors: dict[str, Tensor]) -> None:
    del tensors[matrix(tensors)]


def with_one_more(tensors: dict[str, Tensor]) -> None:
    name = matrix(tensors)
    tensors[name.removesuffix("weight") + "extra"] = tensors[name].clone()


def with_another_shape(tensors: dict[str, Tensor]) -> None:
    name = matrix(tensors)
    tensors[name] = tensors[name][:, :-1].contiguous()


def with_no_number(tensors: dict[str, Tensor]) -> None:
    tensors[matrix(tensors)][0, 1] = float("nan")


def without_bounds(tensors: dict[str, Tensor]) -> None:
    tensors[matrix(tensors)][1, 0] = float("-inf")


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(
    ("change", "said"),
    [
        (without_one, "lacks"),
        (with_one_more, "extra"),
        (with_another_shape, "shapes"),
        (with_no_number, "no numbers"),
        (without_bounds, "no numbers"),
    ],
)
def test_keys_that_do_not_fit_are_named(tmp_path: Path, family: Family, change: Change, said: str):
    folder = changed(make_tiny(family, tmp_path / "tiny"), change)
    with pytest.raises(ModelBroken, match=said) as refused:
        open_encoder(family, folder, layer=-1)
    assert str(folder) in str(refused.value)
    assert any(name in str(refused.value) for name in ("k_proj", "key."))


@pytest.mark.parametrize("family", FAMILIES)
def test_a_file_that_is_cut_short_is_refused(tmp_path: Path, family: Family):
    path = make_tiny(family, tmp_path / "tiny") / "model.safetensors"
    os.truncate(path, path.stat().st_size - 10)
    with pytest.raises(ModelBroken, match="no whole safetensors"):
        open_encoder(family, path.parent, layer=-1)


@pytest.mark.parametrize("family", FAMILIES)
def test_another_family_s_checkpoint_is_refused(tmp_path: Path, family: Family):
    other = Family.WAVLM if family is not Family.WAVLM else Family.WHISPER
    with pytest.raises(ModelBroken, match=f"of '{other}', not of"):
        open_encoder(family, make_tiny(other, tmp_path / "other"), layer=-1)


@pytest.mark.parametrize("layer", [3, -2])
@pytest.mark.parametrize("family", [Family.WHISPER, Family.WAVLM])
def test_a_layer_that_is_not_there_is_refused(tmp_path: Path, family: Family, layer: int):
    with pytest.raises(BadInput, match="0 to 2"):
        open_encoder(family, make_tiny(family, tmp_path / "tiny"), layer=layer)


def without_weights(folder: Path) -> None:
    (folder / "model.safetensors").unlink()


def without_config(folder: Path) -> None:
    (folder / "config.json").unlink()


def with_config(text: str) -> Callable[[Path], object]:
    return lambda folder: (folder / "config.json").write_text(text)


def with_three_heads(folder: Path) -> None:
    said = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(said | {"encoder_attention_heads": 3}))


def with_another_s_file_alone(folder: Path) -> None:
    without_config(folder)
    without_weights(folder)
    torch.save({"features.0.weight": torch.ones(3, 3)}, folder / "model.pt")


def with_size(family: Family, value: Any) -> Callable[[Path], object]:
    name = {Family.WHISPER: "d_model", Family.WAVLM: "hidden_size"}[family]
    return with_config(json.dumps({"model_type": family.value, name: value}))


@pytest.mark.parametrize(
    ("family", "damage", "error"),
    [
        (Family.WHISPER, without_weights, NotFound),
        (Family.WAVLM, without_config, NotFound),
        (Family.WAVLM, with_config("{"), ModelBroken),
        (Family.WAVLM, with_config("[]"), ModelBroken),
        (Family.WAVLM, with_config("{}"), ModelBroken),
        (Family.WAVLM, with_size(Family.WAVLM, "many"), ModelBroken),
        (Family.WAVLM, with_size(Family.WAVLM, 31), ModelBroken),
        (Family.WHISPER, with_three_heads, ModelBroken),
        (Family.WHISPER, with_another_s_file_alone, ModelBroken),
        (Family.WHISPER, with_size(Family.WHISPER, True), ModelBroken),
        (Family.WHISPER, with_size(Family.WHISPER, -5), ModelBroken),
    ],
)
def test_a_folder_that_lacks_something_is_refused(
    tmp_path: Path, family: Family, damage: Callable[[Path], object], error: type[VocalVerseError]
):
    folder = make_tiny(family, tmp_path / "tiny")
    damage(folder)
    with pytest.raises(error):
        open_encoder(family, folder, layer=-1)


class Attack:
    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> Any:
        return os.system, (f"touch {self.marker}",)


def test_a_pickle_that_runs_code_runs_none(tmp_path: Path):
    folder = make_tiny(Family.WHISPER, tmp_path / "tiny")
    tensors: dict[str, Any] = dict(load_file(folder / "model.safetensors"))
    (folder / "model.safetensors").unlink()
    torch.save(tensors | {"attack": Attack(tmp_path / "marker")}, folder / "pytorch_model.bin")
    with pytest.raises(ModelBroken, match="attack"):
        open_encoder(Family.WHISPER, folder, layer=-1)
    assert not (tmp_path / "marker").exists()


def test_a_missing_shard_is_named(tmp_path: Path):
    folder = make_tiny(Family.WHISPER, tmp_path / "tiny")
    places = dict.fromkeys(load_file(folder / "model.safetensors"), "model-2.safetensors")
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": places}))
    with pytest.raises(ModelBroken, match=r"lacks model-2\.safetensors"):
        open_encoder(Family.WHISPER, folder, layer=-1)


@pytest.mark.parametrize("place", ["../secret.safetensors", "/etc/passwd", 7])
def test_an_index_does_not_lead_out_of_its_folder(tmp_path: Path, place: object):
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {"a": place}}))
    with pytest.raises(ModelBroken):
        weight_files(tmp_path)


def test_two_checkpoints_in_one_folder_are_not_guessed_between(tmp_path: Path):
    for name in ("one.pt", "two.pt"):
        torch.save({"a": torch.ones(1)}, tmp_path / name)
    with pytest.raises(NotFound, match=r"one\.pt, two\.pt"):
        weight_files(tmp_path)
