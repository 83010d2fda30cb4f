"""All that can be told of a judge by takes that people rated or compared."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from vocalverse.errors import TooFew
from vocalverse.evaluation.agreement import Ratings
from vocalverse.evaluation.correlation import MEASURES, why_no_order
from vocalverse.evaluation.fairness import Group, groups
from vocalverse.evaluation.figure import Chosen, Figure, Floats, Resampling, figures
from vocalverse.evaluation.intervals import Bin, Sureness, reliability, sureness
from vocalverse.evaluation.judgements import Judgements, Told
from vocalverse.evaluation.ranking import Ranking, automatic_htpr, in_triples
from vocalverse.evaluation.raters import Agreement, agreement_of
from vocalverse.training.manifest import Manifest, Pair

Said = Mapping[str, Mapping[str, Told]]  # of a judge: by dimension, by clip


@dataclass(frozen=True)
class Asked:
    resampling: Resampling = field(default_factory=Resampling)
    triples: int = 300


@dataclass(frozen=True)
class Measured:
    clips: Mapping[str, Figure]  # measures by clip
    systems: Mapping[str, Figure]  # the same of means by system; empty where nobody said what made them


@dataclass(frozen=True)
class OfDimension:
    """What is not known is empty, or None."""

    dimension: str
    judgements: Judgements
    whole: Measured
    domains: Mapping[str, Measured]
    splits: Mapping[str, Measured]
    pairs: Figure  # share in order of what people compared
    agreement: Agreement | None
    reliability: tuple[Bin, ...]
    sureness: Sureness | None
    groups: tuple[Group, ...]
    htpr: Ranking
    triples: Ranking


@dataclass(frozen=True)
class Evaluation:
    judge: str
    data: str
    asked: Asked
    dimensions: tuple[OfDimension, ...]
    not_judged: Mapping[str, str] = field(default_factory=dict)  # clips, and why


def evaluate(manifest: Manifest, said: Said, dimensions: Sequence[str], asked: Asked = Asked()) -> list[OfDimension]:
    """Raises TooFew where nothing that was judged was rated or compared."""
    found = [_of(manifest, said.get(dimension, {}), dimension, asked) for dimension in dimensions]
    if not any(one.judgements.clips or one.pairs.n for one in found):
        raise TooFew(
            f"Nothing that was judged was rated or compared for {', '.join(dimensions) or 'anything'}: the manifest has"
            f" {', '.join(manifest.dimensions) or 'no ratings'}, the judge {', '.join(said) or 'nothing'}. Clips are"
            " known by their ids, which have to be the same."
        )
    return found


def raters_alone(manifest: Manifest, dimensions: Sequence[str], asked: Asked = Asked()) -> list[OfDimension]:
    """Without a judge. Raises TooFew where nobody rated what another rated too."""
    found = [_of(manifest, {}, dimension, asked) for dimension in dimensions]
    for one in found:
        if not any(other.agreement for other in found):
            Ratings.of(manifest.clips, one.dimension).require_several(one.dimension)
    return found


def _of(manifest: Manifest, told: Mapping[str, Told], dimension: str, asked: Asked) -> OfDimension:
    found, resampling = Judgements.of(manifest.clips, told, dimension), asked.resampling
    pairs = [pair for pair in manifest.pairs if pair.dimension == dimension]
    return OfDimension(
        dimension=dimension,
        judgements=found,
        whole=_measured(found, resampling),
        domains=_within(found, "domain", resampling),
        splits=_within(found, "split", resampling),
        pairs=_pairs(manifest, pairs, told, resampling),
        agreement=_agreement(manifest, told, dimension, resampling),
        reliability=reliability(found),
        sureness=sureness(found),
        groups=groups(found, resampling),
        htpr=automatic_htpr(found, asked.triples, resampling),
        triples=in_triples(found, asked.triples, resampling),
    )


def _measured(found: Judgements, resampling: Resampling) -> Measured:
    return Measured(_measures(found.told, found.rated, found.singers, resampling), _by_system(found, resampling))


def _within(found: Judgements, fact: str, resampling: Resampling) -> dict[str, Measured]:
    """Where there are several: one alone would be the whole again."""
    parts = found.by(fact)
    return {word: _measured(found.only(at), resampling) for word, at in parts.items() if len(parts) > 1}


def _measures(told: Floats, rated: Floats, clusters: Sequence[str], resampling: Resampling) -> dict[str, Figure]:
    def reckon(chosen: Chosen) -> dict[str, float | None]:
        return {name: measure(told[chosen], rated[chosen]) for name, measure in MEASURES.items()}

    return figures(reckon, clusters, resampling, why=why_no_order(told, rated))


def _by_system(found: Judgements, resampling: Resampling) -> dict[str, Figure]:
    """Systems are what is drawn: a mean of fewer clips is another mean."""
    systems = found.by("system")
    if not systems:
        return {}
    told, rated = (
        np.asarray([values[places].mean() for places in systems.values()]) for values in (found.told, found.rated)
    )
    return _measures(told, rated, list(systems), resampling)


def _pairs(manifest: Manifest, pairs: Sequence[Pair], told: Mapping[str, Told], resampling: Resampling) -> Figure:
    singers = {clip.id: clip.singer for clip in manifest.clips}
    judged = [pair for pair in pairs if pair.better in told and pair.worse in told]
    if not judged:
        return Figure(None, 0, why="nobody compared any")
    leads = np.asarray([told[pair.better].value - told[pair.worse].value for pair in judged])
    right = np.where(leads == 0, 0.5, leads > 0)

    def reckon(chosen: Chosen) -> dict[str, float | None]:
        return {"in_order": float(right[chosen].mean())}

    return figures(reckon, [singers[pair.better] for pair in judged], resampling)["in_order"]


def _agreement(
    manifest: Manifest, told: Mapping[str, Told], dimension: str, resampling: Resampling
) -> Agreement | None:
    try:
        return agreement_of(manifest.clips, dimension, resampling, {clip: one.value for clip, one in told.items()})
    except TooFew:
        return None
