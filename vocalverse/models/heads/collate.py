"""From takes to a batch, as the head's config wants them: rates, columns, names."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from vocalverse.errors import BadInput
from vocalverse.models.encoders.encoder import Frames
from vocalverse.models.heads.batch import Batch
from vocalverse.models.heads.config import HeadConfig
from vocalverse.models.heads.grid import on_grid


@dataclass(frozen=True)
class Heard:
    """What is known of one take."""

    frames: tuple[Frames, ...] = ()  # of the head's encoders, in their order
    figures: Mapping[str, float | None] = field(default_factory=dict)  # measures by their columns
    text: npt.NDArray[np.float32] | None = None  # [tokens, width]
    domain: str = ""
    annotator: str = ""


def collate(config: HeadConfig, takes: Sequence[Heard], *, device: str = "cpu") -> Batch:
    """Side by side, padded to the longest. Names that the config does not have are the unknown one."""
    frames = [_at_rate(config, take.frames) for take in takes]
    texts = _texts(config, takes)
    batch = Batch(
        frames=tuple(_padded([of[at].values for of in frames]) for at in range(len(config.encoders))),
        seconds=tuple(_padded([of[at].seconds for of in frames]) for at in range(len(config.encoders))),
        measures=measures_of(config, takes) if config.measures else None,
        text=_padded(texts) if texts else None,
        text_mask=_padded([np.ones(len(text), bool) for text in texts]) if texts else None,
        domain=_ids(config.domains, [take.domain for take in takes]),
        annotator=_ids(config.annotators, [take.annotator for take in takes]),
    )
    return batch if device == "cpu" else to_device(batch, device)


def measures_of(config: HeadConfig, takes: Sequence[Heard]) -> Tensor:
    """[takes, measures], not a number where one is not known."""
    rows = [[_figure(take.figures.get(name)) for name in config.measures] for take in takes]
    return torch.tensor(rows, dtype=torch.float32)


def to_device(batch: Batch, device: str) -> Batch:
    def there(tensor: Tensor | None) -> Tensor | None:
        return None if tensor is None else tensor.to(device)

    return Batch(
        frames=tuple(values.to(device) for values in batch.frames),
        seconds=tuple(values.to(device) for values in batch.seconds),
        measures=there(batch.measures),
        text=there(batch.text),
        text_mask=there(batch.text_mask),
        domain=there(batch.domain),
        annotator=there(batch.annotator),
    )


def _figure(value: float | None) -> float:
    return float("nan") if value is None else float(value)


def _at_rate(config: HeadConfig, frames: tuple[Frames, ...]) -> tuple[Frames, ...]:
    found = [(of.values.shape[-1], of.values.shape[1] if of.values.ndim == 3 else 1) for of in frames]
    wanted = [(encoder.width, encoder.layers) for encoder in config.encoders]
    if found != wanted:
        raise BadInput(f"The head takes frames of (width, layers) {wanted}, and was given {found}.")
    if config.grid_hz is None:
        return frames
    return tuple(on_grid(of, config.grid_hz) for of in frames)


def _texts(config: HeadConfig, takes: Sequence[Heard]) -> list[npt.NDArray[np.float32]]:
    if config.text is None:
        return []
    texts = [take.text for take in takes if take.text is not None]
    if len(texts) < len(takes):
        raise BadInput("The head holds sound against text, and a take has none.")
    return texts


def _padded(arrays: Sequence[npt.NDArray[np.generic]]) -> Tensor:
    """[takes, longest, …], zeros where an array has ended; a place at least, so that nothing is empty. One take alone
    is not copied: of all layers of a song that would be half a gigabyte.
    """
    if len(arrays) == 1 and len(arrays[0]) and arrays[0].flags.writeable:
        return torch.from_numpy(arrays[0])[None]
    longest = max(1, *map(len, arrays))
    padded = np.zeros((len(arrays), longest, *arrays[0].shape[1:]), arrays[0].dtype)
    for into, array in zip(padded, arrays, strict=True):
        into[: len(array)] = array
    return torch.from_numpy(padded)


def _ids(known: tuple[str, ...], said: Sequence[str]) -> Tensor | None:
    return torch.tensor([known.index(name) + 1 if name in known else 0 for name in said]) if known else None
