"""From sound to all measures of a take, on a singer whose truth is known."""

from dataclasses import replace

import numpy as np
import pytest

from vocalverse.measure.against.align import Unaligned
from vocalverse.measure.pitch.tracker import PitchTracker
from vocalverse.measure.reference.melody import Melody
from vocalverse.measure.take import AgainstSong, Measured, hear, measure_take
from vocalverse.synthesis.melodies import melody
from vocalverse.synthesis.singing import Place, Sung, Tone, Vibrato, sing

SONG = melody(6, seed=3)
TRACKER = PitchTracker.open()


def sung(song: Melody = SONG, *, semitones: float = 0.0, late_s: float = 0.0) -> Sung:
    """Every line after a breath; long notes with vibrato."""
    tones, at_s = [], 0.0
    for line in song.lines:
        for number, note in enumerate(line.notes):
            assert note.midi is not None
            length_s = note.end_s - note.start_s
            tones.append(
                Tone(
                    note.midi + semitones,
                    length_s,
                    rest_s=note.start_s - at_s if number == 0 else 0.0,
                    breath_s=0.35 if number == 0 else 0.0,
                    vibrato=Vibrato() if length_s > 0.6 else None,
                )
            )
            at_s = note.end_s
    return sing(tones, place=Place(lead_s=late_s), seed=5)


def measured(take: Sung, song: Melody | None = SONG) -> Measured:
    return measure_take(hear(take.dry, take.samples, take.samples, TRACKER), song)


@pytest.fixture(scope="module")
def clean() -> Measured:
    return measured(sung())


def against(found: Measured) -> AgainstSong:
    assert isinstance(found.against_song, AgainstSong)
    return found.against_song


def test_a_clean_take_of_a_song_is_found_in_tune_in_time_and_whole(clean: Measured):
    song = against(clean)
    assert song.intonation is not None
    assert song.rhythm is not None
    assert song.coverage is not None
    assert song.intonation.score.value > 95
    assert song.rhythm.score.value > 90
    assert song.coverage.share == 1


def test_phrases_are_the_lines_and_begin_after_their_breaths(clean: Measured):
    assert [phrase.line for phrase in clean.phrases] == list(range(6))
    assert len(clean.breathing.breaths) == pytest.approx(6, abs=1)
    assert clean.breathing.in_words == ()


def test_vibrato_and_what_else_is_in_the_voice_is_told(clean: Measured):
    assert clean.vibrato.rate_hz == pytest.approx(5.5, abs=0.3)
    assert clean.compass.low_midi is not None
    assert clean.voice.hnr_db is not None
    assert clean.by_itself.grid is not None
    assert clean.by_itself.grid.score.value > 80


@pytest.mark.parametrize(("semitones", "late_s"), [(3.0, 0.0), (-12.0, 0.0), (0.0, 0.1)])
def test_another_key_another_octave_or_a_late_room_cost_nothing(clean: Measured, semitones: float, late_s: float):
    there, here = against(measured(sung(semitones=semitones, late_s=late_s))), against(clean)
    assert there.intonation is not None
    assert here.intonation is not None
    assert there.rhythm is not None
    assert here.rhythm is not None
    assert there.aligned.transposed_semitones == round(semitones)
    assert there.intonation.score.value == pytest.approx(here.intonation.score.value, abs=3)
    assert there.rhythm.score.value == pytest.approx(here.rhythm.score.value, abs=4)


def test_without_a_song_there_is_all_but_what_needs_one(clean: Measured):
    alone = measured(sung(), None)
    assert alone.against_song is None
    assert alone.notes == clean.notes
    assert alone.breathing.in_words is None


def test_of_silence_nothing_is_told():
    silence = np.zeros((44_100 * 3, 2), np.float32)
    found = measure_take(hear(silence, silence, silence, TRACKER), SONG)
    assert found.against_song is Unaligned.NOTHING_SUNG
    assert (found.notes, found.phrases, found.vibrato.rate_hz, found.by_itself.grid) == ((), (), None, None)


def test_the_same_take_gives_the_same_to_the_last_bit(clean: Measured):
    again = measured(sung())
    assert replace(again, pitch=clean.pitch, by_itself=clean.by_itself) == replace(clean)
    np.testing.assert_array_equal(again.pitch.hz, clean.pitch.hz)
