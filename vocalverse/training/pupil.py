"""Who learns: a head, and the encoders that are learnt along with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from vocalverse.models.encoders.encoder import Frames
from vocalverse.models.heads.batch import Batch, Estimate
from vocalverse.models.heads.build import Head
from vocalverse.models.heads.collate import Heard, collate
from vocalverse.models.heads.grid import on_grid
from vocalverse.training.finetune import Learnt
from vocalverse.training.lessons import Row
from vocalverse.training.studio import Studio


@dataclass(frozen=True)
class Untold:
    """How often the head is not told whose word is asked, and under which standard."""

    share: float
    draw: torch.Generator

    def of(self, heard: Heard) -> Heard:
        domain, annotator = (torch.rand(2, generator=self.draw) < self.share).tolist()
        return replace(heard, domain="" if domain else heard.domain, annotator="" if annotator else heard.annotator)


class Pupil:
    """Hears what is kept of clips; what its own encoders hear is made anew in every step."""

    def __init__(
        self, head: Head, studio: Studio, learnt: Mapping[str, Learnt], *, forgotten: float, device: str
    ) -> None:
        self.head = head
        self.learnt = learnt  # by the encoders' names
        nets = {f"encoder {name}": one.net for name, one in learnt.items()}
        self.module = nn.ModuleDict({"head": head, **nets}).to(device)
        self._studio = studio
        self._forgotten = forgotten
        self._device = device

    @property
    def groups(self) -> list[dict[str, Any]]:
        """The head learns at the recipe's rate, each encoder at its own."""
        nets = [{"params": _open(one.net), "lr": one.rate} for one in self.learnt.values()]
        return [{"params": _open(self.head)}, *nets]

    def __call__(self, rows: Sequence[Row], *, forgetting: torch.Generator | None) -> Estimate:
        heard = [self._heard(row) for row in rows]
        untold = Untold(self._forgotten, forgetting) if forgetting else None
        told = [untold.of(one) if untold else replace(one, domain="", annotator="") for one in heard]
        batch = collate(self.head.config, told, device=self._device)
        estimate: Estimate = self.head(self._with_learnt(batch, rows))
        return estimate

    def _heard(self, row: Row) -> Heard:
        kept = self._studio.heard(row, self.head.config, without=self.learnt.keys())
        if not self.learnt:
            return kept
        names = [encoder.name for encoder in self.head.config.encoders]
        places = {name: one.places(self._studio.sound(row.clip, name)) for name, one in self.learnt.items()}
        return replace(kept, frames=tuple(places.get(name, of) for name, of in zip(names, kept.frames, strict=True)))

    def _with_learnt(self, batch: Batch, rows: Sequence[Row]) -> Batch:
        """With the frames of its own encoders in the places that were kept for them."""
        frames = list(batch.frames)
        for at, encoder in enumerate(self.head.config.encoders):
            if encoder.name in self.learnt:
                frames[at] = self._made_anew(encoder.name, rows, longest=frames[at].shape[1])
        return replace(batch, frames=tuple(frames))

    def _made_anew(self, name: str, rows: Sequence[Row], *, longest: int) -> Tensor:
        """[rows, longest, width]."""
        made = []
        for row in rows:
            sound = self._studio.sound(row.clip, name)
            frames = self.learnt[name].frames(sound)
            if self.head.config.grid_hz is not None:
                frames = _weights(self.learnt[name].places(sound), self.head.config.grid_hz).to(frames) @ frames
            made.append(nn.functional.pad(frames, (0, 0, 0, longest - len(frames))))
        return torch.stack(made)


def _open(module: nn.Module) -> list[nn.Parameter]:
    return [parameter for parameter in module.parameters() if parameter.requires_grad]


def _weights(places: Frames, rate_hz: float) -> Tensor:
    """[frames on the grid, frames]: how much of each is in which."""
    each = np.eye(len(places.values), dtype=np.float32)
    return torch.from_numpy(on_grid(replace(places, values=each), rate_hz).values)
