"""Vibrato whose rate, extent and onset are known."""

import numpy as np
import pytest

from vocalverse.measure.notes import Note, find_notes
from vocalverse.measure.singing import vibrato
from vocalverse.measure.singing.vibrato import measure_vibrato
from vocalverse.synthesis.singing import Sung, Tone, Vibrato, sing
from vocalverse.synthesis.throat import Voice


def measured(sung: Sung) -> vibrato.Vibrato:
    return measure_vibrato(sung.pitch, true_notes(sung))


def true_notes(sung: Sung) -> tuple[Note, ...]:
    return tuple(Note(note.start_s, note.end_s, note.tone.midi, 0.0, -20.0) for note in sung.notes)


def tones(swing: Vibrato | None, *, length_s: float = 1.5) -> list[Tone]:
    return [Tone(60 + step, length_s, rest_s=0.3, vibrato=swing) for step in (0, 4, 7)]


@pytest.mark.parametrize("rate_hz", [4.5, 5.5, 6.5, 7.5])
@pytest.mark.parametrize("extent_cents", [25, 60, 120])
def test_rate_and_extent(rate_hz: float, extent_cents: float) -> None:
    found = measured(sing(tones(Vibrato(rate_hz, extent_cents))))
    assert found.rate_hz == pytest.approx(rate_hz, abs=0.15)
    assert found.extent_cents == pytest.approx(extent_cents, rel=0.08)
    assert found.regularity is not None
    assert found.regularity > 0.9
    assert found.share_of_long_notes == 1


@pytest.mark.parametrize("onset_s", [0.1, 0.3, 0.6])
def test_when_it_begins(onset_s: float) -> None:
    found = measured(sing(tones(Vibrato(6.0, 60, onset_s=onset_s), length_s=2.0)))
    assert found.onset_delay_s == pytest.approx(onset_s + 0.05, abs=0.1)  # it grows for 0.15 s


def test_a_straight_voice_has_none() -> None:
    found = measured(sing(tones(None)))
    assert not found.is_there
    assert found.extent_cents is None
    assert found.share_of_long_notes == 0


def test_a_voice_that_only_wanders_has_none_on_most_notes() -> None:
    lines = [sing(tones(None, length_s=2.0), voice=Voice(wobble_cents=12), seed=seed) for seed in range(3)]
    assert np.mean([measured(sung).share_of_long_notes or 0.0 for sung in lines]) < 0.35


def test_less_than_a_second_counts_as_none() -> None:
    found = measured(sing([Tone(60, 0.9, vibrato=Vibrato(6, 60)), Tone(64, 2.0, rest_s=0.3)]))
    assert 0 < found.seconds < 1
    assert found.rate_hz is None
    assert found.share_of_long_notes == 0


def test_without_long_notes_nothing_is_said_of_their_share() -> None:
    assert measured(sing([Tone(60, 0.3, rest_s=0.1) for _ in range(5)])).share_of_long_notes is None


def test_what_is_shaken_is_less_regular() -> None:
    regular = [measured(sing(tones(Vibrato(5.5, 60, shake=shake), length_s=3.0), seed=3)) for shake in (0, 0.15, 0.3)]
    values = [found.regularity or 0.0 for found in regular]
    assert values[0] > values[1] > values[2]


def test_what_is_too_slow_or_too_quick_is_no_vibrato() -> None:
    assert not measured(sing(tones(Vibrato(2.5, 80), length_s=3.0))).is_there
    assert not measured(sing(tones(Vibrato(9.3, 80), length_s=3.0))).is_there


def test_scoops_and_drift_are_no_vibrato() -> None:
    sung = sing([Tone(60, 1.5, rest_s=0.3, scoop_cents=200, drift_cents=-80) for _ in range(4)])
    assert not measured(sung).is_there


def test_with_notes_that_were_found() -> None:
    sung = sing(tones(Vibrato(5.5, 80)))
    found = measure_vibrato(sung.pitch, find_notes(sung.heard()))
    assert found.rate_hz == pytest.approx(5.5, abs=0.15)
    assert found.share_of_long_notes == 1


def test_no_notes() -> None:
    found = measure_vibrato(sing([Tone(60, 0.5)]).pitch, ())
    assert (found.seconds, found.rate_hz, found.share_of_long_notes) == (0, None, None)
