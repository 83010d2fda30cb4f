"""Mel spectra are the public front ends'."""

import numpy as np
import torch

from tests.golden_rule import arrays, wave
from vocalverse.models.encoders.mel import MelOptions, power_mel

M2D = MelOptions(16000, 400, 160, 80, low_hz=50, high_hz=8000)


def test_the_front_end_of_m2d_is_nnaudios():
    golden = arrays("mel_frontend_16k_80")
    found = (power_mel(torch.from_numpy(golden["audio"]), M2D) + torch.finfo(torch.float32).eps).log().numpy()
    assert np.abs(found - golden["log_mel"]).max() < 1e-3
    assert np.abs((found + 7.1) / 4.2 - golden["normalised_default"]).max() < 1e-3


def test_a_long_songs_spectrum_is_that_of_its_parts():
    song = torch.from_numpy(wave("song", 160 * 5000, 16000))
    whole, begin = power_mel(song, M2D), power_mel(song[: 160 * 100], M2D)
    assert whole.shape == (80, 5001)
    torch.testing.assert_close(whole[:, :98], begin[:, :98])
    tail = power_mel(song[-160 * 100 :], M2D)
    torch.testing.assert_close(whole[:, -98:], tail[:, -98:])


def test_waves_side_by_side_have_their_own_spectra():
    waves = torch.stack([torch.from_numpy(wave(name, 8000, 16000)) for name in ("a", "b")])
    torch.testing.assert_close(power_mel(waves, M2D)[1], power_mel(waves[1], M2D))
