"""The losses of a recipe, by name, put together over a batch: each dimension by itself, as far as it was rated."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from vocalverse.models.heads.batch import Estimate
from vocalverse.models.heads.config import Output, OutputKind
from vocalverse.training.lessons import Wanted
from vocalverse.training.losses import beside, classes, order, values
from vocalverse.training.recipe import Loss

_OWN_SPREAD = (OutputKind.SCALAR, OutputKind.PAIRWISE)  # others' follows from their classes


@dataclass(frozen=True)
class Rated:
    """One dimension of the takes that were rated on it."""

    value: Tensor  # on the scale, or standardised
    wanted: Tensor  # likewise
    score: Tensor  # what was wanted, on the scale
    estimate: Estimate  # of these takes; of this dimension [takes, …]
    output: Output


@dataclass(frozen=True)
class Kind:
    of: Callable[[Rated, Loss], Tensor]
    output: OutputKind | None = None  # that a head must have for it
    compares: bool = False  # takes comparisons, not scores


@dataclass(frozen=True)
class Standard:
    """Of every dimension's scores [dimensions]."""

    mean: Tensor
    scale: Tensor


def _said(**named: float | None) -> dict[str, float]:
    """What the recipe does not say is as the loss has it."""
    return {name: value for name, value in named.items() if value is not None}


def _ordinal(of: Rated, loss: Loss) -> Tensor:
    return classes.ordinal(_logits(of), of.score, low=of.output.low)


def _gaussian(of: Rated, loss: Loss) -> Tensor:
    said = {"low": of.output.low, "high": of.output.high} | _said(sigma=loss.sigma)
    return classes.gaussian_bins(_logits(of), of.score, **said)


def _alignment(of: Rated, loss: Loss) -> Tensor:
    assert of.estimate.similarity is not None
    return beside.alignment(of.estimate.similarity, of.score, low=of.output.low, high=of.output.high)


def _qamro(of: Rated, loss: Loss) -> Tensor:
    return order.qamro(of.estimate.value, of.score, low=of.output.low, high=of.output.high)


def _listwise(of: Rated, loss: Loss) -> Tensor:
    return order.listwise(of.value, of.wanted, **_said(temperature=loss.temperature))


def _preference(of: Rated, loss: Loss) -> Tensor:
    return order.preference(of.value, of.wanted)


LOSSES: Mapping[str, Kind] = {
    "l1": Kind(lambda of, loss: values.l1(of.value, of.wanted, **_said(margin=loss.margin))),
    "clipped_l1": Kind(lambda of, loss: values.clipped_l1(of.value, of.wanted, **_said(threshold=loss.margin))),
    "squared": Kind(lambda of, loss: values.squared(of.value, of.wanted)),
    "utmos": Kind(lambda of, loss: values.utmos(of.value, of.wanted, **_said(threshold=loss.margin))),
    "ccc": Kind(lambda of, loss: values.ccc(of.value, of.wanted)),
    "contrastive": Kind(lambda of, loss: order.contrastive(of.value, of.wanted, **_said(margin=loss.margin))),
    "dcq": Kind(lambda of, loss: order.dcq(of.value, of.wanted)),
    "listwise": Kind(_listwise),
    "qamro": Kind(_qamro),
    "ordinal": Kind(_ordinal, OutputKind.ORDINAL),
    "gaussian": Kind(_gaussian, OutputKind.DISTRIBUTION),
    "alignment": Kind(_alignment),
    "preference": Kind(_preference, compares=True),
}


class Objective:
    """What a head is to make small. With a standard, losses see scores as that has them."""

    def __init__(
        self, losses: Sequence[Loss], output: Output, dimensions: int, standard: Standard | None = None
    ) -> None:
        self.dimensions = dimensions
        self._losses = losses
        self._output = output
        self._standard = standard

    def __call__(self, estimate: Estimate, wanted: Wanted) -> Tensor:
        wanted = Wanted(*(tensor.to(estimate.value.device) for tensor in (wanted.scores, *_comparisons(wanted))))
        total = estimate.value.sum() * 0.0 + estimate.spread.sum() * 0.0
        for dimension in range(self.dimensions):
            total = total + self._of_scores(estimate, wanted, dimension) + self._of_pairs(estimate, wanted, dimension)
        return total / self.dimensions

    def _of_scores(self, estimate: Estimate, wanted: Wanted, dimension: int) -> Tensor:
        rated = torch.isfinite(wanted.scores[:, dimension])
        if not bool(rated.any()):
            return estimate.value.new_zeros(())
        of = self._rated(_column(estimate, dimension, rated), wanted.scores[rated, dimension], dimension)
        named = [(LOSSES[loss.name], loss) for loss in self._losses if not LOSSES[loss.name].compares]
        total = sum((loss.weight * kind.of(of, loss) for kind, loss in named), estimate.value.new_zeros(()))
        if self._output.kind in _OWN_SPREAD:
            total = total + beside.spread(of.estimate.spread, of.estimate.value, of.score)
        return total

    def _of_pairs(self, estimate: Estimate, wanted: Wanted, dimension: int) -> Tensor:
        here = wanted.dimension == dimension
        if not bool(here.any()):
            return estimate.value.new_zeros(())
        value = estimate.value[:, dimension]
        better, worse = value[wanted.better[here]], value[wanted.worse[here]]
        of = Rated(better, worse, worse, estimate, self._output)
        named = [(LOSSES[loss.name], loss) for loss in self._losses if LOSSES[loss.name].compares]
        return sum((loss.weight * kind.of(of, loss) for kind, loss in named), value.new_zeros(()))

    def _rated(self, estimate: Estimate, score: Tensor, dimension: int) -> Rated:
        value, wanted = estimate.value, score
        if self._standard is not None:
            mean, scale = self._standard.mean[dimension].to(value), self._standard.scale[dimension].to(value)
            value, wanted = (value - mean) / scale, (score - mean) / scale
        return Rated(value, wanted, score, estimate, self._output)


def standard_of(scores: Tensor) -> Standard:
    """Of [takes, dimensions], not a number where nothing was said."""
    known = [column[torch.isfinite(column)] for column in scores.T]
    mean = torch.stack([column.mean() if len(column) else column.new_zeros(()) for column in known])
    scale = torch.stack([column.std(correction=0) if len(column) else column.new_ones(()) for column in known])
    return Standard(mean, torch.where(scale > 0, scale, 1.0))


def _comparisons(wanted: Wanted) -> tuple[Tensor, Tensor, Tensor]:
    return wanted.better, wanted.worse, wanted.dimension


def _column(estimate: Estimate, dimension: int, rated: Tensor) -> Estimate:
    return Estimate(
        estimate.value[rated, dimension],
        estimate.spread[rated, dimension],
        None if estimate.logits is None else estimate.logits[rated, dimension],
        None if estimate.similarity is None else estimate.similarity[rated],
    )


def _logits(of: Rated) -> Tensor:
    assert of.estimate.logits is not None
    return of.estimate.logits
