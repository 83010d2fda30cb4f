"""The encoder that comes with the package: whole, as good as the published one, and at hand where nothing was put in."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile
from safetensors.torch import load_file, save_file

from tests.tiny_encoders import make_tiny
from vocalverse.errors import Conflict, ModelBroken
from vocalverse.models.encoders.catalogue import find_encoder
from vocalverse.models.encoders.encoder import Encoder, Family, whole
from vocalverse.models.encoders.open import open_encoder
from vocalverse.models.encoders.shelf import BUNDLED, EncoderShelf
from vocalverse.models.encoders.sound import Sound
from vocalverse.models.shelf import Shelf
from vocalverse.samples.make import TAKES

NAME = "whisper-tiny-en"
GOLDEN = Path(__file__).parent.parent / "golden" / "whisper_tiny_en.npz"
EVERY = 20  # frames


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return open_encoder(Family.WHISPER, BUNDLED / NAME, layer=-1, threads=1)


@pytest.fixture
def shelf(tmp_path: Path) -> EncoderShelf:
    return Shelf(tmp_path / "models").encoders


@pytest.mark.parametrize("take", TAKES, ids=lambda take: take.stem)
def test_eight_bits_say_what_the_published_weights_say(encoder: Encoder, take: Path):
    samples, rate_hz = soundfile.read(take, dtype="float32", always_2d=True)
    sound = Sound(samples.mean(axis=1), rate_hz)
    ours = encoder.encode(sound, whole(sound)).values[::EVERY]
    theirs = np.load(GOLDEN)[take.stem].astype(np.float32)
    assert np.corrcoef(ours.ravel(), theirs.ravel())[0, 1] > 0.999
    ours, theirs = (frames - theirs.mean(axis=0) for frames in (ours, theirs))  # what is told of this moment alone
    assert np.corrcoef(ours.ravel(), theirs.ravel())[0, 1] > 0.999


def test_it_is_small_and_as_it_was_put_in(encoder: Encoder, shelf: EncoderShelf):
    found = shelf.get(NAME)
    assert found.bytes < 9e6
    assert found.revision == encoder.info.revision
    assert shelf.changed(NAME) == ()


def test_it_is_at_hand_where_nobody_put_anything_in(shelf: EncoderShelf):
    assert not shelf.folder.exists()
    assert shelf.path_of(NAME) == BUNDLED / NAME
    assert [one.name for one in shelf.installed()] == [NAME]


def test_nothing_else_is_put_in_under_its_name(tmp_path: Path, shelf: EncoderShelf):
    entry = find_encoder(NAME)
    assert entry
    with pytest.raises(Conflict, match="another revision"):
        shelf.put(entry, make_tiny(Family.WHISPER, tmp_path / "other"))
    assert shelf.put(entry, BUNDLED / NAME) == shelf.get(NAME)
    assert not shelf.folder.exists()


def test_what_is_damaged_in_the_package_is_made_good_beside_it(tmp_path: Path):
    entry, whole_one = find_encoder(NAME), BUNDLED / NAME
    assert entry
    package = tmp_path / "package"
    EncoderShelf(package, bundled=tmp_path).put(entry, whole_one)
    (package / NAME / "config.json").write_text("{}")
    shelf = EncoderShelf(tmp_path / "models", bundled=package)
    assert shelf.changed(NAME) == ("config.json",)
    shelf.put(entry, whole_one)
    assert (shelf.changed(NAME), shelf.path_of(NAME).parent) == ((), shelf.folder)


def test_int8_without_its_scale_is_told(tmp_path: Path):
    folder = shutil.copytree(BUNDLED / NAME, tmp_path / NAME)
    tensors = load_file(folder / "model.safetensors")
    del tensors["layers.0.fc1.weight.scale"]
    save_file(tensors, folder / "model.safetensors")
    with pytest.raises(ModelBroken, match=r"layers\.0\.fc1\.weight is stored as int8 without a scale"):
        open_encoder(Family.WHISPER, folder, layer=-1)
