"""The heads of a release: loaded, held against what feeds them, and asked together where they are an ensemble."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from vocalverse.errors import ReleaseBroken
from vocalverse.models.cache.pooled import in_two
from vocalverse.models.encoders.encoder import EncoderInfo, Frames
from vocalverse.models.heads.batch import Estimate
from vocalverse.models.heads.build import Head
from vocalverse.models.heads.collate import Heard, collate
from vocalverse.models.heads.config import HeadConfig
from vocalverse.models.heads.file import load
from vocalverse.records import TextKind
from vocalverse.release.figures import columns
from vocalverse.release.spec import DimensionSpec, ReleaseSpec
from vocalverse.release.told import together

Heads = Mapping[str, Head]  # by their paths in the release
Tokens = npt.NDArray[np.float32]  # [tokens, width]


@dataclass(frozen=True)
class Feed:
    """What heads will be given, by the names that the release has for it."""

    encoders: Mapping[str, EncoderInfo]
    text_widths: Mapping[str, int]


def open_heads(spec: ReleaseSpec, folder: Path, device: str) -> Heads:
    paths = dict.fromkeys(path for dimension in spec.dimensions for path in dimension.heads)
    return {path: load(folder / path, device=device) for path in paths}


def require_fit(spec: ReleaseSpec, heads: Heads, feed: Feed, folder: Path) -> None:
    """That each head judges the dimensions that it stands for, and takes what it will be given."""
    for dimension in spec.dimensions:
        for path in dimension.heads:
            for wrong in _unfit(heads[path].config, dimension, feed):
                raise ReleaseBroken(f"{folder / path} cannot judge {dimension.key}: {wrong}.")


class Panel:
    """The heads before one take. What several of them need is made once, and each is asked once."""

    def __init__(self, heads: Heads, encoded: Mapping[str, Frames], figures: Mapping[str, float], device: str) -> None:
        self._heads = heads
        self._encoded = encoded
        self._figures = figures
        self._device = device
        self._in_two: dict[str, Frames] = {}
        self._said: dict[tuple[str, TextKind | None, str | None], Estimate] = {}

    def estimate(self, dimension: DimensionSpec, text: Tokens | None) -> Estimate:
        """[1, 1]: of one take and one dimension."""
        return together([self._member(path, dimension, text) for path in dimension.heads])

    def _member(self, path: str, dimension: DimensionSpec, text: Tokens | None) -> Estimate:
        key, head = (path, dimension.text, dimension.text_encoder), self._heads[path]
        if key not in self._said:
            frames = tuple(self._frames(name, head.config) for name in dimension.encoders)
            batch = collate(head.config, [Heard(frames, self._figures, text)], device=self._device)
            with torch.inference_mode():
                self._said[key] = head(batch)
        said, at = self._said[key], head.config.dimensions.index(dimension.key)
        return Estimate(said.value[:, at : at + 1], said.spread[:, at : at + 1])

    def _frames(self, name: str, config: HeadConfig) -> Frames:
        """Two that stand for all of them are enough for most heads; those were trained so, too."""
        if config.needs_frames:
            return self._encoded[name]
        if name not in self._in_two:
            self._in_two[name] = in_two(self._encoded[name])
        return self._in_two[name]


def _unfit(config: HeadConfig, dimension: DimensionSpec, feed: Feed) -> Iterator[str]:
    if dimension.key not in config.dimensions:
        yield f"it judges {', '.join(config.dimensions)}"
    takes = [(one.name, one.width, one.layers) for one in config.encoders]
    given = [(name, feed.encoders[name].width, _layers(feed.encoders[name])) for name in dimension.encoders]
    if takes != given:
        yield f"it takes frames of (encoder, width, layers) {takes}, and the release gives it {given}"
    if unknown := [name for name in config.measures if name not in columns()]:
        yield f"it takes {', '.join(unknown)}, which nothing measures"
    reads = config.text.width if config.text else None
    read = feed.text_widths[dimension.text_encoder] if dimension.text_encoder else None
    if reads != read:
        yield f"it takes text of width {reads}, and the release gives it {read}"


def _layers(info: EncoderInfo) -> int:
    return info.layers + 1 if info.layer is None else 1
