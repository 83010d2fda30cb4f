"""Spans become windows, and windows become frames: nothing twice, nothing left out, nothing of a margin."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.encoding import sung
from tests.tiny_encoders import make_tiny
from vocalverse.errors import BackendFailed, HandedBack
from vocalverse.models.encoders import whisper_mel
from vocalverse.models.encoders.encoder import Encoder, Family, Span, whole
from vocalverse.models.encoders.open import open_encoder
from vocalverse.models.encoders.sound import Sound
from vocalverse.models.encoders.windows import Grid, Windowed, batches, cut, times

RATE_HZ = 1000
GRIDS = st.builds(
    Grid,
    rate_hz=st.just(RATE_HZ),
    hop=st.integers(1, 40),
    needs=st.integers(1, 60),
    window=st.integers(1, 50),
    margin=st.integers(0, 20),
    full=st.booleans(),
)
FAMILIES = [
    *(Family.WHISPER, Family.QWEN2_AUDIO, Family.WAV2VEC2, Family.HUBERT, Family.WAVLM, Family.CLAP),
]


@given(grid=GRIDS, samples=st.integers(0, 4000))
def test_every_frame_of_a_span_is_given_once_and_in_order(grid: Grid, samples: int):
    windows = cut([Span(0.0, samples / RATE_HZ)], samples, grid)
    starts, seconds = times(windows, grid)
    assert np.allclose(starts * RATE_HZ, grid.hop * np.arange(grid.count(samples)))
    assert len(seconds) == len(starts)
    assert np.all(seconds > 0)


@given(grid=GRIDS, samples=st.integers(1, 4000))
def test_a_window_holds_the_sound_that_its_frames_need_and_no_more_than_is_bounded(grid: Grid, samples: int):
    longest = (grid.window + 2 * grid.margin) * grid.hop + grid.needs
    for window in cut([Span(0.0, samples / RATE_HZ)], samples, grid):
        assert 0 <= window.start < window.stop <= samples
        assert grid.count(window.samples) >= window.skip + window.frames
        assert window.samples <= longest


@given(grid=GRIDS, samples=st.integers(1, 4000))
def test_frames_stand_for_all_of_a_span_where_they_need_no_more_than_their_beginning(grid: Grid, samples: int):
    grid = replace(grid, needs=1)
    _, seconds = times(cut([Span(0.0, samples / RATE_HZ)], samples, grid), grid)
    assert float(seconds.sum()) == pytest.approx(samples / RATE_HZ, abs=1e-4)


@given(grid=GRIDS, samples=st.integers(0, 4000), size=st.integers(1, 6))
def test_batches_hold_every_window_once_and_only_such_of_one_shape(grid: Grid, samples: int, size: int):
    windows = cut([Span(0.0, 1.0), Span(1.5, 3.0), Span(0.2, 4.0)], samples, grid)
    made = batches(windows, size)
    assert sorted(number for batch in made for number in batch) == list(range(len(windows)))
    assert all(len(batch) <= size and len({windows[number].shape for number in batch}) == 1 for batch in made)


def test_a_margin_is_heard_on_both_sides_and_dropped():
    windows = cut([Span(0.0, 10.0)], 10_000, Grid(RATE_HZ, hop=10, needs=10, window=300, margin=50))
    assert [(one.start, one.stop, one.skip, one.frames) for one in windows] == [
        (0, 3500, 0, 300),
        (2500, 6500, 50, 300),
        (5500, 9500, 50, 300),
        (8500, 10_000, 50, 100),
    ]


def test_what_fits_into_a_window_with_its_margins_is_heard_at_once():
    grid = Grid(RATE_HZ, hop=10, needs=10, window=300, margin=50)
    assert [one.frames for one in cut([Span(0.0, 4.0)], 4000, grid)] == [400]
    assert [one.frames for one in cut([Span(0.0, 4.01)], 4010, grid)] == [300, 101]


def test_spans_outside_of_the_recording_give_nothing():
    grid = Grid(RATE_HZ, hop=10, needs=1, window=300)
    assert cut([Span(5.0, 6.0), Span(-2.0, -1.0), Span(1.0, 1.0), Span(2.0, 1.0)], 3000, grid) == []
    (window,) = cut([Span(-1.0, 9.0)], 3000, grid)
    assert (window.start, window.stop) == (0, 3000)


@pytest.fixture(scope="module", params=FAMILIES)
def encoder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Encoder:
    folder = make_tiny(request.param, tmp_path_factory.mktemp("tiny") / "encoder")
    return open_encoder(request.param, folder, layer=-1)


def test_a_third_of_a_second_is_enough(encoder: Encoder):
    sound = Sound(sung(0.3), 16_000)
    frames = encoder.encode(sound, whole(sound))
    assert len(frames.values) >= 1
    assert np.isfinite(frames.values).all()


def test_silence_is_heard_as_something(encoder: Encoder):
    sound = Sound(np.zeros(16_000, np.float32), 16_000)
    assert np.isfinite(encoder.encode(sound, whole(sound)).values).all()


@pytest.mark.parametrize("spans", [(), (Span(3.0, 3.0),), (Span(70.0, 80.0),)])
def test_of_no_sound_there_are_no_frames(encoder: Encoder, spans: tuple[Span, ...]):
    frames = encoder.encode(Sound(sung(5.0), 16_000), spans)
    assert frames.values.shape == (0, encoder.info.width)
    assert frames.start_s.shape == frames.seconds.shape == (0,)


def test_a_recording_at_another_rate_is_heard_the_same(encoder: Encoder):
    sound = Sound(sung(3.0, rate_hz=44_100), 44_100)
    frames = encoder.encode(sound, whole(sound))
    assert frames.start_s[-1] == pytest.approx(3.0, abs=3 / encoder.info.frame_rate_hz)
    assert np.allclose(np.diff(frames.start_s), 1 / encoder.info.frame_rate_hz)


def test_progress_is_told_and_may_end_it(encoder: Encoder):
    told: list[float] = []
    song, spans = Sound(sung(3.0), 16_000), [Span(at, at + 1.0) for at in (0.0, 1.0, 2.0)]
    encoder.encode(song, spans, progress=lambda _, fraction: told.append(fraction))
    assert told == pytest.approx([0, 1 / 3, 2 / 3, 1])

    def stop(stage: str, fraction: float) -> None:
        raise HandedBack(stage)

    with pytest.raises(HandedBack):
        encoder.encode(song, spans, progress=stop)


def test_what_two_encoders_hear_alike_is_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Resampling and the mel spectrogram, here; with 80 bands where the other has 128 it is another one."""
    opened = [
        open_encoder(family, make_tiny(family, tmp_path / f"{family}{seed}", seed=seed), layer=-1)
        for family, seed in ((Family.QWEN2_AUDIO, 0), (Family.QWEN2_AUDIO, 1), (Family.WHISPER, 0))
    ]
    made: list[int] = []
    real = whisper_mel.whisper_mel
    monkeypatch.setattr(whisper_mel, "whisper_mel", lambda samples, bands: made.append(bands) or real(samples, bands))
    song = Sound(sung(35.0, rate_hz=44_100), 44_100)
    for encoder in opened:
        encoder.encode(song, whole(song))
    assert made == [128, 128, 80, 80]
    assert song.at(16_000) is song.at(16_000)


def test_values_that_are_no_numbers_are_never_given(tmp_path: Path):
    encoder = open_encoder(Family.WHISPER, make_tiny(Family.WHISPER, tmp_path / "tiny"), layer=-1)
    assert isinstance(encoder, Windowed)
    encoder.net.layer_norm.bias.fill_(float("inf"))
    with pytest.raises(BackendFailed, match="no numbers"):
        encoder.encode(sound := Sound(sung(1.0), 16_000), whole(sound))
