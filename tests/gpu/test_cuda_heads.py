"""Heads on a real NVIDIA GPU judge as they do on the CPU. Deselected where there is none."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
import torch

from vocalverse.bench.judge import QUICK, four_dimensions
from vocalverse.models.encoders.encoder import Frames
from vocalverse.models.heads.build import build
from vocalverse.models.heads.collate import Heard, collate
from vocalverse.models.heads.config import EncoderInput, HeadConfig, HeadKind, Pooling


@pytest.mark.parametrize(("kind", "pooling"), list(product(HeadKind, Pooling)))
@torch.inference_mode()
def test_a_song_has_the_cpus_scores_and_the_same_bits_every_time(kind: HeadKind, pooling: Pooling):
    config = HeadConfig(kind, ("breath",), (EncoderInput("one", 64),), pooling=pooling, hidden=32)
    values = np.random.default_rng(0).standard_normal((6000, 64), np.float32)
    heard = Heard((Frames(values, np.arange(6000) / 25, np.full(6000, 1 / 25, np.float32)),))
    head = build(config).eval()
    expected = head(collate(config, [heard]))
    head.to("cuda")
    told, again = (head(collate(config, [heard], device="cuda")) for _ in range(2))
    torch.testing.assert_close(told.value.cpu(), expected.value, atol=2e-3, rtol=0)
    torch.testing.assert_close(told.spread.cpu(), expected.spread, atol=2e-3, rtol=0)
    assert torch.equal(told.value, again.value)


def test_the_bench_tells_what_the_gpu_is_busy_for():
    figures = list(four_dimensions("cuda", replace(QUICK, rounds=1)))
    assert figures[-1].name.strip().startswith("GPU time")
    assert 0 < figures[-1].value < 60
