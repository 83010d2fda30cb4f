"""A real NVIDIA GPU hears what the CPU hears. Deselected where there is none."""

from pathlib import Path

import numpy as np
import pytest

from tests.golden_rule import wave
from tests.tiny_encoders import make_tiny
from vocalverse.models.encoders.encoder import Encoder, Family, Span
from vocalverse.models.encoders.open import open_encoder
from vocalverse.models.encoders.sound import Sound
from vocalverse.separate.precision import Precision

pytestmark = pytest.mark.filterwarnings("ignore")  # of CUDA's own

FAMILIES = [family for family in Family if family not in (Family.TEXT, Family.PITCH_HISTOGRAM)]
SPANS = (Span(0, 41.3), Span(45, 63.007))


def _values(encoder: Encoder) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    f0_hz = np.repeat([220, 0, 247, 330], 1600).astype(np.float32)
    return encoder.encode(Sound(wave("gpu", 64 * 16000, 16000), 16000, f0=lambda: f0_hz), SPANS).values


@pytest.mark.parametrize("family", FAMILIES)
def test_a_gpu_hears_what_a_cpu_hears(family: Family, tmp_path: Path):
    folder = make_tiny(family, tmp_path)
    exact = _values(open_encoder(family, folder, layer=-1))
    found = _values(open_encoder(family, folder, layer=-1, device="cuda"))
    assert found.shape == exact.shape
    assert np.corrcoef(found.ravel(), exact.ravel())[0, 1] > 0.9999
    assert np.abs(found - exact).max() < 0.02 * np.abs(exact).max()


@pytest.mark.parametrize("family", FAMILIES)
def test_the_same_song_gives_the_same_bits(family: Family, tmp_path: Path):
    encoder = open_encoder(family, make_tiny(family, tmp_path), layer=-1, precision=Precision.BF16, device="cuda")
    np.testing.assert_array_equal(_values(encoder), _values(encoder))
