"""Figures of quality where the truth is known."""

import mir_eval
import numpy as np
import pytest

from vocalverse.errors import BadInput
from vocalverse.separate.quality import sdr, si_sdr

RNG = np.random.default_rng(5)
VOICE = RNG.normal(0, 0.1, (8000, 2))
NOISE = RNG.normal(0, 0.1, (8000, 2))
NOISE -= VOICE * np.vdot(VOICE, NOISE) / np.vdot(VOICE, VOICE)  # nothing of the voice left in it
NOISE *= np.linalg.norm(VOICE) / np.linalg.norm(NOISE)


@pytest.mark.parametrize("decibels", [-20.0, 0.0, 30.0])
def test_noise_at_a_known_level_is_found(decibels: float):
    estimate = VOICE + NOISE * 10 ** (-decibels / 20)
    assert sdr(estimate, VOICE) == pytest.approx(decibels, abs=1e-9)
    assert si_sdr(estimate, VOICE) == pytest.approx(decibels, abs=1e-2)  # means are taken out first


def test_level_counts_for_sdr_alone():
    estimate = VOICE + NOISE * 0.1
    assert sdr(estimate / 2, VOICE) == pytest.approx(10 * np.log10(1 / (0.25 + 0.0025)), abs=1e-9)
    assert si_sdr(estimate / 2, VOICE) == pytest.approx(si_sdr(estimate, VOICE), abs=1e-9)
    assert si_sdr(-estimate, VOICE) == pytest.approx(si_sdr(estimate, VOICE), abs=1e-9)


def test_constant_offset_counts_for_sdr_alone():
    assert sdr(VOICE + 0.1, VOICE) == pytest.approx(0, abs=0.3)
    assert si_sdr(VOICE + 0.1, VOICE) > 200


def test_si_sdr_of_one_source_is_that_of_mir_eval_without_filters():
    """A filter of one tap is a scale: BSS eval then says the same."""
    truth, estimate = VOICE[:, 0], VOICE[:, 0] + NOISE[:, 0] * 0.3
    truth, estimate = truth - truth.mean(), estimate - estimate.mean()
    target, *_ = np.linalg.lstsq(truth[:, None], estimate, rcond=None)
    theirs = mir_eval.separation._safe_db(np.sum((truth * target) ** 2), np.sum((estimate - truth * target) ** 2))
    assert si_sdr(estimate, truth) == pytest.approx(theirs, abs=1e-9)


def test_silence_and_perfection():
    silence = np.zeros_like(VOICE)
    assert sdr(VOICE, VOICE) == si_sdr(silence, silence) == np.inf
    assert sdr(silence, VOICE) == 0
    assert sdr(VOICE, silence) == si_sdr(VOICE, silence) == -np.inf


def test_single_precision_is_measured_in_double():
    truth = VOICE.astype(np.float32)
    assert sdr(truth + np.float32(1e-6), truth) == pytest.approx(100, abs=1)


def test_shapes_have_to_agree():
    with pytest.raises(BadInput):
        sdr(VOICE[:-1], VOICE)
    with pytest.raises(BadInput):
        si_sdr(VOICE[:0], VOICE[:0])
