"""From what a judge said to triples that listeners put in order."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any
from uuid import UUID

from vocalverse.errors import BadInput
from vocalverse.evaluation.predictions import Predictions
from vocalverse.evaluation.triples import Performance, Triple, draw
from vocalverse.records import Tier
from vocalverse.store.listening import Judged, NewTake, NewTriple
from vocalverse.training.manifest import Clip, Manifest


@dataclass(frozen=True)
class Candidate:
    """A performance, and where its sound is: a recording of a venue's, or a clip of a manifest's."""

    performance: Performance
    recording_id: UUID | None = None
    clip: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Plan:
    triples: int = 30
    attention: int = 3  # triples beside these, whose Low take is spoiled
    seed: int = 0


def of_manifest(manifest: Manifest, said: Predictions, dimension: str) -> list[Candidate]:
    """The clips that something was said of."""
    unknown = sorted(set(said) - {clip.id for clip in manifest.clips})
    if unknown:
        raise BadInput(f"{len(unknown)} of the predictions are of no clip in the manifest, such as {unknown[0]!r}.")
    judged = [clip for clip in manifest.clips if dimension in said.get(clip.id, {})]
    if not judged:
        there = ", ".join(sorted({name for scores in said.values() for name in scores}))
        raise BadInput(f"Nothing is said of {dimension!r}. There is {there or 'nothing'}.")
    return [Candidate(_performance(clip, said[clip.id][dimension]), clip=_kept(clip)) for clip in judged]


def of_recordings(judged: Sequence[Judged]) -> list[Candidate]:
    return [
        Candidate(Performance(str(one.recording_id), one.score, one.singer, one.song), recording_id=one.recording_id)
        for one in judged
    ]


def planned(candidates: Sequence[Candidate], dimension: str, plan: Plan) -> list[NewTriple]:
    known = {one.performance.id: one for one in candidates}
    pool = [one.performance for one in candidates]
    drawn = draw(pool, plan.triples + plan.attention, seed=plan.seed)
    return [_new(triple, known, dimension, attention=at >= plan.triples) for at, triple in enumerate(drawn)]


def _new(triple: Triple, known: Mapping[str, Candidate], dimension: str, *, attention: bool) -> NewTriple:
    tiered = {Tier.HIGH: triple.high, Tier.MEDIUM: triple.medium, Tier.LOW: triple.low}
    takes = [
        NewTake(tier, one.score, recording_id=known[one.id].recording_id, clip=known[one.id].clip)
        for tier, one in tiered.items()
    ]
    if attention:
        takes[-1] = replace(takes[-1], spoiled=True)
    return NewTriple(dimension, takes)


def _performance(clip: Clip, score: float) -> Performance:
    return Performance(clip.id, score, clip.singer, clip.song)


def _kept(clip: Clip) -> dict[str, Any]:
    """As it goes into a manifest again; what it was rated stays where it was."""
    said = asdict(replace(clip, ratings=())) | {"audio": str(clip.audio.absolute())}
    return {name: value for name, value in said.items() if value}
