"""A head: frames, measures and text of takes in, an estimate for every dimension out."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from vocalverse.errors import BadInput
from vocalverse.models.heads.batch import Batch, Estimate
from vocalverse.models.heads.bodies import BiLstm, Transformer
from vocalverse.models.heads.config import HeadConfig, HeadKind, Pooling, require_possible
from vocalverse.models.heads.inputs import Known, LayerMix, Measures, Usual
from vocalverse.models.heads.outputs import told
from vocalverse.models.heads.pooling import pooling, unit, weighted_mean
from vocalverse.models.heads.text import AgainstText, Words


def build(config: HeadConfig, *, seed: int = 0) -> "Head":
    """An untrained one; the same seed gives the same weights."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return Head(config)


class Head(nn.Module):
    """Layers are mixed, frames held against the text, read in order and pooled, each only where the config says so;
    what stands beside the frames joins last.
    """

    def __init__(self, config: HeadConfig) -> None:
        super().__init__()
        require_possible(config)
        self.config = config
        self.mixes = nn.ModuleList(LayerMix(e.layers) if e.layers > 1 else nn.Identity() for e in config.encoders)
        self.measures = Measures(len(config.measures)) if config.measures else None
        self.domains = Known(len(config.domains), config.embedding) if config.domains else None
        self.annotators = Known(len(config.annotators), config.embedding) if config.annotators else None
        self.against = _against(config)
        self.body = _body(config)
        widths = [self._row_width()] if config.in_row else [encoder.width for encoder in config.encoders]
        scored = config.pooling is Pooling.SCORES
        pools = [] if scored else [pooling(config.pooling, width, config.hidden) for width in widths]
        self.pools = nn.ModuleList(pools)
        self.usual = nn.ModuleList(Usual(pool.width) for pool in pools) if config.standardised else None
        heard = sum(widths) if scored else sum(pool.width for pool in pools)
        self.trunk = _Trunk(config, heard + self._beside_width())
        self.told = told(config.output, len(config.dimensions))
        self.last = nn.Linear(self.trunk.width, len(config.dimensions) * self.told.channels)

    def forward(self, batch: Batch) -> Estimate:
        words = self._words(batch)
        beside = list(self._beside(batch, words))
        estimate = self._in_row(batch, words, beside) if self.config.in_row else self._apart(batch, beside)
        if self.against is None or words is None:
            return estimate
        return replace(estimate, similarity=self.against.similarity(torch.cat(self._means(batch), dim=-1), words))

    def fit_measures(self, matrix: npt.NDArray[np.floating]) -> None:
        """Learn from [takes, measures] what is usual."""
        if self.measures:
            self.measures.fit(matrix)

    def fit_usual(self, takes: Sequence[Batch]) -> None:
        """Learn from each what is usual of what is pooled."""
        with torch.no_grad():
            by_take = [self._pooled(take) for take in takes]
        for at, usual in enumerate(self.usual or ()):
            assert isinstance(usual, Usual)
            usual.fit(torch.cat([pooled[at] for pooled in by_take]))

    def _apart(self, batch: Batch, beside: Sequence[Tensor]) -> Estimate:
        """Every encoder's frames pooled by themselves."""
        pooled = self._pooled(batch)
        if self.usual is not None:
            pooled = [usual(of) for usual, of in zip(self.usual, pooled, strict=True)]
        return self._tell(torch.cat([*pooled, *beside], dim=-1))

    def _pooled(self, batch: Batch) -> list[Tensor]:
        if self.config.pooling is Pooling.MEAN:
            return self._normalised(self._means(batch))
        mixed = self._mixed(batch)
        return self._normalised([pool(of, s) for pool, of, s in zip(self.pools, mixed, batch.seconds, strict=True)])

    def _in_row(self, batch: Batch, words: Words | None, beside: Sequence[Tensor]) -> Estimate:
        """All encoders' frames side by side, as far as all of them go."""
        frames, seconds = self._mixed(batch), batch.seconds
        least = min(values.shape[1] for values in frames)
        row = _joined([values[:, :least] for values in self._normalised(frames)])
        heard = torch.stack([of[:, :least] for of in seconds]).amin(dim=0)
        if self.against and words and self.against.attending:
            row = self.against.fuse(row, words)
        if self.body:
            row = self.body(row, heard)
        if self.pools:
            return self._tell(torch.cat([self.pools[0](row, heard), *beside], dim=-1))
        everywhere = [one[:, None].expand(-1, least, -1) for one in beside]
        numbers = self.told.squash(self._numbers(_joined([row, *everywhere])))
        averaged = weighted_mean(numbers.flatten(2), heard).view(len(numbers), *numbers.shape[2:])
        estimate: Estimate = self.told(averaged)
        return estimate

    def _mixed(self, batch: Batch) -> list[Tensor]:
        return [mix(values) for mix, values in zip(self.mixes, batch.frames, strict=True)]

    def _means(self, batch: Batch) -> list[Tensor]:
        """Over time. A mix of means is the mean of a mix, and far quicker."""
        means = (
            weighted_mean(values.flatten(2), of).view(len(values), *values.shape[2:])
            for values, of in zip(batch.frames, batch.seconds, strict=True)
        )
        return [mix(mean) for mix, mean in zip(self.mixes, means, strict=True)]

    def _tell(self, vectors: Tensor) -> Estimate:
        estimate: Estimate = self.told(self.told.squash(self._numbers(vectors)))
        return estimate

    def _numbers(self, vectors: Tensor) -> Tensor:
        numbers: Tensor = self.last(self.trunk(vectors))
        return numbers.view(*numbers.shape[:-1], len(self.config.dimensions), self.told.channels)

    def _normalised(self, vectors: Sequence[Tensor]) -> list[Tensor]:
        return [unit(one) if e.normalise else one for one, e in zip(vectors, self.config.encoders, strict=True)]

    def _words(self, batch: Batch) -> Words | None:
        if self.against is None:
            return None
        if batch.text is None or batch.text_mask is None:
            raise BadInput("This head holds sound against text, and was given none.")
        return self.against.read(batch.text, batch.text_mask)

    def _beside(self, batch: Batch, words: Words | None) -> Iterator[Tensor]:
        takes, device = _takes(batch), self.last.weight.device
        if self.measures:
            if batch.measures is None:
                raise BadInput("This head goes by measures, and was given none.")
            yield self.measures(batch.measures)
        for known, ids in ((self.domains, batch.domain), (self.annotators, batch.annotator)):
            if known is not None:
                yield known(torch.zeros(takes, dtype=torch.long, device=device) if ids is None else ids)
        if words:
            yield words.pooled

    def _beside_width(self) -> int:
        embeddings = sum(self.config.embedding for known in (self.domains, self.annotators) if known is not None)
        return (self.measures.width if self.measures else 0) + embeddings + (self.config.hidden if self.against else 0)

    def _row_width(self) -> int:
        return self.body.width if self.body else _entering(self.config)


def _joined(parts: Sequence[Tensor]) -> Tensor:
    """A song's frames are not copied where nothing is joined to them."""
    return torch.cat(list(parts), dim=-1) if len(parts) > 1 else parts[0]


class _Trunk(nn.Sequential):
    """Layers between what was heard and what is told: none in a linear head, one after a body."""

    def __init__(self, config: HeadConfig, width: int) -> None:
        depth = {HeadKind.LINEAR: 0, HeadKind.MLP: config.depth}.get(config.kind, 1)
        widths = [width, *[config.hidden] * depth]
        super().__init__(
            *(nn.Sequential(nn.Linear(a, b), nn.ReLU(), nn.Dropout(config.dropout)) for a, b in pairwise(widths))
        )
        self.width = widths[-1]


def _against(config: HeadConfig) -> AgainstText | None:
    if config.text is None:
        return None
    sound = sum(encoder.width for encoder in config.encoders)
    cross = config.text.cross_attention
    return AgainstText(sound, config.text.width, config.hidden, cross_attention=cross, dropout=config.dropout)


def _body(config: HeadConfig) -> BiLstm | Transformer | None:
    if config.kind not in (HeadKind.BILSTM, HeadKind.TRANSFORMER):
        return None
    body = BiLstm if config.kind is HeadKind.BILSTM else Transformer
    return body(_entering(config), config.hidden, config.depth, config.dropout)


def _entering(config: HeadConfig) -> int:
    """The width of a row, once it was held against the text."""
    fused = config.text is not None and config.text.cross_attention
    return config.hidden if fused else sum(encoder.width for encoder in config.encoders)


def _takes(batch: Batch) -> int:
    some = batch.seconds[0] if batch.seconds else batch.measures
    assert some is not None
    return len(some)
