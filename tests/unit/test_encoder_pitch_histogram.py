"""The pitch histogram as an encoder: time shares by pitch class, whatever the key, the octave and the level."""

from pathlib import Path

import numpy as np
import pytest

import vocalverse.training
from vocalverse.errors import ModelBroken
from vocalverse.models.encoders.encoder import Family, Span, whole
from vocalverse.models.encoders.open import open_encoder
from vocalverse.models.encoders.pitch_histogram import shares
from vocalverse.models.encoders.sound import Sound

FOLDER = Path(vocalverse.training.__file__).parent / "recipes/pitch_histogram"


def tones(*semitones: float, seconds: float = 1.0) -> np.ndarray:
    """Above A3; each as long."""
    hz = [220 * 2 ** (step / 12) for step in semitones]
    return np.repeat(np.asarray(hz, np.float32), round(100 * seconds))


def sound(f0: np.ndarray) -> Sound:
    return Sound(np.zeros(160 * len(f0), np.float32), 16_000, f0=lambda: f0)


def test_each_pitch_class_has_its_share_of_the_time_counted_from_the_longest() -> None:
    found = shares(tones(0, 0, 0, 4, 7, 12), 12)
    assert found == pytest.approx([4 / 6, 0, 0, 0, 1 / 6, 0, 0, 1 / 6, 0, 0, 0, 0])


@pytest.mark.parametrize("higher", [-12, -5, 3, 24])
def test_another_key_or_octave_changes_nothing(higher: float) -> None:
    melody = np.asarray([0, 0, 2, 4, 4, 4, 7])
    assert shares(tones(*(melody + higher)), 12) == pytest.approx(shares(tones(*melody), 12))


def test_silence_is_no_pitch() -> None:
    assert shares(np.zeros(100, np.float32), 12) == pytest.approx(np.zeros(12))
    assert shares(np.concatenate([tones(0), np.zeros(300, np.float32)]), 12)[0] == 1.0


def test_every_frame_says_the_same_and_together_they_last_as_long_as_the_spans() -> None:
    encoder = open_encoder(Family.PITCH_HISTOGRAM, FOLDER, layer=-1)
    heard = sound(tones(0, 4, seconds=1.234))
    frames = encoder.encode(heard, whole(heard))
    assert encoder.info.width == frames.values.shape[1] == 12
    assert np.ptp(frames.values, axis=0).max() == 0
    assert frames.seconds.sum() == pytest.approx(heard.duration_s, abs=0.01)
    part = encoder.encode(heard, (Span(0.0, 1.0),))
    assert part.values[0, 0] == 1.0
    assert part.start_s[-1] == pytest.approx(0.9)


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "whisper"}')
    with pytest.raises(ModelBroken, match="whisper"):
        open_encoder(Family.PITCH_HISTOGRAM, tmp_path, layer=-1)
