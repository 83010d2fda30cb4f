from dataclasses import replace

import numpy as np
import pytest

from vocalverse.audio.formats import Codec, Container
from vocalverse.audio.refusals import Thresholds, refusals, refused_by_length, remarks
from vocalverse.audio.waveform import Source, Waveform
from vocalverse.records import Measures, Reason, Remark

T = Thresholds()
SOURCE = Source(Container.FLAC, Codec.FLAC, 44_100, 2, 21_600.0, (0.1, 0.1), False, False, 0, 0.0)
SOUND = Measures(
    duration_s=200.0,
    sample_rate_hz=44_100,
    channels=2,
    codec="flac",
    loudness_lufs=-20.0,
    peak_dbfs=-1.0,
    clipped_share=0.01,
    longest_clip_ms=0.3,
    noise_floor_dbfs=-60.0,
    dc_offset=0.001,
    dropout_count=0,
    dropout_s=0.0,
    dead_channels=0,
    channel_correlation=0.6,
)


def test_a_sound_recording_is_neither_refused_nor_remarked_upon():
    assert refusals(SOUND, T) == ()
    assert remarks(SOUND, broken_tail=False, thresholds=T) == ()


@pytest.mark.parametrize(
    ("change", "reason", "evidence"),
    [
        ({"duration_s": 4.99}, Reason.TOO_SHORT, {"duration_s": 4.99, "at_least_s": 5.0}),
        ({"loudness_lufs": -50.1}, Reason.TOO_QUIET, {"loudness_lufs": -50.1, "at_least_lufs": -50.0}),
        ({"loudness_lufs": None}, Reason.TOO_QUIET, {"peak_dbfs": -1.0, "at_least_lufs": -50.0}),
        ({"loudness_lufs": None, "peak_dbfs": None}, Reason.TOO_QUIET, {"at_least_lufs": -50.0}),
        ({"clipped_share": 0.11}, Reason.CLIPPED, {"clipped_share": 0.11, "at_most_share": 0.1}),
    ],
)
def test_each_refusal_brings_what_was_measured_and_what_was_asked(change: dict, reason: Reason, evidence: dict):
    (finding,) = refusals(replace(SOUND, **change), T)
    assert finding.code is reason
    assert finding.evidence == evidence


def test_the_thresholds_themselves_are_good_enough():
    assert refusals(replace(SOUND, duration_s=5.0, loudness_lufs=-50.0, clipped_share=0.1), T) == ()


def test_all_reasons_are_given_not_the_first():
    findings = refusals(replace(SOUND, duration_s=1.0, loudness_lufs=None), T)
    assert [finding.code for finding in findings] == [Reason.TOO_SHORT, Reason.TOO_QUIET]


def test_only_what_goes_on_past_the_limit_is_too_long():
    samples = np.zeros((900 * 100, 2), np.float32)
    assert refused_by_length(Waveform(samples, 100, SOURCE), T) is None
    finding = refused_by_length(Waveform(samples, 100, replace(SOURCE, longer=True)), T)
    assert finding is not None
    assert finding.code is Reason.TOO_LONG
    assert finding.evidence == {"duration_s": 900.0, "at_most_s": 900.0, "declared_s": 21_600.0}


@pytest.mark.parametrize(
    ("change", "remark"),
    [
        ({"dead_channels": 1}, Remark.DEAD_CHANNEL),
        ({"channel_correlation": -0.95}, Remark.SWAPPED_POLARITY),
        ({"dc_offset": -0.02}, Remark.DC_OFFSET),
        ({"dropout_count": 1}, Remark.DROPOUTS),
    ],
)
def test_what_is_odd_is_remarked_upon(change: dict, remark: Remark):
    assert remarks(replace(SOUND, **change), broken_tail=False, thresholds=T) == (remark,)


def test_a_broken_tail_is_remarked_upon():
    assert remarks(SOUND, broken_tail=True, thresholds=T) == (Remark.BROKEN_TAIL,)
