"""Ornaments whose place, depth and length are known."""

import pytest

from vocalverse.measure.notes import find_notes
from vocalverse.measure.singing.ornaments import Ornament, OrnamentKind, find_ornaments
from vocalverse.measure.singing.vibrato import measure_vibrato
from vocalverse.synthesis.singing import Sung, Tone, Vibrato, Voice, sing


def found(sung: Sung) -> tuple[Ornament, ...]:
    notes = find_notes(sung.heard())
    return find_ornaments(sung.pitch, notes, measure_vibrato(sung.pitch, notes))


def kinds(sung: Sung) -> list[OrnamentKind]:
    return [ornament.kind for ornament in found(sung)]


def test_plain_notes_have_none() -> None:
    assert kinds(sing([Tone(60, 0.6, rest_s=0.2), Tone(64, 0.6, rest_s=0.2), Tone(62, 0.6), Tone(60, 0.6)])) == []


@pytest.mark.parametrize("depth", [80.0, 130.0, 200.0])
def test_a_scoop(depth: float) -> None:
    (scoop,) = found(sing([Tone(60, 0.8, rest_s=0.3, scoop_cents=depth, scoop_s=0.15)]))
    assert scoop.kind is OrnamentKind.SCOOP
    assert scoop.depth_cents == pytest.approx(depth, abs=25)
    assert scoop.start_s == pytest.approx(0.3, abs=0.03)
    assert 0.05 < scoop.length_s < 0.16


@pytest.mark.parametrize("depth", [150.0, 300.0])
def test_a_fall(depth: float) -> None:
    (fall,) = found(sing([Tone(60, 0.8, rest_s=0.3, fall_cents=depth, fall_s=0.2)]))
    assert fall.kind is OrnamentKind.FALL
    assert fall.depth_cents == pytest.approx(depth, rel=0.15)
    assert fall.end_s == pytest.approx(1.1, abs=0.03)


def test_a_turn() -> None:
    (turn,) = found(sing([Tone(60, 1.2, rest_s=0.3, turn_cents=150, turn_at_s=0.6, turn_s=0.2)]))
    assert turn.kind is OrnamentKind.KOBUSHI
    assert turn.depth_cents == pytest.approx(150, abs=15)
    assert (turn.start_s + turn.end_s) / 2 == pytest.approx(0.9, abs=0.03)
    assert turn.length_s == pytest.approx(0.15, abs=0.06)


def test_a_slow_slide_is_portamento_and_a_quick_one_is_none() -> None:
    (slide,) = found(sing([Tone(60, 0.8), Tone(65, 0.8, portamento_s=0.25)]))
    assert slide.kind is OrnamentKind.PORTAMENTO
    assert slide.depth_cents == pytest.approx(500, abs=15)
    assert slide.length_s == pytest.approx(0.25, abs=0.06)
    assert (slide.start_s + slide.end_s) / 2 == pytest.approx(0.8, abs=0.04)
    assert kinds(sing([Tone(60, 0.8), Tone(65, 0.8, portamento_s=0.04)])) == []


def test_vibrato_is_no_row_of_turns() -> None:
    assert OrnamentKind.KOBUSHI not in kinds(sing([Tone(60, 2.0, vibrato=Vibrato(5.5, 90))]))


def test_a_voice_that_wavers_does_no_turns() -> None:
    """Those of amateurs stray by more than half a semitone and come back, now and then."""
    tones = [Tone(60 + step, 1.0, rest_s=0.2 * (step % 2)) for step in (0, 2, 4, 5, 4, 2, 0, 2)]
    for seed in range(3):
        assert OrnamentKind.KOBUSHI not in kinds(sing(tones, voice=Voice(wobble_cents=25), seed=seed))


def test_nothing_sung() -> None:
    assert find_ornaments(sing([Tone(60, 0.5)]).pitch, (), measure_vibrato(sing([Tone(60, 0.5)]).pitch, ())) == ()
