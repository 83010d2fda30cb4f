"""The ear and the encoders that a release names, and finds on this machine's models shelf."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.releases import make_tiny_release, reseal
from tests.tiny_encoders import make_tiny
from vocalverse.errors import ModelRefused, ModelUnknown, ReleaseBroken
from vocalverse.models.catalogue import Commercial, find
from vocalverse.models.encoders.catalogue import EncoderEntry
from vocalverse.models.encoders.encoder import Family
from vocalverse.models.shelf import Shelf
from vocalverse.release.ear import ear_of, pinned
from vocalverse.release.judge import Judge
from vocalverse.release.spec import EarSpec, Part
from vocalverse.release.verify import Sealed
from vocalverse.separate.options import EarOptions


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Sealed:
    return make_tiny_release(tmp_path_factory.mktemp("releases"))


def test_a_release_that_says_nothing_of_its_ear_hears_as_everybody(sealed: Sealed, tmp_path: Path):
    assert ear_of(sealed.spec, tmp_path) == EarOptions()


def test_a_model_whose_licence_forbids_a_venue_s_use_is_opened_only_where_the_release_says_so(
    sealed: Sealed, tmp_path: Path
):
    spec = replace(sealed.spec, ear=EarSpec(separator="lite-research"))
    with pytest.raises(ModelRefused, match="lite-research"):
        ear_of(spec, tmp_path)
    part = Part("lite-research", "research only", Commercial.NO, "MIR-1K")
    assert ear_of(replace(spec, parts=(part,)), tmp_path).separator.exists()


def test_a_model_of_the_same_name_and_other_weights_is_refused(sealed: Sealed, tmp_path: Path):
    ear = pinned(EarSpec(), tmp_path)
    published = find("spleeter-2stems").pin
    assert published is not None
    assert published.matches(str(ear.separator_sha256))
    assert ear_of(replace(sealed.spec, ear=ear), tmp_path) == EarOptions()
    with pytest.raises(ReleaseBroken, match="is not the spleeter-2stems that tiny was made with"):
        ear_of(replace(sealed.spec, ear=replace(ear, separator_sha256="f" * 64)), tmp_path)


def test_an_ear_that_is_not_here_is_said_with_how_to_get_it(sealed: Sealed, tmp_path: Path):
    with pytest.raises(ModelUnknown, match="vocalverse models fetch kim-vocals"):
        ear_of(replace(sealed.spec, ear=EarSpec(separator="kim-vocals")), tmp_path)


@pytest.fixture
def outside(sealed: Sealed, tmp_path: Path) -> Sealed:
    """The same release, its encoder's weights on the shelf."""
    encoder = replace(sealed.spec.encoders[0], folder=None, model="tiny-whisper")
    return reseal(sealed.folder, tmp_path, encoders=(encoder,))


def put(models: Path, name: str, seed: int) -> None:
    source = make_tiny(Family.WHISPER, models.parent / f"published-{seed}", seed=seed)
    entry = EncoderEntry(name, Family.WHISPER, licence="MIT", commercial=Commercial.YES, page="a page")
    Shelf(models).encoders.put(entry, source)


def test_an_encoder_is_found_on_the_shelf_and_held_to_its_revision(outside: Sealed, tmp_path: Path):
    models = tmp_path / "models"
    with pytest.raises(ModelUnknown, match="tiny-whisper"):
        Judge.open(outside.folder, models=models)
    put(models, "tiny-whisper", seed=0)
    opened = Judge.open(outside.folder, models=models)
    assert opened.encoders["whisper"].info.revision == outside.spec.encoders[0].revision


def test_another_encoder_under_that_name_is_refused(outside: Sealed, tmp_path: Path):
    put(tmp_path / "models", "tiny-whisper", seed=1)
    with pytest.raises(ReleaseBroken, match="tiny-whisper on the models shelf is not the whisper"):
        Judge.open(outside.folder, models=tmp_path / "models")
