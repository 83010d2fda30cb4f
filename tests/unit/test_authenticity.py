"""What tells singing from what stands in for it, on sounds whose truth is known."""

from dataclasses import replace

import numpy as np
import pytest

from vocalverse.measure.against.align import Unaligned
from vocalverse.measure.authenticity.authenticity import measure_authenticity
from vocalverse.measure.authenticity.one_note import measure_one_note
from vocalverse.measure.authenticity.playback import measure_playback
from vocalverse.measure.authenticity.presence import measure_presence
from vocalverse.measure.authenticity.repetition import measure_repetition
from vocalverse.measure.authenticity.second_voice import measure_second_voice
from vocalverse.measure.authenticity.speech import measure_speech
from vocalverse.measure.authenticity.timbre import measure_timbre
from vocalverse.measure.frames import Frames, Heard
from vocalverse.measure.notes import find_notes
from vocalverse.measure.pitch.track import Pitch
from vocalverse.measure.reference.guide import Contour
from vocalverse.measure.reference.melody import BOTH, Line, Melody, MelodyNote, NoteKind, Source
from vocalverse.synthesis.melodies import pitch_of
from vocalverse.synthesis.repertoire import hum, song, talk, whistle
from vocalverse.synthesis.singing import Place, Sung, Tone, Vibrato, sing
from vocalverse.synthesis.throat import Voice

SUNG = song(24, seed=1, voice=Voice(wobble_cents=10))
TONES = [note.tone for note in SUNG.notes]
HEARD = SUNG.heard()


def silence(seconds: float = 3.0) -> Heard:
    frames = Frames.of_signal(np.zeros(round(seconds * 16_000), np.float32))
    none = np.zeros(len(frames), np.float32)
    return Heard(frames, frames, frames, Pitch(none, none > 0, none))


def joined(*parts: Sung) -> Heard:
    """One after another."""
    frames = Frames.of(np.concatenate([part.samples for part in parts]))
    hz = np.concatenate([part.f0_hz[: len(part.samples) // 441] for part in parts])
    hz = np.pad(hz, (0, max(0, len(frames) - len(hz))))[: len(frames)]
    return Heard(frames, frames, frames, Pitch(hz, hz > 0, np.ones(len(hz), np.float32)))


def chart(*notes: tuple[float, float], kind: NoteKind = NoteKind.NORMAL) -> Melody:
    """Notes of (midi, seconds), one after another."""
    at_s, written = 1.0, []
    for midi, length_s in notes:
        written.append(MelodyNote(at_s, at_s + length_s, midi if kind.has_pitch else None, "la", kind))
        at_s += length_s
    return Melody((Line(1.0, at_s, tuple(written)),), Source.ULTRASTAR)


def test_of_silence_nothing_is_told() -> None:
    told = measure_authenticity(silence(), ())
    assert told.presence.voiced_s == told.presence.voiced_share == 0
    assert told.presence.in_mix_db is told.presence.leap_semitones is told.one_note.share is None
    assert told.timbre.whistled_share is told.timbre.openest_db is told.speech.held_share is None
    assert told.repetition.share == 0
    assert told.second_voice.share is told.song_confidence is None
    assert told.playback is None


def test_a_whistle_has_no_overtones_whether_its_pitch_is_found_or_not() -> None:
    high = whistle([replace(tone, midi=tone.midi + 30, consonant=None) for tone in TONES]).heard()
    unfound = replace(high, pitch=silence().pitch)
    assert measure_timbre(high).whistled_share == pytest.approx(0.85, abs=0.15)
    assert measure_timbre(unfound).whistled_s == measure_timbre(high).whistled_s > 5
    assert measure_timbre(HEARD).whistled_share == pytest.approx(0, abs=0.05)


def test_a_hum_stays_closed_and_still() -> None:
    hummed, sung = measure_timbre(hum(TONES).heard()), measure_timbre(HEARD)
    assert hummed.openest_db is not None
    assert hummed.moves_db is not None
    assert sung.openest_db is not None
    assert sung.moves_db is not None
    assert hummed.openest_db < -24
    assert sung.openest_db > -15
    assert hummed.moves_db < 0.5 * sung.moves_db


@pytest.mark.parametrize("seed", range(3))
def test_talk_holds_no_pitch(seed: int) -> None:
    talked, sung = (sound.heard() for sound in (talk(10, seed=seed), song(20, seed=seed)))
    of_talk, of_song = (measure_speech(heard, find_notes(heard)) for heard in (talked, sung))
    for name, least in (("held_share", 3), ("long_notes_share", 2)):
        assert least * getattr(of_talk, name) < getattr(of_song, name)
    for name in ("notes_per_s", "syllables"):
        assert getattr(of_talk, name) > 1.5 * getattr(of_song, name)


def test_what_a_song_asks_for_is_told_beside_what_is_sung() -> None:
    notes = find_notes(HEARD)
    assert measure_speech(HEARD, notes).asked_share == 0
    assert measure_speech(HEARD, notes, chart((60, 1.0), kind=NoteKind.RAP)).asked_share == 1
    assert measure_speech(HEARD, notes, chart((60, 1.0))).asked_share == 0
    assert measure_one_note(HEARD.pitch).asked_share == 0
    assert measure_one_note(HEARD.pitch, chart((60, 3.0), (65, 1.0))).asked_share == pytest.approx(0.75)


def test_one_note_is_one_in_any_octave_and_a_little_out_of_tune() -> None:
    wandering = 60 + np.concatenate([np.linspace(-0.6, 0.6, 500), 12 + np.zeros(500)])
    assert measure_one_note(pitch_of(wandering)).share == pytest.approx(1)
    assert measure_one_note(pitch_of(np.repeat((60.0, 62.0, 64.0, 66.0), 100))).share == pytest.approx(0.25)


@pytest.mark.parametrize("below_db", [0.0, 6.0, 20.0])
def test_a_voice_is_told_against_all_that_was_recorded(below_db: float) -> None:
    rms = 0.1 * 10 ** (below_db / 20) * np.sqrt(44_100 / 16_000)  # of what lies below 8 kHz
    backing = np.tile(np.random.default_rng(0).normal(0, rms, (len(SUNG.samples), 1)), 2)
    told = measure_presence(SUNG.heard(mix=(SUNG.dry + backing).astype(np.float32)), find_notes(HEARD))
    assert told.in_mix_db == pytest.approx(-10 * np.log10(1 + 10 ** (below_db / 10)), abs=1.0)
    assert told.voiced_s == pytest.approx(SUNG.pitch.voiced.sum() / 100)


def test_a_loop_is_found_and_how_long_it_is() -> None:
    phrase = song(8, seed=3)
    told = measure_repetition(joined(*[phrase] * 5))
    assert told.share == pytest.approx(0.8, abs=0.12)
    assert told.after_s == pytest.approx(len(phrase.samples) / 44_100, abs=0.02)


def test_who_sings_a_phrase_again_is_no_loop() -> None:
    again = [sing(TONES[:8], voice=Voice(wobble_cents=15), seed=seed) for seed in range(3)]
    assert measure_repetition(joined(*again)).share == pytest.approx(0, abs=0.1)
    assert measure_repetition(HEARD).share == 0


@pytest.mark.parametrize(("late_s", "semitones"), [(0.0, 0.0), (0.35, 0.0), (-2.0, 0.0), (0.2, 3.0)])
def test_a_guide_that_is_played_back_moves_as_it_does(late_s: float, semitones: float) -> None:
    guide = Contour.of(SUNG.pitch)
    late = round(abs(late_s) * 100)
    midi = np.pad(guide.midi, (late, 0), constant_values=np.nan) if late_s >= 0 else guide.midi[late:]
    told = measure_playback(pitch_of(midi.astype(np.float64) + semitones), guide)
    assert told is not None
    assert told.later_s == pytest.approx(late_s, abs=0.011)
    assert told.same_share == pytest.approx(1, abs=0.02)
    assert told.moves_alike == pytest.approx(1, abs=0.01)


def test_who_sings_along_with_a_guide_does_not_move_as_it_does() -> None:
    rng = np.random.default_rng(9)
    own = [
        replace(tone, scoop_cents=0.0, vibrato=Vibrato(float(rng.uniform(4.5, 7.5)), 50, onset_s=rng.uniform(0.1, 0.3)))
        for tone in TONES
    ]
    other = sing(own, voice=Voice(wobble_cents=15), seed=9)
    told = measure_playback(other.pitch, Contour.of(SUNG.pitch))
    assert told is not None
    assert told.moves_alike is not None
    assert told.moves_alike < 0.45
    nobody = measure_playback(silence().pitch, Contour.of(SUNG.pitch))
    assert nobody is not None
    assert nobody.same_share is None


def test_a_second_pitch_beside_the_voice_is_seen() -> None:
    held = [Tone(60 + step, 2.0) for step in (0, 2, 4)]
    alone, third = sing(held), sing([replace(tone, midi=tone.midi + 4) for tone in held], seed=2)
    both = Frames.of(alone.dry + third.dry)
    assert measure_second_voice(alone.heard()).share == pytest.approx(0, abs=0.02)
    told = measure_second_voice(replace(alone.heard(), dry=both))
    assert told.share is not None
    assert told.share > 0.8
    duet = replace(chart((60, 1.0)), lines=(replace(chart((60, 1.0)).lines[0], singers=BOTH),))
    assert [measure_second_voice(alone.heard(), known).singers_asked for known in (None, duet)] == [1, 2]


def test_a_song_that_fits_nowhere_is_surely_another() -> None:
    notes = find_notes(HEARD)
    assert measure_authenticity(HEARD, notes, aligned=Unaligned.NOTHING_ALIKE).song_confidence == 0
    unknown = measure_authenticity(HEARD, notes, aligned=Unaligned.NOTHING_SUNG)
    assert unknown.song_confidence is None
    assert unknown.on_its_song == 0


def test_a_room_and_its_noise_change_little() -> None:
    place = Place(t60_s=0.4, drr_db=3, noise_dbfs=-55)
    wet = sing(TONES, voice=Voice(wobble_cents=10), place=place, seed=1)
    frames = Frames.of(wet.samples)
    told = measure_authenticity(Heard(frames, frames, frames, wet.pitch), find_notes(wet.heard()))
    assert told.timbre.whistled_share == pytest.approx(0, abs=0.05)
    assert told.repetition.share == 0
    assert told.timbre.moves_db is not None
    assert told.timbre.moves_db > 1
