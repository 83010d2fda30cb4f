"""Our weighted prediction error against the public one, and against what it was made for."""

import numpy as np
import pytest
import torch
from nara_wpe.wpe import wpe_v6

from vocalverse.separate.wpe import Band, Block, Fitting, fit, late

torch.set_num_threads(1)


def spectrum_of_noise(bins: int, channels: int, frames: int, seed: int = 0) -> np.ndarray:
    """Coloured over time, so that there is something to predict and the power changes."""
    random = np.random.default_rng(seed)
    noise = random.standard_normal((2, bins, channels, frames))
    loudness = np.exp(random.standard_normal((bins, 1, frames)))
    dry = (noise[0] + 1j * noise[1]) * loudness
    wet = dry.copy()
    for frame in range(1, frames):
        wet[..., frame] += 0.7 * wet[..., frame - 1]
    return wet


def block_of(spectrum: np.ndarray, band: Band) -> Block:
    padded = np.pad(spectrum, ((0, 0), (0, 0), (band.reach, 0)))
    return Block(torch.from_numpy(padded.astype(np.complex64)), torch.ones(spectrum.shape[-1]))


def ours(spectrum: np.ndarray, band: Band, fitting: Fitting) -> np.ndarray:
    block = block_of(spectrum, band)
    return spectrum - late(block.spectrum, fit([block], band, fitting), band).numpy()


def db(signal: np.ndarray, error: np.ndarray) -> float:
    return float(10 * np.log10(np.sum(np.abs(signal) ** 2) / np.sum(np.abs(error) ** 2)))


@pytest.mark.parametrize(("channels", "delay", "taps"), [(1, 3, 10), (2, 2, 8), (2, 1, 1), (1, 4, 3)])
def test_it_equals_nara_wpe(channels: int, delay: int, taps: int) -> None:
    spectrum = spectrum_of_noise(9, channels, 400)
    theirs = np.stack([wpe_v6(bin_, taps=taps, delay=delay, iterations=3) for bin_ in spectrum])
    found = ours(spectrum, Band(0, 1, delay, taps), Fitting(iterations=3, floor=1e-10, loading=0))
    assert db(theirs, found - theirs) >= 70


def test_blocks_tell_what_the_whole_tells() -> None:
    """Each block brings the frames before it along, so that nothing is lost at its edges."""
    band, fitting = Band(0, 1, delay=2, taps=5), Fitting()
    whole = block_of(spectrum_of_noise(5, 2, 300), band)
    parts = [Block(whole.spectrum[..., at : at + 100 + band.reach], torch.ones(100)) for at in (0, 100, 200)]
    expected, found = fit([whole], band, fitting), fit(parts, band, fitting)
    assert db(expected.numpy(), (found - expected).numpy()) > 80


def test_a_room_that_is_known_is_found() -> None:
    """What is predictable by construction is taken away; what is not is left."""
    random = np.random.default_rng(3)
    dry = random.standard_normal((4, 1, 2000)) + 1j * random.standard_normal((4, 1, 2000))
    dry *= np.exp(2 * random.standard_normal(2000))  # a voice is loud at times and quiet at others
    wet = dry.copy()
    for frame in range(4, wet.shape[-1]):
        wet[..., frame] += 0.6 * wet[..., frame - 4]
    assert db(dry, wet - dry) < 4.5
    assert db(dry, ours(wet, Band(0, 1, delay=3, taps=4), Fitting()) - dry) > 25


@pytest.mark.parametrize("second", ["the same", "silent", "almost the same"])
def test_channels_that_say_the_same_do_no_harm(second: str) -> None:
    left = spectrum_of_noise(5, 1, 300)
    right = left * {"the same": 1, "silent": 0, "almost the same": 1 + 1e-6}[second]
    band = Band(0, 1, delay=2, taps=6)
    alone, both = ours(left, band, Fitting()), ours(np.concatenate([left, right], axis=1), band, Fitting())
    assert np.isfinite(both).all()
    assert db(alone, both[:, :1] - alone) > 25


def test_silence_stays_silence() -> None:
    assert not ours(np.zeros((3, 2, 50), np.complex64), Band(0, 1, delay=2, taps=3), Fitting()).any()


def test_frames_in_which_nobody_sings_do_not_count() -> None:
    band, fitting = Band(0, 1, delay=2, taps=5), Fitting()
    block = block_of(spectrum_of_noise(5, 1, 300), band)
    loud = block.spectrum.clone()
    loud[..., band.reach + 150 :] *= 30
    voiced = torch.ones(300)
    voiced[150:] = 0
    found = fit([Block(loud, voiced)], band, fitting)
    expected = fit([Block(block.spectrum[..., : band.reach + 150], torch.ones(150))], band, fitting)
    assert db(expected.numpy(), (found - expected).numpy()) > 80
