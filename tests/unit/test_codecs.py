"""What codecs leave of a sound."""

import numpy as np
import pytest

from vocalverse.synthesis.codecs import Codec, coded
from vocalverse.synthesis.repertoire import song


@pytest.mark.parametrize("codec", Codec)
@pytest.mark.parametrize("channels", [1, 2])
def test_a_coded_voice_is_the_same_voice_in_the_same_place(codec: Codec, channels: int) -> None:
    voice = song(6, seed=3).dry[:, :channels]
    heard = coded(voice, codec)
    assert heard.shape == voice.shape
    assert heard.dtype == np.float32
    error_db = 10 * np.log10(np.square(heard - voice).sum() / np.square(voice).sum())
    assert -60 < error_db < -10, "coded, and still what was sung"
