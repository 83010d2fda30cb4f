"""One member of an ensemble from its first weights to its file."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from vocalverse.errors import TooFew
from vocalverse.models.encoders.open import open_encoder
from vocalverse.models.heads import file as files
from vocalverse.models.heads.build import Head, build
from vocalverse.models.heads.collate import collate, measures_of
from vocalverse.training.course import Course, Epoch, Lessons, attend
from vocalverse.training.ensemble import Known, Member, config_of
from vocalverse.training.finetune import Learnt, learnt
from vocalverse.training.lessons import Comparison, Lesson, Row, asked, lessons
from vocalverse.training.manifest import Clip, Manifest
from vocalverse.training.objective import Objective, Standard, standard_of
from vocalverse.training.places import OpenReader, Place
from vocalverse.training.pupil import Pupil
from vocalverse.training.recipe import Finetune, HeadRecipe, Recipe, Target
from vocalverse.training.splits import TRAIN, VALIDATION, Parts
from vocalverse.training.states import write_whole
from vocalverse.training.studio import Studio

_STATE, _HEAD, _TOLD, _ENCODERS = "state.pt", "head.safetensors", "told.json", "encoders"


@dataclass(frozen=True)
class School:
    """What all members share."""

    recipe: Recipe
    manifest: Manifest
    parts: Parts
    studio: Studio
    known: Known
    places: Mapping[str, Place]  # of the encoders as they were published
    folder: Path
    device: str = "cpu"
    reader: OpenReader | None = None  # of the clips' text


@dataclass(frozen=True)
class Taught:
    member: Member
    head: Head
    file: Path
    history: tuple[Epoch, ...]
    encoders: Mapping[str, Path]  # checkpoints of those that were learnt along with it


@dataclass(frozen=True)
class Said:
    """Of clips, by a member or by several together. [clips, dimensions] each."""

    value: npt.NDArray[np.float64]
    spread: npt.NDArray[np.float64]


def teach(member: Member, school: School, heard: Callable[[Course], None]) -> Taught:
    """Goes on where it was stopped; one that is done is read."""
    folder = school.folder / "members" / member.name
    if not (folder / _TOLD).exists():
        course, pupil = _begun(member, school)
        if (folder / _STATE).exists():
            course.resume(folder / _STATE)
        with _same_every_time(school.device):
            attend(course, folder / _STATE, heard=heard)
        course.finish()
        _write(pupil, course.history, folder)
    return _read(member, school, folder)


def said(taught: Taught, school: School, clips: Sequence[Clip]) -> Said:
    """As a release serves: through the files that were written, and nobody is told who rates."""
    config = taught.head.config
    pupil = Pupil(taught.head, school.studio, {}, forgotten=1.0, device=school.device)
    found = []
    with torch.inference_mode():
        for clip in clips:
            estimate = pupil([Row(clip.id)], forgetting=None)
            found.append(torch.stack([estimate.value[0], estimate.spread[0]]).double().cpu().numpy())
    both = np.asarray(found).reshape(len(clips), 2, len(config.dimensions))
    return Said(both[:, 0], both[:, 1])


def _begun(member: Member, school: School) -> tuple[Course, Pupil]:
    recipe, studio = school.recipe, school.studio
    head_recipe = recipe.heads[member.head]
    head = build(config_of(member, head_recipe, recipe, school.known), seed=member.seed)
    _fit_usual(head, school)
    pupil = Pupil(
        head,
        studio,
        _learnt(member, head_recipe, school),
        forgotten=recipe.training.forgotten,
        device=school.device,
    )
    taught = _lessons(head_recipe, school)
    standard = _standard(taught.learnt, len(head_recipe.dimensions)) if recipe.training.standardised else None
    objective = Objective(member.losses, head.config.output, len(head_recipe.dimensions), standard)
    return Course(pupil, taught, objective, recipe.training, seed=member.seed), pupil


def _fit_usual(head: Head, school: School) -> None:
    if not (head.config.measures or head.config.standardised):
        return
    rows = [school.studio.heard(Row(clip.id), head.config) for clip in school.parts[TRAIN]]
    if head.config.measures:
        head.fit_measures(measures_of(head.config, rows).numpy())
    if head.config.standardised:
        head.fit_usual([collate(head.config, [row]) for row in rows])


def _learnt(member: Member, head: HeadRecipe, school: School) -> dict[str, Learnt]:
    recipes = {name: school.recipe.encoders[name] for name in head.encoders}
    return {
        name: learnt(one, school.places[name].folder, seed=member.seed, device=school.device)
        for name, one in recipes.items()
        if one.finetune is not Finetune.FROZEN
    }


def _lessons(head: HeadRecipe, school: School) -> Lessons:
    """What is kept back is asked for as it serves: no rater is told of."""
    training = school.recipe.training
    learnt = lessons(school.manifest, school.parts[TRAIN], head.dimensions, training.target)
    plain = Target.MEAN if training.target is Target.RATERS else training.target
    kept_back = lessons(school.manifest, school.parts[VALIDATION], head.dimensions, plain)
    warmup = training.warmup
    if warmup is None or not warmup.epochs:
        return Lessons(learnt, kept_back)
    clips = [clip for clip in school.parts[TRAIN] if clip.domain == warmup.domain]
    if not clips:
        there = ", ".join(sorted({repr(clip.domain) for clip in school.parts[TRAIN]}))
        raise TooFew(
            f"No clip to learn from is of the domain {warmup.domain!r}, with which training begins; there are {there}."
            " Name another (--set training.warmup.domain=…), or take the ablation no-mdf."
        )
    first = lessons(school.manifest, clips, head.dimensions, training.target)
    return Lessons(learnt, kept_back, first, warmup.epochs)


def _standard(learnt: Sequence[Lesson | Comparison], dimensions: int) -> Standard:
    return standard_of(asked(learnt, dimensions).wanted.scores)


def _write(pupil: Pupil, history: Sequence[Epoch], folder: Path) -> None:
    """What says that it is done comes last; what it could go on from is no longer wanted then."""
    pupil.module.to("cpu")
    for name, one in pupil.learnt.items():
        one.write(folder / _ENCODERS / name)
    files.save(pupil.head, folder / _HEAD)
    told = json.dumps([asdict(epoch) for epoch in history])
    write_whole(folder / _TOLD, lambda file: file.write(told.encode()))
    (folder / _STATE).unlink(missing_ok=True)


def _read(member: Member, school: School, folder: Path) -> Taught:
    history = tuple(Epoch(**told) for told in json.loads((folder / _TOLD).read_text(encoding="utf-8")))
    encoders = {path.name: path for path in sorted((folder / _ENCODERS).glob("*"))}
    for name, place in encoders.items():
        encoder = open_encoder(school.recipe.encoders[name].family, place, layer=-1, device=school.device)
        school.studio.ears[name] = replace(school.studio.ears[name], encoder=encoder, learnt=False)
    head = files.load(folder / _HEAD, device=school.device)
    return Taught(member, head, folder / _HEAD, history, encoders)


@contextmanager
def _same_every_time(device: str) -> Iterator[None]:
    """On a CPU; a GPU's LSTMs add up in an order of their own."""
    before = torch.are_deterministic_algorithms_enabled()
    torch.use_deterministic_algorithms(before or device == "cpu")
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before)
