"""A real NVIDIA GPU gives the CPU's scores. Deselected where there is none."""

import math
from pathlib import Path

import numpy as np
import pytest

from tests.releases import make_tiny_release
from tests.voices import song
from vocalverse.release.figures import columns
from vocalverse.release.judge import Judge, Judged
from vocalverse.release.sounds import Sounds
from vocalverse.synthesis.rooms import RATE_HZ


def judged(folder: Path, device: str) -> Judged:
    voice = song(65.0).astype(np.float32)[:, None]
    judge = Judge.open(folder, models=folder.parent, device=device)
    return judge.judge(judge.encode(Sounds.of(voice, voice, RATE_HZ)), dict.fromkeys(columns(), math.nan))


def test_a_gpu_gives_the_cpu_s_scores(tmp_path: Path):
    folder = make_tiny_release(tmp_path).folder
    ours, theirs = judged(folder, "cpu"), judged(folder, "cuda")
    assert [one.value for one in theirs.scores] == pytest.approx([one.value for one in ours.scores], abs=0.02)
    assert judged(folder, "cuda") == theirs
