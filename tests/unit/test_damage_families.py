"""Faults in two families: each graver by grade, each hurting what it says, by ways that have nothing in common."""

from functools import cache

import numpy as np
import pytest

from vocalverse.audio.waveform import Samples
from vocalverse.measure.frames import Frames, Heard
from vocalverse.measure.notes import find_notes
from vocalverse.measure.pitch.tracker import PitchTracker
from vocalverse.synthesis.damage.family import Generator
from vocalverse.synthesis.damage.graded import FAULTS, Fault
from vocalverse.synthesis.damage.intact import Intact
from vocalverse.synthesis.damage.kinds import CONTROL
from vocalverse.synthesis.singing import RATE_HZ, Sung, Tone, TrueNote, Vibrato, sing

MIDI = (57.0, 60.0, 62.0, 59.0)
LEVELS_DB = (0.0, -9.0, -3.0, -12.0)
BY_KIND = {fault.kind: fault for fault in FAULTS}
BOTH = list(Generator)


@cache
def sung() -> Sung:
    """Two phrases, each after a pause, loud and soft."""
    rests_s = (0.5, 0.12, 0.7, 0.12)
    tones = [
        Tone(midi, 0.8, rest_s=rest_s, vibrato=Vibrato(5.5, 40, onset_s=0), level_db=level_db)
        for midi, rest_s, level_db in zip(MIDI, rests_s, LEVELS_DB, strict=True)
    ]
    return sing(tones, seed=3)


@cache
def take() -> Intact:
    notes = sung().notes
    phrases = tuple(TrueNote(notes[at].start_s, notes[at + 1].end_s, notes[at].tone) for at in (0, 2))
    return Intact(sung().samples, sung().pitch, notes, phrases)


@cache
def made(kind: str, generator: Generator, grade: int) -> Samples:
    """Grade 0 is the control."""
    damage = BY_KIND[kind].by(generator)
    return damage.of(take(), (CONTROL, *damage.grades)[grade], seed=2)


def heard(samples: Samples) -> Heard:
    frames = Frames.of(samples)
    return Heard(frames, frames, frames, PitchTracker.open().track(frames))


def apart(one: Samples, other: Samples) -> float:
    return float(np.sqrt(np.mean(np.square(one - other, dtype=np.float64))) / take().rms)


def rms(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(values, dtype=np.float64))))


@pytest.mark.parametrize("generator", BOTH)
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.kind)
def test_every_grade_is_farther_from_the_control_and_the_same_when_made_again(
    fault: Fault, generator: Generator
) -> None:
    before = take().samples.copy()
    steps = [apart(made(fault.kind, generator, grade), made(fault.kind, generator, 0)) for grade in range(4)]
    assert steps[1] > 0.01
    if fault.kind not in ("pitch", "timing", "vibrato"):  # of which waves tell no more than that they differ
        assert steps == sorted(steps)
    again = fault.by(generator).of(take(), fault.by(generator).grades[0], seed=2)
    assert np.array_equal(again, made(fault.kind, generator, 1))
    assert again.shape == take().samples.shape
    assert again.dtype == np.float32
    assert np.isfinite(again).all()
    assert np.array_equal(take().samples, before)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.kind)
def test_what_is_reported_by_is_another_way_than_what_is_learnt_from(fault: Fault) -> None:
    assert fault.train.way.__module__ != fault.report.way.__module__
    assert not set(fault.train.way.__code__.co_names) & {"Grains", "laid", "sosfilt", "lfilter", "stft", "istft"}
    assert not set(fault.report.way.__code__.co_names) & {"vocoded", "whispered", "coloured", "_smooth", "_warped"}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.kind)
def test_the_other_ways_control_is_the_take_itself_to_the_ear(fault: Fault) -> None:
    """Laid anew by its periods, or bin by bin, or not touched at all."""
    assert apart(made(fault.kind, Generator.REPORT, 0), take().samples) < 0.15


@pytest.mark.parametrize(("grade", "cents"), [(1, 20), (2, 50), (3, 100)])
def test_notes_that_are_laid_anew_are_off_by_so_many_cents(grade: int, cents: float) -> None:
    found = find_notes(heard(made("pitch", Generator.REPORT, grade)))
    assert rms(100 * (np.array([note.midi for note in found]) - np.array(MIDI))) == pytest.approx(cents, rel=0.2)


def test_notes_that_are_hurried_and_dragged_begin_early_and_late_by_turns() -> None:
    control, off = (
        np.array([note.start_s for note in find_notes(heard(made("timing", Generator.REPORT, grade)))])
        for grade in (0, 2)
    )
    late_s = off - control
    assert rms(late_s) == pytest.approx(0.1, rel=0.35)
    assert (np.sign(late_s) == [-1, 1, -1, 1]).all()


def test_a_wobble_moves_pitch_and_nothing_else() -> None:
    calm, wild = (heard(made("vibrato", Generator.REPORT, grade)).pitch for grade in (0, 3))
    both = calm.voiced & wild.voiced
    off = 1_200 * np.log2(wild.hz[both] / calm.hz[both])
    assert rms(off) == pytest.approx(80, rel=0.35)
    assert rms(made("vibrato", Generator.REPORT, 3)) == pytest.approx(rms(take().samples), rel=0.05)


@pytest.mark.parametrize("generator", BOTH)
def test_gasps_stand_in_the_pauses_alone(generator: Generator) -> None:
    added = made("gasps", generator, 3) - made("gasps", generator, 0)
    assert rms(added[round(0.2 * RATE_HZ) : round(0.45 * RATE_HZ)]) > 0.05 * take().rms
    assert rms(added[round(0.55 * RATE_HZ) : round(2.1 * RATE_HZ)]) < 0.01 * take().rms


@pytest.mark.parametrize("generator", BOTH)
def test_phrases_lose_their_ends_and_keep_their_beginnings(generator: Generator) -> None:
    lost = made("ends", generator, 3)
    end, start = round(take().phrases[0].end_s * RATE_HZ), round(take().phrases[0].start_s * RATE_HZ)
    kept = take().samples
    assert rms(lost[end - RATE_HZ // 10 : end]) < 0.3 * rms(kept[end - RATE_HZ // 10 : end])
    assert rms(lost[start : start + RATE_HZ // 2]) == pytest.approx(rms(kept[start : start + RATE_HZ // 2]), rel=0.05)


@pytest.mark.parametrize("generator", BOTH)
def test_soft_and_loud_notes_come_nearer_to_each_other(generator: Generator) -> None:
    def range_db(grade: int) -> float:
        samples = made("dynamics", generator, grade)
        levels = [
            20 * np.log10(rms(samples[round((note.start_s + 0.2) * RATE_HZ) : round((note.end_s - 0.1) * RATE_HZ)]))
            for note in take().notes
        ]
        return float(np.ptp(levels))

    ranges = [range_db(grade) for grade in range(4)]
    assert ranges == sorted(ranges, reverse=True)
    assert ranges[3] < 0.5 * ranges[0]


@pytest.mark.parametrize("generator", BOTH)
def test_a_muffled_voice_loses_its_top_and_a_nasal_one_its_middle(generator: Generator) -> None:
    def band_db(kind: str, grade: int, low_hz: float, high_hz: float) -> float:
        power = np.abs(np.fft.rfft(made(kind, generator, grade)[:, 0])) ** 2
        hz = np.fft.rfftfreq(len(take().samples), 1 / RATE_HZ)
        return float(10 * np.log10(power[(hz >= low_hz) & (hz < high_hz)].sum()))

    assert band_db("muffled", 3, 3_000, 6_000) < band_db("muffled", 0, 3_000, 6_000) - 8
    assert band_db("muffled", 3, 200, 700) > band_db("muffled", 0, 200, 700) - 4
    nose = [band_db("nasal", grade, 200, 400) - band_db("nasal", grade, 650, 1_100) for grade in range(4)]
    assert nose == sorted(nose)
    assert nose[3] > nose[0] + 6


def test_every_dimension_of_ours_is_hurt_by_something() -> None:
    assert {fault.dimension for fault in FAULTS} == {"breath", "technique", "timbre", "emotion"}
    assert len(BY_KIND) == len(FAULTS)
