"""The heads of a release: loaded, held against what feeds them, and asked together where they are an ensemble."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch

from vocalverse.errors import ReleaseBroken
from vocalverse.models.encoders.encoder import EncoderInfo
from vocalverse.models.heads.batch import Estimate
from vocalverse.models.heads.build import Head
from vocalverse.models.heads.collate import Heard, collate
from vocalverse.models.heads.config import HeadConfig
from vocalverse.models.heads.file import load
from vocalverse.release.figures import columns
from vocalverse.release.spec import DimensionSpec, ReleaseSpec
from vocalverse.release.told import together

Heads = Mapping[str, Head]  # by their paths in the release


@dataclass(frozen=True)
class Feed:
    """What heads will be given, by the names that the release has for it."""

    encoders: Mapping[str, EncoderInfo]
    text_widths: Mapping[str, int]


def open_heads(spec: ReleaseSpec, folder: Path, device: str) -> Heads:
    paths = dict.fromkeys(path for dimension in spec.dimensions for path in dimension.heads)
    return {path: load(folder / path).to(device).eval().requires_grad_(requires_grad=False) for path in paths}


def require_fit(spec: ReleaseSpec, heads: Heads, feed: Feed, folder: Path) -> None:
    """That each head judges the dimensions that it stands for, and takes what it will be given."""
    for dimension in spec.dimensions:
        for path in dimension.heads:
            for wrong in _unfit(heads[path].config, dimension, feed):
                raise ReleaseBroken(f"{folder / path} cannot judge {dimension.key}: {wrong}.")


@torch.inference_mode()
def estimate(heads: Heads, dimension: DimensionSpec, heard: Heard, device: str) -> Estimate:
    """Of one take and one dimension: [1, 1]."""
    members = []
    for path in dimension.heads:
        head = heads[path]
        found = head(collate(head.config, [heard], device=device))
        at = head.config.dimensions.index(dimension.key)
        members.append(Estimate(found.value[:, at : at + 1], found.spread[:, at : at + 1]))
    return together(members)


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
