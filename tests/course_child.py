"""A course of a real head on frames out of numbers, as a process that can be killed: python -m tests.course_child FOLDER."""

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file
from torch import nn

from vocalverse.models.encoders.encoder import Frames
from vocalverse.models.heads.batch import Estimate
from vocalverse.models.heads.build import Head, build
from vocalverse.models.heads.collate import Heard, collate
from vocalverse.models.heads.config import EncoderInput, HeadConfig, HeadKind, Output
from vocalverse.training.course import Course, Lessons, attend
from vocalverse.training.lessons import Comparison, Lesson, Row
from vocalverse.training.objective import Objective
from vocalverse.training.recipe import Loss, Training

WIDTH = 6
DIMENSIONS = ("breath", "timbre")


class NumberPupil:
    """A head that hears frames drawn from each clip's name; the first two columns of their mean are its scores."""

    def __init__(self, head: Head) -> None:
        self.head = head
        self.module: nn.Module = nn.ModuleDict({"head": head})

    @property
    def groups(self) -> list[dict[str, Any]]:
        return [{"params": list(self.head.parameters())}]

    def __call__(self, rows: Sequence[Row], *, forgetting: torch.Generator | None) -> Estimate:
        estimate: Estimate = self.head(collate(self.head.config, [Heard((frames_of(row.clip),)) for row in rows]))
        return estimate


def frames_of(clip: str) -> Frames:
    rng = np.random.default_rng(int(clip))
    count = int(rng.integers(5, 12))
    values = rng.standard_normal((count, WIDTH)) * 0.3 + rng.standard_normal(WIDTH)
    seconds = np.full(count, 0.1, np.float32)
    return Frames(values.astype(np.float32), np.arange(count) * 0.1, seconds)


def lesson(number: int) -> Lesson:
    told = np.clip(3 + frames_of(str(number)).values.mean(axis=0)[: len(DIMENSIONS)], 1, 5)
    return Lesson(Row(str(number)), tuple(told.tolist()))


def lessons(first: int, count: int) -> tuple[Lesson | Comparison, ...]:
    return tuple(lesson(number) for number in range(first, first + count))


def course(
    training: Training | None = None,
    *,
    losses: Sequence[Loss] = (Loss("utmos"),),
    dropout: float = 0.3,
    kind: HeadKind = HeadKind.BILSTM,
    taught: Lessons | None = None,
) -> Course:
    config = HeadConfig(kind, DIMENSIONS, (EncoderInput("ear", WIDTH),), hidden=8, dropout=dropout, output=Output())
    pupil = NumberPupil(build(config, seed=1))
    chosen = training or Training(rate=3e-3, epochs=6, batch=5, longest_gradient=1.0)
    return Course(
        pupil,
        taught or Lessons(lessons(0, 24), lessons(100, 8)),
        Objective(losses, config.output, len(DIMENSIONS)),
        chosen,
        seed=3,
    )


def main(folder: Path, pause_s: float) -> None:
    torch.set_num_threads(1)
    running, state = course(), folder / "state.pt"
    if state.exists():
        running.resume(state)

    def heard(_course: Course) -> None:
        time.sleep(pause_s)

    attend(running, state, heard=heard, save_every_s=0.0)
    running.finish()
    save_file(dict(running.pupil.module.state_dict()), folder / "weights.safetensors")


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]))
