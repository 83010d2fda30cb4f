"""A take is held against its song: takes out of numbers, of which everything is known."""

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from tests.patience import allowed_s
from vocalverse.measure.against.align import Aligned, Unaligned, align
from vocalverse.measure.reference.melody import Line, Melody, MelodyNote, NoteKind, Source
from vocalverse.synthesis.melodies import Faults, melody, perform, pitch_of
from vocalverse.synthesis.singing import Tone, sing

SONG = melody()


def aligned(take: object, song: Melody = SONG) -> Aligned:
    found = align(take.pitch, song)  # type: ignore[attr-defined]
    assert isinstance(found, Aligned)
    return found


@pytest.mark.parametrize("latency_s", [0.0, 0.1, 0.35, -0.5, 1.9, 24.0])
def test_the_delay_of_a_recording_is_found_and_changes_nothing_else(latency_s: float) -> None:
    found = aligned(perform(SONG, Faults(latency_s=latency_s)))
    assert found.latency_s == pytest.approx(latency_s, abs=0.03)
    assert found.tempo_ratio == 1
    assert len(found.sections) == 1
    first = 0 if latency_s >= 0 else 1
    assert all(line.found for line in found.lines[first:])


@pytest.mark.parametrize(
    ("semitones", "key", "octave"), [(0, 0, 0), (3, 3, 0), (-12, 0, -1), (-5, -5, 0), (14, 2, 1), (-24, 0, -2)]
)
def test_another_key_or_octave_is_told_and_costs_nothing(semitones: int, key: int, octave: int) -> None:
    found = aligned(perform(SONG, Faults(semitones=semitones)))
    assert (found.key_semitones, found.octave) == (key, octave)
    assert abs(found.key_cents) < 10
    assert found.transposed_semitones == semitones
    assert min(line.right_share for line in found.lines) > 0.8
    assert not found.other_keys


@pytest.mark.parametrize("cents", [-35, 30])
def test_a_tuning_beside_the_semitones_is_told_in_cents(cents: int) -> None:
    found = aligned(perform(SONG, Faults(semitones=2 + cents / 100)))
    assert found.key_semitones == 2
    assert found.key_cents == pytest.approx(cents, abs=8)


@pytest.mark.parametrize("tempo", [0.98, 0.99, 1.01, 1.02])
def test_a_take_that_goes_slower_or_faster_all_along_is_followed(tempo: float) -> None:
    found = aligned(perform(SONG, Faults(tempo=tempo, latency_s=0.2)))
    assert found.tempo_ratio == pytest.approx(tempo, abs=0.001)
    assert found.latency_s == pytest.approx(0.2, abs=0.06)
    assert all(line.found for line in found.lines)


def test_what_a_singer_is_early_or_late_is_no_other_tempo_and_no_other_section() -> None:
    found = aligned(perform(SONG, Faults(line_s=0.2, note_s=0.03)))
    assert found.tempo_ratio == 1
    assert len(found.sections) == 1
    assert found.latency_s == pytest.approx(0, abs=0.21)  # half of the lines are early, half are late


def test_lines_that_are_left_out_are_told_and_the_others_stay_where_they_are() -> None:
    sung = [0, 1, 2, 6, 7, 8, 9, 10, 14, 15, 17, 18]
    found = aligned(perform(SONG, Faults(latency_s=0.12), lines=sung))
    assert [number for number, line in enumerate(found.lines) if line.found] == sung
    assert found.latency_s == pytest.approx(0.12, abs=0.03)


def test_a_take_that_leaves_out_a_verse_goes_on_earlier() -> None:
    kept = [*range(7), *range(13, 20)]
    gone_s = SONG.lines[13].start_s - SONG.lines[7].start_s
    at_s = [SONG.lines[number].start_s - gone_s * (number >= 13) for number in kept]
    found = aligned(perform(SONG, lines=kept, at_s=at_s))
    assert [section.latency_s for section in found.sections] == pytest.approx([0, -gone_s], abs=0.03)
    assert [number for number, line in enumerate(found.lines) if line.found] == kept
    assert found.lines[9].section is None
    assert found.lines[9].start_s is None


def test_lines_that_are_sung_again_are_named() -> None:
    order = [*range(8), 6, 7, *range(8, 20)]
    more_s = SONG.lines[8].start_s - SONG.lines[6].start_s
    at_s = [SONG.lines[number].start_s + more_s * (place >= 8) for place, number in enumerate(order)]
    found = aligned(perform(SONG, lines=order, at_s=at_s))
    assert all(line.found for line in found.lines)
    assert [repeat.line for repeat in found.repeats] == [6, 7]


def test_nothing_is_repeated_in_a_take_that_sings_all_as_it_is() -> None:
    assert aligned(perform(SONG, Faults(note_cents=40, note_s=0.05))).repeats == ()


def test_lines_in_another_key_than_the_song_are_named() -> None:
    found = aligned(perform(SONG, Faults(semitones_of_line=dict.fromkeys(range(12, 20), -2.0))))
    assert found.key_semitones == 0
    assert [(other.first_line, other.last_line, other.semitones) for other in found.other_keys] == [(12, 19, -2)]
    assert all(line.found for line in found.lines)


@pytest.mark.parametrize("singer", [1, 2])
def test_of_a_duet_the_one_who_sings_is_told(singer: int) -> None:
    duet = melody(singers=(frozenset({1}), frozenset({2}), frozenset({1, 2})))
    own = [number for number, line in enumerate(duet.lines) if singer in line.singers]
    found = aligned(perform(duet, lines=own), duet)
    assert found.singers == {singer}
    assert [number for number, line in enumerate(found.lines) if line.found] == own


def test_a_duet_of_both_is_both() -> None:
    duet = melody(singers=(frozenset({1}), frozenset({2})))
    assert aligned(perform(duet), duet).singers == {1, 2}


@pytest.mark.parametrize("singer", [1, 2])
def test_who_sings_one_voice_of_a_duet_in_thirds_sings_the_song(singer: int) -> None:
    voices = {1: SONG.lines, 2: tuple(_second(line) for line in SONG.lines)}
    duet = replace(SONG, lines=tuple(line for pair in zip(*voices.values(), strict=True) for line in pair))
    found = aligned(perform(replace(SONG, lines=voices[singer])), duet)
    assert (found.singers, found.transposed_semitones) == ({singer}, 0)
    assert found.confidence is not None
    assert found.confidence > 0.9
    assert all(line.found == (singer in written.singers) for line, written in zip(found.lines, duet.lines, strict=True))


def _second(line: Line) -> Line:
    notes = tuple(replace(note, midi=note.midi + 4) for note in line.notes if note.midi is not None)
    return replace(line, notes=notes, singers=frozenset({2}))


@pytest.mark.parametrize("seed", range(4))
def test_another_song_is_told_from_a_song_sung_badly(seed: int) -> None:
    bad = Faults(note_cents=80, note_s=0.08, latency_s=0.2)
    right = aligned(perform(melody(seed=seed), bad), melody(seed=seed))
    wrong = align(perform(melody(seed=seed), bad).pitch, melody(seed=seed + 10))
    assert right.confidence is not None
    assert right.confidence > 0.7
    assert wrong is Unaligned.NOTHING_ALIKE or (wrong.confidence is not None and wrong.confidence < 0.3)


def test_three_lines_of_a_song_tell_it_and_of_one_line_nothing_is_told() -> None:
    few = aligned(perform(SONG, Faults(note_cents=40, latency_s=0.2), lines=range(12, 16)))
    assert few.confidence is not None
    assert few.confidence > 0.6
    one = aligned(perform(SONG, Faults(note_cents=40, latency_s=0.2), lines=[12]))
    assert one.confidence is None
    assert one.latency_s == pytest.approx(0.2, abs=0.03)


@pytest.mark.parametrize("height", [lambda at_s: 59.0 + 0 * at_s, lambda at_s: 50 + 6 * np.sin(5 * at_s)])
def test_a_hum_on_one_note_and_a_glide_are_no_song(
    height: Callable[[npt.NDArray[np.float64]], npt.NDArray[np.float64]],
) -> None:
    found = align(pitch_of(height(np.arange(6_000) / 100)), SONG)
    assert isinstance(found, Unaligned) or (found.confidence is not None and found.confidence < 0.2)


def test_the_same_take_gives_the_same_result_and_is_not_touched() -> None:
    pitch = perform(SONG, Faults(note_cents=30)).pitch
    before = pitch.hz.copy()
    assert align(pitch, SONG) == align(pitch, SONG)
    assert np.array_equal(pitch.hz, before)


def test_a_sound_of_the_synthesiser_lies_where_its_notes_are() -> None:
    tones = [
        Tone((note.midi or 0) + 3, note.end_s - note.start_s, rest_s=1.0 if note is line.notes[0] else 0.0)
        for line in SONG.lines[:6]
        for note in line.notes
    ]
    song = replace(SONG, lines=SONG.lines[:6])
    found = align(sing(tones).pitch, song)
    assert isinstance(found, Aligned)
    assert found.latency_s == pytest.approx(0, abs=0.03)
    assert found.key_semitones == 3


def test_where_nothing_is_sung_or_asked_the_reason_is_given() -> None:
    silent = pitch_of(np.full(500, np.nan))
    assert align(silent, SONG) is Unaligned.NOTHING_SUNG
    # Of a song with pitches, what is spoken freely asks for nothing; one line of it is no song without any.
    free = MelodyNote(0.0, 1.0, None, kind=NoteKind.FREESTYLE)
    asked = Melody((Line(0.0, 1.0, (free,)), SONG.lines[3]), Source.ULTRASTAR)
    assert not isinstance(align(perform(SONG).pitch, asked), Unaligned)


def test_one_voiced_frame_is_no_song() -> None:
    midi = np.full(500, np.nan)
    midi[250] = 60.0
    found = align(pitch_of(midi), SONG)
    assert isinstance(found, Unaligned) or not any(line.found for line in found.lines)


def test_of_a_song_of_which_only_words_are_known_the_times_are_compared() -> None:
    words = Melody(
        tuple(Line(line.start_s, line.end_s, words="la la") for line in melody(rest_s=2.0).lines), Source.LRC
    )
    found = aligned(perform(melody(rest_s=2.0), Faults(latency_s=0.3)), words)
    assert found.latency_s == pytest.approx(0.3, abs=0.1)
    assert found.confidence is None
    assert all(line.found and line.octave is None for line in found.lines)


def test_four_minutes_are_aligned_within_a_second() -> None:
    song = melody(60)
    take = perform(song, Faults(latency_s=0.2, note_cents=30))
    align(take.pitch, melody(2))
    began_s = time.perf_counter()
    align(take.pitch, song)
    assert time.perf_counter() - began_s < allowed_s(0.8)


def test_a_long_chart_does_not_hold_anybody_up() -> None:
    chart = melody(250, rest_s=1.2)
    take = perform(replace(chart, lines=chart.lines[:40]))
    began_s = time.perf_counter()
    align(take.pitch, chart)
    assert time.perf_counter() - began_s < allowed_s(2)
