"""The bench of a whole song: who runs against whom, what is told of it, and how it goes through the queue."""

from pathlib import Path
from typing import Any

import pytest
import torch

from vocalverse.bench import song
from vocalverse.bench.song import Extent
from vocalverse.bench.song_plain import PlainUNet
from vocalverse.bench.unlearnt import random_net
from vocalverse.embedded.first_release import FIRST
from vocalverse.separate.networks.unet import UNet


def test_the_plain_net_hears_what_ours_hears():
    ours = random_net(lambda: UNet((4, 8, 16)))
    with torch.random.fork_rng():
        torch.manual_seed(1)
        for norm in (*ours.down_norms, *ours.up_norms):
            norm.gain.data.uniform_(0.5, 1.5)
            norm.shift.data.normal_()
        magnitudes = torch.rand(2, 2, 16, 16)
    with torch.inference_mode():
        theirs = PlainUNet(ours)(magnitudes)
        assert torch.allclose(theirs, ours(magnitudes) * magnitudes, atol=1e-6)
    assert theirs.std() > 0.01


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    order: list[str] = []
    seconds = {"judge": iter((10.0, 12.0, 11.0)), "plain": iter((70.0, 72.0, 88.0))}

    def answer(_module: str, what: str, *_said: object) -> dict[str, Any]:
        order.append(what)
        return {
            "wall_s": next(seconds[what]) if what in seconds else 3.0,
            "cpu_s": 20.0,
            "parts": {"separate": 8.0, "pyin": 60.0},
            "peak_mb": 1_400.0,
            "loaded_mb": 700.0,
        }

    monkeypatch.setattr(song, "ask_module", answer)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    return order


def test_pairs_alternate_and_the_ratio_is_that_of_each_pair(asked: list[str], tmp_path: Path):
    extent = Extent(song_s=240, rounds=3, queued=0)
    figures = {one.name: one for one in song.measure(tmp_path, extent, release=FIRST)}
    assert asked == ["make", "judge", "plain", "plain", "judge", "judge", "plain", "alone"]
    whole = figures["a song, from its mix to its scores"]
    assert (whole.value, whole.target, whole.note) == (11.0, "≤ 40 at 400 GF/s", "10.0–12.0 s; 20.0 s of CPU")
    ratio = figures["  ours is faster"]
    assert (ratio.value, ratio.note) == (7.0, "min 6.00, max 8.00 of 3 pairs")
    assert figures["a voice alone"].value == 3.0
