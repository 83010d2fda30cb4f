"""How notes are reached and held, of voices whose truth is known."""

import numpy as np
import pytest

from vocalverse.measure.notes import Note
from vocalverse.measure.singing.touch import Touch, measure_touch
from vocalverse.measure.singing.vibrato import measure_vibrato
from vocalverse.synthesis.singing import Sung, Tone, Vibrato, sing
from vocalverse.synthesis.throat import Voice


def touched(sung: Sung) -> tuple[Touch, ...]:
    notes = tuple(Note(note.start_s, note.end_s, note.tone.midi, 0.0, -20.0) for note in sung.notes)
    return measure_touch(sung.pitch, notes, measure_vibrato(sung.pitch, notes))


def wobble_cents(swing: Vibrato | None, voice: Voice | None = None) -> float:
    tones = [Tone(60 + step, 1.2, rest_s=0.3, vibrato=swing) for step in (0, 4, 7, 5, 2)]
    return float(np.median([one.wobble_cents or np.nan for one in touched(sing(tones, voice=voice or Voice()))]))


def test_a_voice_that_wavers_more_wobbles_more() -> None:
    found = [wobble_cents(None, Voice(wobble_cents=cents)) for cents in (5, 15, 30)]
    assert found == sorted(found)
    assert found[2] > 2 * found[0]


@pytest.mark.parametrize("rate_hz", [5.0, 6.0])
def test_a_vibrato_is_no_wobble(rate_hz: float) -> None:
    assert wobble_cents(Vibrato(rate_hz, 70)) < wobble_cents(None) + 8


def test_a_slide_into_a_note_is_off_and_a_clean_beginning_is_not() -> None:
    clean = [Tone(60 + step, 0.6, rest_s=0.3) for step in (0, 4, 7)]
    scooped = [Tone(60 + step, 0.6, rest_s=0.3, scoop_cents=200) for step in (0, 4, 7)]
    far, near = (
        float(np.median([one.arrives_off_cents or 0.0 for one in touched(sing(tones))])) for tones in (scooped, clean)
    )
    assert near < 30
    assert far > near + 40


def test_leaps_are_told_within_a_breath_alone() -> None:
    found = touched(sing([Tone(60, 0.5), Tone(67, 0.5), Tone(60, 0.5, rest_s=1.0)]))
    assert [one.leap_semitones is None for one in found] == [True, False, True]
    assert found[1].leap_semitones == pytest.approx(7, abs=0.5)


def test_a_vibrato_on_notes_too_short_to_tell_alone_is_none_either() -> None:
    def wobble(swing: Vibrato) -> float:
        tones = [Tone(60 + step, 0.5, rest_s=0.2, vibrato=swing) for step in (0, 4, 7, 5, 2, 4, 0)]
        return float(np.median([one.wobble_cents or np.nan for one in touched(sing(tones))]))

    swinging_by = 80 / np.sqrt(2)
    assert wobble(Vibrato(5.5, 80, onset_s=0.05)) < 0.4 * swinging_by
