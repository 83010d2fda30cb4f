"""All numbers of a take under one name each."""

from dataclasses import replace

import numpy as np
import pytest

from tests.unit.test_take import SONG, TRACKER, measured, sung
from vocalverse.measure.take import Measured, hear, measure_take
from vocalverse.prescreen.evidence import evidence, names
from vocalverse.prescreen.judge import prescreen
from vocalverse.prescreen.rules import bundled
from vocalverse.records import Measures, Verdict

RECORDING = Measures(
    duration_s=30.0,
    sample_rate_hz=44_100,
    channels=2,
    codec="flac",
    loudness_lufs=None,
    peak_dbfs=-3.0,
    clipped_share=0.0,
    longest_clip_ms=0.0,
    noise_floor_dbfs=-60.0,
    dc_offset=0.0,
    dropout_count=0,
    dropout_s=0.0,
    dead_channels=0,
    channel_correlation=1.0,
)


@pytest.fixture(scope="module")
def clean() -> Measured:
    return measured(sung())


def test_every_number_has_the_name_of_its_field(clean: Measured):
    found = evidence(clean, RECORDING)
    assert found["vibrato.rate_hz"] == clean.vibrato.rate_hz
    assert found["against_song.coverage.share"] == 1
    assert found["against_song.rhythm.tendency.steady"] == 1
    assert found["against_song.rhythm.tendency.rushing"] == 0
    assert found["notes.count"] == len(clean.notes)
    assert found["recording.peak_dbfs"] == -3
    assert found["pitch.value"] > 95
    assert all(isinstance(value, float) for value in found.values())


def test_what_is_not_known_is_not_there(clean: Measured):
    assert "recording.loudness_lufs" not in evidence(clean, RECORDING)
    assert not any(name.startswith("recording.") for name in evidence(clean))
    alone = evidence(replace(clean, against_song=None))
    assert not any(name.startswith("against_song.") for name in alone)


def test_every_name_can_be_asked_for_beforehand(clean: Measured):
    assert set(evidence(clean, RECORDING)) <= names()
    assert {"against_song.intonation.spread_cents", "recording.bleed_db", "rhythm.low"} <= names()


def test_a_take_without_a_place_in_its_song_says_so():
    silence = np.zeros((44_100 * 3, 2), np.float32)
    found = evidence(measure_take(hear(silence, silence, silence, TRACKER), SONG))
    assert found["against_song.nothing_sung"] == 1
    assert found["against_song.nothing_alike"] == 0
    assert "pitch.value" not in found


@pytest.mark.parametrize(("semitones", "late_s"), [(3.0, 0.0), (-12.0, 0.1)])
def test_a_clean_take_in_another_key_or_a_late_room_passes_with_full_marks(semitones: float, late_s: float):
    found = prescreen(evidence(measured(sung(semitones=semitones, late_s=late_s))), bundled())
    assert found.verdict is Verdict.PASS
    assert found.pitch is not None
    assert found.rhythm is not None
    assert min(found.pitch.value, found.rhythm.value) > 90
