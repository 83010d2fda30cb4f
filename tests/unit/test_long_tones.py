"""Long tones, held well and badly."""

import numpy as np
import pytest

from vocalverse.measure.frames import Heard
from vocalverse.measure.notes import Note
from vocalverse.measure.pitch.track import Pitch
from vocalverse.measure.singing.long_tones import LongTones, measure_long_tones
from vocalverse.synthesis.singing import Sung, Tone, Vibrato, sing
from vocalverse.synthesis.throat import Voice


def measured(sung: Sung, *, heard: Heard | None = None) -> LongTones:
    notes = [Note(note.start_s, note.end_s, note.tone.midi, 0.0, -20.0) for note in sung.notes]
    return measure_long_tones(heard or sung.heard(), notes)


def test_a_still_voice_has_no_spread_and_no_drift() -> None:
    found = measured(sing([Tone(60, 2.0), Tone(64, 1.5, rest_s=0.3)]))
    assert len(found.tones) == 2
    assert found.spread_cents == pytest.approx(0, abs=1)
    assert found.drift_cents_per_s == pytest.approx(0, abs=1)
    assert found.level_spread_db == pytest.approx(0, abs=0.3)
    assert found.breaks_per_tone == 0


def test_vibrato_is_no_spread() -> None:
    found = measured(sing([Tone(60, 2.5, vibrato=Vibrato(5.7, 80, onset_s=0))]))
    assert found.spread_cents is not None
    assert found.spread_cents < 8


@pytest.mark.parametrize("drift", [-60.0, -20.0, 40.0])
def test_drift_is_known_even_under_vibrato(drift: float) -> None:
    found = measured(sing([Tone(60, 2.0, drift_cents=drift, vibrato=Vibrato(5.5, 50, onset_s=0))]))
    assert found.drift_cents_per_s == pytest.approx(drift / 2, abs=5)


def test_the_more_a_voice_wanders_the_wider_its_spread() -> None:
    spreads = [
        measured(sing([Tone(60, 3.0)], voice=Voice(wobble_cents=cents), seed=2)).spread_cents or 0.0
        for cents in (0, 10, 25, 50)
    ]
    assert spreads == sorted(spreads)
    assert spreads[-1] > 15


def test_a_swell_is_a_drift_of_level_and_no_spread() -> None:
    found = measured(sing([Tone(60, 2.0, swell_db=8)])).tones[0]
    assert found.level_drift_db_per_s == pytest.approx(4, abs=0.5)
    assert found.level_spread_db < 0.5


def test_breaks_are_counted() -> None:
    sung = sing([Tone(60, 3.0)])
    f0 = sung.f0_hz.copy()
    f0[80:84] = 0  # stops
    f0[150:156] *= 2  # flips
    broken = sung.heard(pitch=Pitch(f0, f0 > 0, np.ones(len(f0), np.float32)))
    found = measured(sung, heard=broken).tones[0]
    assert found.breaks == 2
    assert found.spread_cents < 2


def test_without_long_tones_there_is_nothing_to_say() -> None:
    found = measured(sing([Tone(60, 0.5)]))
    assert (found.tones, found.spread_cents, found.breaks_per_tone) == ((), None, None)


def test_notes_of_another_take_say_nothing() -> None:
    heard = sing([Tone(60, 0.5), Tone(60, 0.5, rest_s=4.0)]).heard()
    assert measure_long_tones(heard, [Note(1.0, 4.0, 60.0, 0.0, -20.0)]).tones == ()
