"""Members of an ensemble: who they are, and which of them are kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

from vocalverse.errors import TooFew
from vocalverse.evaluation import correlation
from vocalverse.models.encoders.encoder import EncoderInfo
from vocalverse.models.heads.config import EncoderInput, HeadConfig, HeadKind, Output, TextInput
from vocalverse.training.manifest import Clip
from vocalverse.training.recipe import HeadRecipe, Loss, Recipe, SelectOn

_FEWEST = 3  # clips that can be put in order at all

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Member:
    """One head that is learnt."""

    name: str
    head: str  # the recipe's
    kind: HeadKind
    losses: tuple[Loss, ...]
    seed: int


@dataclass(frozen=True)
class Known:
    """What heads are built for, beside what their recipe says."""

    encoders: Mapping[str, EncoderInfo]
    domains: tuple[str, ...]
    raters: tuple[str, ...]  # none: the head is not told whose word is asked
    text_width: int
    low: float
    high: float


def members(recipe: Recipe) -> tuple[Member, ...]:
    """Every head with every kind, every loss and every seed."""
    found = []
    for name, head in recipe.heads.items():
        kinds = recipe.ensemble.kinds or (head.kind,)
        losses = tuple((loss,) for loss in recipe.ensemble.losses) or (head.losses,)
        mixed = [(kind, loss, seed) for kind in kinds for loss in losses for seed in recipe.ensemble.seeds]
        found += [Member(f"{name}-{at:02}", name, *one) for at, one in enumerate(mixed, 1)]
    return tuple(found)


def config_of(member: Member, head: HeadRecipe, recipe: Recipe, known: Known) -> HeadConfig:
    encoders = tuple(
        EncoderInput(
            name,
            known.encoders[name].width,
            layers=known.encoders[name].layers + 1 if recipe.encoders[name].mix else 1,
            normalise=recipe.encoders[name].normalise,
        )
        for name in head.encoders
    )
    return HeadConfig(
        kind=member.kind,
        dimensions=head.dimensions,
        encoders=encoders,
        measures=head.measures,
        text=TextInput(known.text_width, head.cross_attention) if head.text else None,
        pooling=head.pooling,
        output=Output(head.output.kind, known.low, known.high, head.output.bins),
        hidden=head.hidden,
        depth=head.depth,
        dropout=head.dropout,
        domains=known.domains if head.domains else (),
        annotators=known.raters,
        embedding=head.embedding,
        standardised=head.standardised,
    )


def require_selectable(recipe: Recipe, clips: Sequence[Clip]) -> None:
    """Before anything is learnt: that there are clips to choose members on."""
    if not _chooses(recipe):
        return
    for part, chosen in _sets(recipe.ensemble.select_on, [clip.synthetic for clip in clips]).items():
        if chosen.sum() < _FEWEST:
            raise TooFew(
                f"Members are chosen on {part} clips, and {int(chosen.sum())} of the {len(clips)} to validate on are that:"
                " give more of them (`synthetic` in the manifest), or --set ensemble.select_on=all."
            )


def kept(recipe: Recipe, said: Mapping[str, Floats], wanted: Floats, clips: Sequence[Clip]) -> tuple[str, ...]:
    """The names of the best members of one head, the best first. `said` [clips, dimensions] by member, of clips that
    they did not learn from. On several sets of clips a member is as good as it is on the one where it is worst.
    """
    if not _chooses(recipe):
        return tuple(said)
    sets = _sets(recipe.ensemble.select_on, [clip.synthetic for clip in clips])
    scores = np.asarray([[_order(one[of], wanted[of]) for of in sets.values()] for one in said.values()])
    ranks = rankdata(-scores, axis=0)
    best = np.lexsort((-scores.mean(axis=1), ranks.max(axis=1)))
    names = list(said)
    return tuple(names[at] for at in best[: recipe.ensemble.keep])


def _chooses(recipe: Recipe) -> bool:
    ensemble = recipe.ensemble
    count = len(members(recipe)) // len(recipe.heads)
    return ensemble.keep is not None and ensemble.keep < count


def _sets(on: SelectOn, synthetic: Sequence[bool]) -> dict[str, npt.NDArray[np.bool_]]:
    made = np.asarray(synthetic, bool)
    every = {"any": made | True, "natural": ~made, "synthetic": made}
    chosen = {SelectOn.ALL: ["any"], SelectOn.BOTH: ["natural", "synthetic"]}.get(on, [on.value])
    return {name: every[name] for name in chosen}


def _order(said: Floats, wanted: Floats) -> float:
    """Spearman's correlation, the mean over dimensions; a member that says the same of all has none."""
    found = []
    for ours, theirs in zip(said.T, wanted.T, strict=True):
        rated = np.isfinite(theirs)
        found.append(correlation.srcc(ours[rated], theirs[rated]) or 0.0)
    return float(np.mean(found))
