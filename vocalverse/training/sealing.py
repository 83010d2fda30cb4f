"""From what was learnt to a release that serves."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import vocalverse
from vocalverse.models.encoders.encoder import Family
from vocalverse.records import WorkerClass
from vocalverse.release.card import CARD, card
from vocalverse.release.seal import seal
from vocalverse.release.spec import DimensionSpec, EarSpec, EncoderSpec, OverallSpec, Part, ReleaseSpec, TextEncoderSpec
from vocalverse.release.verify import Sealed
from vocalverse.training.ensemble import Known
from vocalverse.training.licences import commercial
from vocalverse.training.manifest import Clip
from vocalverse.training.outcome import Outcome
from vocalverse.training.reasoned import heard_beside
from vocalverse.training.recipe import EncoderRecipe, Recipe
from vocalverse.training.recipe_read import as_table
from vocalverse.training.states import write_whole
from vocalverse.training.teach import School, Taught

_LARGE = frozenset({Family.QWEN2_AUDIO, Family.SAMOYE})  # hundreds of millions of weights: a song takes a CPU minutes


@dataclass(frozen=True)
class Learnt:
    """All that a release is made of."""

    school: School
    chosen: Mapping[str, Sequence[Taught]]  # members by head
    outcomes: Sequence[Outcome]
    ear: EarSpec  # what recordings will be heard through


def seal_release(learnt: Learnt, name: str, folder: Path) -> Sealed:
    spec = _spec(learnt, name)
    run = learnt.school.folder
    recipe = json.dumps(as_table(learnt.school.recipe), indent=1).encode()
    write_whole(run / "recipe.json", lambda file: file.write(recipe))
    write_whole(run / CARD, lambda file: file.write(_card(spec, learnt).encode()))
    files = {"recipe.json": run / "recipe.json", CARD: run / CARD, **dict(_files(learnt))}
    return seal(spec, files, folder / name)


def _spec(learnt: Learnt, name: str) -> ReleaseSpec:
    recipe = learnt.school.recipe
    encoders = tuple(_encoder(one, recipe.encoders[one], learnt) for one in _used(recipe))
    return ReleaseSpec(
        name=name,
        title=recipe.title,
        dimensions=tuple(_dimensions(learnt)),
        encoders=encoders,
        text_encoders=tuple(_reader(recipe, learnt)),
        overall=_overall(recipe, learnt.school.known),
        ear=learnt.ear,
        worker_class=WorkerClass.GPU if any(one.family in _LARGE for one in encoders) else WorkerClass.CPU,
        parts=tuple(_parts(learnt)),
        measured_on=" ".join(_measured(learnt)),
        made_by=vocalverse.__version__,
    )


def _used(recipe: Recipe) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for head in recipe.heads.values() for name in head.encoders))


def _dimensions(learnt: Learnt) -> Iterator[DimensionSpec]:
    """Those of the heads; where evidence is reasoned, all that there are tables of."""
    reasoned = learnt.school.recipe.reasoned
    heard = {outcome.dimension: outcome for outcome in learnt.outcomes}
    if reasoned is None:
        yield from (_dimension(outcome, learnt) for outcome in learnt.outcomes)
        return
    for one in reasoned.dimensions:
        outcome = heard.get(one.key)
        yield _beside(one, outcome, learnt) if outcome else one


def _beside(reasoned: DimensionSpec, outcome: Outcome, learnt: Learnt) -> DimensionSpec:
    head = learnt.school.recipe.heads[outcome.head]
    heads = tuple(_path(one) for one in learnt.chosen[outcome.head])
    return replace(heard_beside(reasoned, head, outcome.strengths), heads=heads)


def _overall(recipe: Recipe, known: Known) -> OverallSpec | None:
    if recipe.reasoned:
        return recipe.reasoned.overall
    return OverallSpec(weights=dict(recipe.overall), low=known.low, high=known.high) if recipe.overall else None


def _dimension(outcome: Outcome, learnt: Learnt) -> DimensionSpec:
    recipe, known = learnt.school.recipe, learnt.school.known
    head = recipe.heads[outcome.head]
    return DimensionSpec(
        key=outcome.dimension,
        title=recipe.titles.get(outcome.dimension, outcome.dimension.capitalize()),
        heads=tuple(_path(one) for one in learnt.chosen[outcome.head]),
        encoders=head.encoders,
        low=known.low,
        high=known.high,
        text=head.text,
        text_encoder=_READER if head.text else None,
        calibration=outcome.calibration,
    )


_READER = "text"


def _path(taught: Taught) -> str:
    return f"heads/{taught.member.name}.safetensors"


def _encoder(name: str, recipe: EncoderRecipe, learnt: Learnt) -> EncoderSpec:
    """What was learnt, and what was named by its folder, lies in the release; the rest on the models shelf."""
    info = learnt.school.studio.ears[name].encoder.info
    inside = recipe.folder is not None or name in _own(learnt)
    return EncoderSpec(
        name=name,
        family=recipe.family,
        revision=info.revision,
        folder=f"encoders/{name}" if inside else None,
        model=None if inside else recipe.model,
        layer=info.layer,
        voice=recipe.voice,
    )


def _reader(recipe: Recipe, learnt: Learnt) -> Iterator[TextEncoderSpec]:
    said, opened = recipe.text_encoder, learnt.school.reader
    if said is not None and opened is not None:
        folder = f"encoders/{_READER}" if said.folder else None
        yield TextEncoderSpec(_READER, opened.encoder.revision, folder=folder, model=None if folder else said.model)


def _own(learnt: Learnt) -> Mapping[str, Path]:
    """Checkpoints of encoders that were learnt along with a head."""
    return {name: path for members in learnt.chosen.values() for one in members for name, path in one.encoders.items()}


def _files(learnt: Learnt) -> Iterator[tuple[str, Path]]:
    own = _own(learnt)
    for members in learnt.chosen.values():
        yield from ((_path(one), one.file) for one in members)
    for name in _used(learnt.school.recipe):
        if name in own:
            yield f"encoders/{name}", own[name]
        elif learnt.school.recipe.encoders[name].folder:
            yield f"encoders/{name}", learnt.school.places[name].folder
    said, opened = learnt.school.recipe.text_encoder, learnt.school.reader
    if said is not None and opened is not None and said.folder:
        yield f"encoders/{_READER}", opened.place.folder


def _parts(learnt: Learnt) -> Iterator[Part]:
    """A release may be used as freely as the least free of the recordings that it was learnt from."""
    used = _used(learnt.school.recipe)
    yield from (learnt.school.places[name].part for name in used)
    if learnt.school.reader is not None:
        yield learnt.school.reader.place.part
    clips = [clip for part in learnt.school.parts.values() for clip in part]
    for licence in sorted({clip.licence for clip in clips}):
        count = sum(clip.licence == licence for clip in clips)
        yield Part("heads", licence, commercial(licence), f"learnt from {count} clips under it")
    yield from learnt.school.recipe.parts


def _measured(learnt: Learnt) -> Iterator[str]:
    school = learnt.school
    if school.recipe.hearing.crop_s is not None:
        yield f"Learnt from {school.recipe.hearing.crop_s:g} s of each clip, not from all of it."
    for outcome in learnt.outcomes:
        test = outcome.test
        if outcome.in_order is not None:
            yield f"{outcome.dimension}: {outcome.in_order:.0%} of {outcome.pairs} pairs that it did not learn from in order."
        if test is None:
            if outcome.in_order is None:
                yield f"{outcome.dimension}: on nothing; no clip of the test was rated."
            continue
        order = test.figures["srcc"].value
        yield (
            f"{outcome.dimension}: on {len(test.wanted)} clips of {test.singers} singers that it did not learn from, mean"
            f" squared error {test.figures['mse'].value:.3f} (telling all the mean: {test.mse_of_mean:.3f}), rank"
            f" correlation {'unknown' if order is None else format(order, '.2f')}."
        )


def _card(spec: ReleaseSpec, learnt: Learnt) -> str:
    """The release's own, and what it was learnt from."""
    school = learnt.school
    lines = [card(spec).rstrip(), "", "## What it was learnt from", "", f"Recipe `{school.recipe.name}`.", ""]
    lines += ["| part | clips | singers | songs |", "| --- | --- | --- | --- |"]
    lines += [
        f"| {name} | {len(clips)} | {_count(clips, 'singer')} | {_count(clips, 'song')} |"
        for name, clips in school.parts.items()
    ]
    return "\n".join([*lines, *_intervals(learnt.outcomes)]) + "\n"


def _intervals(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """Where clips were rated; of what was only compared nobody knows where it lies."""
    rated = [(outcome.dimension, outcome.test.held) for outcome in outcomes if outcome.test is not None]
    if rated:
        yield from ("", "| dimension | intervals hold | mean width | of one width for all: hold | width |")
        yield "| --- | --- | --- | --- | --- |"
    for dimension, held in rated:
        cells = (dimension, f"{held.coverage:.0%}", f"{held.width:.2f}", f"{held.constant_coverage:.0%}")
        yield f"| {' | '.join(cells)} | {held.constant_width:.2f} |"


def _count(clips: Sequence[Clip], fact: str) -> int:
    return len({getattr(clip, fact) for clip in clips})
