"""Ring in a mean spectrum."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.signal import butter, sosfilt

from vocalverse.measure.frames import Frames
from vocalverse.measure.singing.ring import measure_ring
from vocalverse.synthesis.singing import Sung, Tone, Vowel, sing
from vocalverse.synthesis.throat import Voice


def line(*, ring_db: float = 0.0, level_db: float = 0.0) -> Sung:
    vowels = (Vowel.A, Vowel.E, Vowel.O, Vowel.U)
    tones = [Tone(50 + 2 * at, 0.5, rest_s=0.1, vowel=vowels[at % 4], level_db=level_db) for at in range(8)]
    return sing(tones, voice=Voice(ring_db=ring_db))


def test_the_more_a_voice_rings_the_higher_are_both_measures() -> None:
    rings = [measure_ring(line(ring_db=db).heard()) for db in (0.0, 6.0, 12.0, 18.0)]
    for values in ([ring.spr_db for ring in rings], [ring.formant_db for ring in rings]):
        known = [value for value in values if value is not None]
        assert len(known) == 4
        assert known == sorted(known)
        assert known[-1] - known[0] > 6


def test_where_the_formant_is() -> None:
    """The ring is put at 2,900 Hz, onto vowels whose third formants lie at 2,350 to 2,600 Hz."""
    assert measure_ring(line(ring_db=18).heard()).formant_hz == pytest.approx(2_750, abs=250)


def test_level_alone_changes_nothing() -> None:
    heard = line(ring_db=6).heard()
    soft = replace(heard, dry=Frames.of_signal(heard.dry.samples * np.float32(0.05)))
    assert measure_ring(soft).spr_db == pytest.approx(measure_ring(heard).spr_db, abs=0.1)


def test_a_telephone_has_no_formant_to_tell() -> None:
    heard = line().heard()
    passed = sosfilt(butter(30, 3_300, fs=16_000, output="sos"), heard.dry.samples).astype(np.float32)
    ring = measure_ring(replace(heard, dry=Frames.of_signal(passed)))
    assert ring.spr_db is not None
    assert ring.formant_db is None


def test_too_little_says_nothing() -> None:
    ring = measure_ring(sing([Tone(60, 0.4)]).heard())
    assert (ring.spr_db, ring.formant_db) == (None, None)


def test_silence() -> None:
    sung = sing([Tone(60, 0.4)])
    off = replace(sung.pitch, hz=sung.pitch.hz * 0, voiced=sung.pitch.voiced & False)
    assert measure_ring(sung.heard(pitch=off)).loud_s == 0
