"""What a worker knows of a song, read from what was kept of it."""

from dataclasses import replace

import numpy as np
import pytest

from vocalverse.assess.song import KnownSong, know_song
from vocalverse.measure.reference import stored, stored_guide
from vocalverse.measure.reference.guide import Contour, Guide
from vocalverse.measure.reference.melody import Line, Melody, MelodyNote, Source
from vocalverse.records import ReferenceKind, Remark, TextKind
from vocalverse.synthesis.melodies import melody

CHART, SUNG = melody(4, seed=1), melody(3, seed=2)
WORDS = Melody((Line(1.0, 2.0, words="la la"),), Source.LRC)
GUIDE = Guide(SUNG, Contour(np.full(300, 60.0, np.float32)))
STORED = {
    ReferenceKind.MELODY: stored.to_json(CHART),
    ReferenceKind.LYRICS: stored.to_json(WORDS),
    ReferenceKind.GUIDE: stored_guide.to_json(GUIDE),
}


def known(*kinds: ReferenceKind) -> KnownSong:
    return know_song({kind: STORED[kind] for kind in kinds})


@pytest.mark.parametrize(
    ("kinds", "melody"),
    [
        ((), None),
        ((ReferenceKind.LYRICS,), WORDS),
        ((ReferenceKind.LYRICS, ReferenceKind.GUIDE), SUNG),
        ((ReferenceKind.GUIDE, ReferenceKind.MELODY, ReferenceKind.LYRICS), CHART),
    ],
)
def test_a_chart_goes_before_a_guide_and_that_before_lyrics(kinds: tuple[ReferenceKind, ...], melody: Melody | None):
    found = known(*kinds)
    assert found.melody == melody
    assert (found.guide is not None) == (ReferenceKind.GUIDE in kinds)
    assert found.remarks == ()


def test_the_guides_pitch_is_known_beside_a_chart():
    guide = known(ReferenceKind.MELODY, ReferenceKind.GUIDE).guide
    assert guide is not None
    np.testing.assert_allclose(guide.midi, 60.0, atol=0.01)


LASTS_TWELVE_HOURS = {**STORED[ReferenceKind.MELODY], "lines": [[0.0, 43_200.0, 1, "la", []]]}


@pytest.mark.parametrize("broken", [LASTS_TWELVE_HOURS, {}, {"version": 1}, {"version": 99}, [], "melody"])
def test_what_cannot_be_read_is_remarked_upon_and_the_next_best_is_taken(broken: object):
    found = know_song({**STORED, ReferenceKind.MELODY: broken, ReferenceKind.GUIDE: broken})  # type: ignore[dict-item]
    assert found == KnownSong(WORDS, None, (Remark.REFERENCE_UNREADABLE,), {TextKind.LYRICS: "la la"})


def test_the_words_are_the_charts_or_where_that_has_none_the_lyrics():
    wordless = replace(CHART, lines=tuple(replace(line, notes=tuple(map(_mute, line.notes))) for line in CHART.lines))
    silent = {**STORED, ReferenceKind.MELODY: stored.to_json(wordless)}
    assert known(ReferenceKind.MELODY, ReferenceKind.LYRICS).text == {
        TextKind.LYRICS: "\n".join(line.text for line in CHART.lines)
    }
    assert know_song({kind: silent[kind] for kind in (ReferenceKind.MELODY, ReferenceKind.LYRICS)}).text == {
        TextKind.LYRICS: "la la"
    }
    assert known().text == {}


def _mute(note: MelodyNote) -> MelodyNote:
    return replace(note, text="")
