"""What all members of a run share, opened once: encoders, clips, names of domains and raters."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from vocalverse.models.cache.cache import EncoderCache
from vocalverse.models.encoders.encoder import Encoder
from vocalverse.models.encoders.open import open_encoder
from vocalverse.models.encoders.opening import LAST
from vocalverse.models.encoders.text import open_text_encoder
from vocalverse.models.heads.config import HeadConfig
from vocalverse.separate.ear import Ear as VoiceEar
from vocalverse.training.ensemble import Known, config_of, members
from vocalverse.training.listen import Listener
from vocalverse.training.manifest import Clip, Manifest
from vocalverse.training.places import OpenReader, Place, place_of
from vocalverse.training.recipe import EncoderRecipe, Finetune, Recipe, Target
from vocalverse.training.splits import TEST, TRAIN, Splits
from vocalverse.training.studio import Ear, Shelves, Studio
from vocalverse.training.teach import School


@dataclass(frozen=True)
class Means:
    """Where things are and what runs them."""

    folder: Path  # the run's
    models: Path  # the shelf
    cache: Path
    device: str = "cpu"
    ear: VoiceEar | None = None  # takes voices out of their backings, where the recipe hears them so


def open_school(recipe: Recipe, manifest: Manifest, splits: Splits, means: Means) -> School:
    places = {name: place_of(name, one, means.models) for name, one in recipe.encoders.items()}
    used = {name for head in recipe.heads.values() for name in head.encoders}
    ears = {name: _ear(one, places[name], recipe, means) for name, one in recipe.encoders.items() if name in used}
    reader = _reader(recipe, means)
    clips = [clip for part in splits.parts.values() for clip in part]
    shelves = Shelves(EncoderCache(means.cache, narrow=False), means.folder)
    listener = Listener.open(recipe.hearing, means.ear)
    studio = Studio(clips, listener, ears, shelves, (lambda text: reader.encoder.encode([text])[0]) if reader else None)
    known = _known(recipe, manifest, splits[TRAIN], ears, reader)
    return School(recipe, manifest, splits.parts, studio, known, places, means.folder, means.device, reader)


def configs(school: School) -> tuple[HeadConfig, ...]:
    """Of all members' heads."""
    recipe = school.recipe
    return tuple(config_of(one, recipe.heads[one.head], recipe, school.known) for one in members(recipe))


def tests(splits: Splits) -> tuple[Clip, ...]:
    """A manifest may have several: test1, test2."""
    return tuple(clip for name, part in splits.parts.items() if name.startswith(TEST) for clip in part)


def _ear(recipe: EncoderRecipe, place: Place, whole: Recipe, means: Means) -> Ear:
    layer = None if recipe.mix else LAST if recipe.layer is None else recipe.layer
    encoder: Encoder = open_encoder(recipe.family, place.folder, layer=layer, device=means.device)
    return Ear(encoder, recipe.voice, learnt=recipe.finetune is not Finetune.FROZEN)


def _reader(recipe: Recipe, means: Means) -> OpenReader | None:
    if recipe.text_encoder is None or not any(head.text for head in recipe.heads.values()):
        return None
    place = place_of("text", recipe.text_encoder, means.models)
    return OpenReader(place, open_text_encoder(place.folder, device=means.device))


def _known(
    recipe: Recipe, manifest: Manifest, learnt_from: Sequence[Clip], ears: Mapping[str, Ear], reader: OpenReader | None
) -> Known:
    raters = {rating.rater for clip in learnt_from for rating in clip.ratings if rating.rater}
    return Known(
        encoders={name: ear.encoder.info for name, ear in ears.items()},
        domains=tuple(sorted({clip.domain for clip in learnt_from if clip.domain})),
        raters=tuple(sorted(raters)) if recipe.training.target is Target.RATERS else (),
        text_width=reader.encoder.width if reader else 0,
        low=manifest.low,
        high=manifest.high,
    )
