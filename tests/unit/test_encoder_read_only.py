"""A voice that may not be written, such as one that processes share, is heard like any other."""

from pathlib import Path

import numpy as np
import pytest

from tests.golden_rule import wave
from tests.tiny_encoders import make_tiny
from vocalverse.models.encoders.encoder import Family, whole
from vocalverse.models.encoders.open import open_encoder
from vocalverse.models.encoders.sound import Sound


@pytest.mark.parametrize(
    ("family", "rate_hz"),
    [(Family.WHISPER, 16000), (Family.SAMOYE, 16000), (Family.MUQ, 24000), (Family.M2D, 16000)],
)
def test_a_voice_is_only_read(family: Family, rate_hz: int, tmp_path: Path):
    voice = wave("shared", rate_hz, rate_hz)
    voice.flags.writeable = False
    encoder = open_encoder(family, make_tiny(family, tmp_path), layer=-1)
    sound = Sound(voice, rate_hz, f0=lambda: np.full(100, 220, np.float32))
    assert len(encoder.encode(sound, whole(sound)).values)
