"""How much of a song was sung."""

import numpy as np
import pytest

from vocalverse.measure.against.align import Aligned, align
from vocalverse.measure.against.coverage import Coverage, coverage
from vocalverse.measure.reference.melody import Melody
from vocalverse.synthesis.melodies import Faults, Take, melody, perform, pitch_of

SONG = melody(20, seed=5)


def of(take: Take, song: Melody = SONG) -> Coverage:
    aligned = align(take.pitch, song)
    assert isinstance(aligned, Aligned)
    found = coverage(aligned, song, take.pitch)
    assert found is not None
    return found


def test_all_lines_of_a_whole_take_are_sung() -> None:
    found = of(perform(SONG, Faults(semitones=3, latency_s=0.3, note_cents=40)))
    assert (found.sung, found.asked, found.share, found.repeated) == (20, 20, 1, 0)
    assert found.time_share > 0.9


@pytest.mark.parametrize("sung", [[0, 1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 3, 5, 7, 9, 11, 13, 15, 17, 19]])
def test_half_of_the_lines_are_half(sung: list[int]) -> None:
    found = of(perform(SONG, lines=sung))
    assert found.share == 0.5
    assert [line.line for line in found.lines if line.sung] == sung


def test_a_verse_that_is_left_out_lowers_it_whether_the_rest_comes_earlier_or_not() -> None:
    kept = [*range(7), *range(13, 20)]
    gone_s = SONG.lines[13].start_s - SONG.lines[7].start_s
    earlier = [SONG.lines[number].start_s - gone_s * (number >= 13) for number in kept]
    assert of(perform(SONG, lines=kept, at_s=earlier)).share == of(perform(SONG, lines=kept)).share == 14 / 20


def test_lines_that_are_sung_out_of_tune_are_sung() -> None:
    assert of(perform(SONG, Faults(note_cents=70))).share >= 0.95


def test_lines_in_another_key_are_sung() -> None:
    assert of(perform(SONG, Faults(semitones_of_line=dict.fromkeys(range(12, 20), 5.0)))).share == 1


def test_one_hummed_note_is_no_song() -> None:
    hummed = Take(pitch_of(np.full(6_000, 59.0)), ())
    assert of(hummed).share == 0


def test_of_a_duet_the_other_one_s_lines_are_not_asked_for() -> None:
    duet = melody(20, seed=5, singers=(frozenset({1}), frozenset({2})))
    found = of(perform(duet, lines=range(0, 20, 2)), duet)
    assert (found.share, found.asked) == (1, 10)
