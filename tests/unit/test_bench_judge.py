"""`bench judge` runs through, on networks so small that it takes no time."""

from pathlib import Path

from vocalverse.bench.judge import Extent, four_dimensions, measure
from vocalverse.bench.judge_encoders import Sizes
from vocalverse.models.encoders.hubert_soft import HubertSize
from vocalverse.models.encoders.whisper_net import WhisperDims

SMALL = WhisperDims(width=64, heads=1, layers=4)
EXTENT = Extent(
    song_s=2,
    clips=20,
    rounds=1,
    sizes=Sizes(ppg=SMALL, units=HubertSize(channels=32, width=64, layers=2, inner=64, units=16), qwen=SMALL),
)


def test_every_head_and_an_epoch_are_timed_and_targets_are_for_whole_songs_alone(tmp_path: Path):
    figures = list(measure(tmp_path, EXTENT))
    assert [figure.unit for figure in figures[:8]] == ["ms"] * 6 + ["s"] * 2
    assert all(figure.value > 0 for figure in figures[:8])
    assert {figure.target for figure in figures} == {""}
    assert len(list((tmp_path / "mmmos").iterdir())) == EXTENT.clips


def test_four_dimensions_are_judged_from_the_voice_on_whatever_device():
    (figure,) = four_dimensions("cpu", EXTENT)
    assert figure.value > 0
