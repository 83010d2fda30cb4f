"""The made singer, heard: pitch, notes and breaths by voice and room, and each measure against what was sung."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from vocalverse.bench.hearing.table import Cell, Column, Row, Table
from vocalverse.bench.truth.agreement import Labelled, Tracked, held_midi, paired_notes, paired_spans, percent, pooled
from vocalverse.measure.frames import Heard
from vocalverse.measure.notes import find_notes
from vocalverse.measure.pitch.tracker import PitchTracker
from vocalverse.measure.singing.breath import find_breaths
from vocalverse.measure.take import Measured, hear, measure_take
from vocalverse.records import Progress, no_progress
from vocalverse.separate.dereverberate import dereverberate
from vocalverse.synthesis.repertoire import song
from vocalverse.synthesis.singing import Place, Sung, Tone, Vibrato, Vowel, sing
from vocalverse.synthesis.throat import Voice

_TONES = 30  # a quarter of a minute
_MAN, _DRY = Voice(), Place()
_WOMAN = Voice(tract=1.17, tilt_db_per_octave=-9)


@dataclass(frozen=True)
class _Singer:
    name: str
    voice: Voice = _MAN
    place: Place = _DRY
    midi: float = 57.0  # of the lowest note; the others lie within an octave above


_SINGERS = (
    _Singer("a man, dry", midi=48),
    _Singer("a woman, dry", _WOMAN, midi=62),
    _Singer("a child, high", Voice(tract=1.3, tilt_db_per_octave=-9), midi=72),
    _Singer("a bass, low", Voice(tract=0.95), midi=38),
    _Singer("breathy, unsteady", Voice(breathiness_db=-12, jitter=0.01, shimmer=0.05, wobble_cents=20)),
    _Singer("noise 30 dB below", place=Place(noise_dbfs=-50)),
    _Singer("noise 15 dB below", place=Place(noise_dbfs=-35)),
    _Singer("a living room", place=Place(t60_s=0.4, drr_db=8, noise_dbfs=-70)),
    _Singer("a hall", _WOMAN, Place(t60_s=0.9, drr_db=3, noise_dbfs=-70), midi=60),
    _Singer("soft, at -50 dBFS", place=Place(level_dbfs=-50)),
)


def heard_in_place(sung: Sung, tracker: PitchTracker) -> Heard:
    """As an ear hands it on that has nothing to separate."""
    return hear(dereverberate(sung.samples).samples, sung.samples, sung.samples, tracker)


def by_singer(tracker: PitchTracker, *, songs: int, progress: Progress = no_progress) -> Table:
    rows = []
    for at, singer in enumerate(_SINGERS):
        progress("made singers", at / len(_SINGERS))
        sung = [
            song(_TONES, seed=seed, voice=singer.voice, place=singer.place, midi=singer.midi) for seed in range(songs)
        ]
        rows.append(Row(singer.name, _as_heard(sung, tracker)))
    progress("made singers", 1.0)
    columns = [
        Column("pitch off, cents"),
        Column("95 % within, cents"),
        Column("off by > 50 cents, %", 2),
        Column("voice missed, %"),
        Column("voice that is none, %"),
        Column("notes, F1", 3),
        Column("onset off, ms"),
        Column("onset late, ms"),
        Column("end off, ms"),
        Column("breaths, F1", 3),
        Column("breath ends off, ms"),
    ]
    note = (
        f"{songs} songs of {_TONES} notes each, medians of absolute errors. Notes: onset within 50 ms and pitch within"
        " 50 cents. Breaths: half of the time shared. Rooms are taken out as the ear does it."
    )
    return Table("Truth: a made singer", "voice and place", columns, rows, note)


def _as_heard(sung: Sequence[Sung], tracker: PitchTracker) -> list[Cell]:
    heard = [heard_in_place(one, tracker) for one in sung]
    pitch = pooled([Tracked.of(one.pitch, there.pitch) for one, there in zip(sung, heard, strict=True)])
    off = np.abs(pitch.cents)
    notes, onset_ms, end_ms, breaths, breath_ms = [], [], [], [], []
    for one, there in zip(sung, heard, strict=True):
        true = Labelled.of(_audible(one))
        found = Labelled.of([(note.start_s, note.end_s, note.midi) for note in find_notes(there)])
        pairs = paired_notes(true, found)
        notes.append(pairs.f1)
        onset_ms.append(1_000 * (found.start_s[pairs.found] - true.start_s[pairs.true]))
        end_ms.append(1_000 * (found.end_s[pairs.found] - true.end_s[pairs.true]))
        true = Labelled.of([(breath.start_s, breath.end_s, 0.0) for breath in one.breaths])
        found = Labelled.of([(breath.start_s, breath.end_s, 0.0) for breath in find_breaths(there)])
        pairs = paired_spans(true, found)
        breaths.append(pairs.f1)
        breath_ms.append(1_000 * (found.end_s[pairs.found] - true.end_s[pairs.true]))
    late_ms = np.concatenate(onset_ms)
    return [
        _median(off),
        float(np.percentile(off, 95)) if len(off) else None,
        percent(int((off > 50).sum()), len(off)),
        percent(pitch.missed, pitch.true_voiced),
        percent(pitch.false, pitch.unvoiced),
        float(np.mean(notes)),
        _median(np.abs(late_ms)),
        _median(late_ms),
        _median(np.abs(np.concatenate(end_ms))),
        float(np.mean(breaths)),
        _median(np.abs(np.concatenate(breath_ms))),
    ]


def _audible(sung: Sung) -> list[tuple[float, float, float]]:
    """At the pitch that most of a note has. One tied to the same pitch on the same vowel is not heard as another."""
    spans: list[tuple[float, float]] = []
    for before, note in pairwise((None, *sung.notes)):
        assert note
        tone, last = note.tone, before and before.tone
        tied = last and not tone.rest_s and not tone.consonant and (tone.midi, tone.vowel) == (last.midi, last.vowel)
        spans.append((spans.pop()[0] if tied else note.start_s, note.end_s))
    return [(*span, held_midi(sung.pitch, *span) or 0.0) for span in spans]


def _median(values: np.ndarray) -> float | None:
    return float(np.median(values)) if len(values) else None


# --- each measure ---------------------------------------------------------------------------------------------

_Told = Iterable[tuple[float, float | None]]  # what was sung, and what was found of it


@dataclass(frozen=True)
class _Trial:
    """Tones that differ in what one measure finds."""

    name: str
    digits: int
    tones: Callable[[np.random.Generator], Sequence[Tone]]
    told: Callable[[Sequence[Tone], Measured], _Told]


def _held(random: np.random.Generator, length_s: float = 1.6) -> Tone:
    """One tone after a rest that says nothing yet."""
    vowel = (Vowel.A, Vowel.E, Vowel.O)[random.integers(3)]
    return Tone(float(random.uniform(50, 68)), length_s, rest_s=0.4, vowel=vowel)


_HALF_GROWN_S = 0.075  # what the measure takes for the onset


def _swinging(random: np.random.Generator) -> list[Tone]:
    swing = Vibrato(float(random.uniform(4.5, 7.5)), float(random.uniform(30, 120)), float(random.uniform(0, 0.4)))
    return [replace(_held(random), vibrato=swing) for _ in range(3)]


def _swung(tones: Sequence[Tone]) -> Vibrato:
    assert tones[0].vibrato
    return tones[0].vibrato


def _ornament(measured: Measured, kind: str) -> float | None:
    """The median depth; None where more or less than half of the tones have one."""
    depths = [ornament.depth_cents for ornament in measured.ornaments if ornament.kind == kind]
    return float(np.median(depths)) if len(depths) >= 2 else None


def _three(random: np.random.Generator, **fields: float) -> list[Tone]:
    return [replace(_held(random, 0.9), **fields) for _ in range(3)]  # type: ignore[arg-type]


_TRIALS = (
    _Trial("vibrato's rate, Hz", 2, _swinging, lambda tones, found: [(_swung(tones).rate_hz, found.vibrato.rate_hz)]),
    _Trial(
        "vibrato's extent, cents",
        1,
        _swinging,
        lambda tones, found: [(_swung(tones).extent_cents, found.vibrato.extent_cents)],
    ),
    _Trial(
        "vibrato's onset, ms",
        0,
        _swinging,
        lambda tones, found: [
            (
                1_000 * (_swung(tones).onset_s + _HALF_GROWN_S),
                found.vibrato.onset_delay_s and 1_000 * found.vibrato.onset_delay_s,
            )
        ],
    ),
    _Trial(
        "drift of long tones, cents/s",
        2,
        lambda random: [replace(_held(random, 2), drift_cents=float(random.uniform(-120, 120)))],
        lambda tones, found: [(tones[0].drift_cents / 2, found.long_tones.drift_cents_per_s)],
    ),
    _Trial(
        "depth of scoops, cents",
        0,
        lambda random: _three(random, scoop_cents=float(random.uniform(100, 300))),
        lambda tones, found: [(tones[0].scoop_cents, _ornament(found, "scoop"))],
    ),
    _Trial(
        "depth of falls, cents",
        0,
        lambda random: _three(random, fall_cents=float(random.uniform(150, 400))),
        lambda tones, found: [(tones[0].fall_cents, _ornament(found, "fall"))],
    ),
    _Trial(
        "height of kobushi, cents",
        0,
        lambda random: _three(random, turn_cents=float(random.uniform(100, 250)), turn_at_s=0.45),
        lambda tones, found: [(tones[0].turn_cents, _ornament(found, "kobushi"))],
    ),
    _Trial(
        "lowest and highest tone held, MIDI",
        3,
        lambda random: [_held(random, 0.6) for _ in range(6)],
        lambda tones, found: [
            (min(tone.midi for tone in tones), found.compass.lowest_held_midi),
            (max(tone.midi for tone in tones), found.compass.highest_held_midi),
        ],
    ),
    _Trial(
        "a swell over a phrase, dB",
        1,
        lambda random: [replace(_held(random, 2), swell_db=float(random.uniform(-12, 12)))],
        lambda tones, found: [
            (tones[0].swell_db, found.dynamics.phrases[0].trend_db if found.dynamics.phrases else None)
        ],
    ),
    _Trial(
        "a breath against the voice, dB",
        1,
        lambda random: _breathing(random, float(random.uniform(-40, -15))),
        lambda tones, found: [(tones[0].breath_db, found.breathing.breath_db)],
    ),
    _Trial(
        "tuning beside A4 = 440 Hz, cents",
        1,
        lambda random: _tuned(random, float(random.uniform(-0.45, 0.45))),
        lambda tones, found: [
            (
                100 * (tones[0].midi - round(tones[0].midi)),
                found.by_itself.grid.tuning_cents if found.by_itself.grid else None,
            )
        ],
    ),
)


def _breathing(random: np.random.Generator, breath_db: float) -> list[Tone]:
    return [replace(tone, rest_s=0.8, breath_s=0.35, breath_db=breath_db) for tone in _three(random)]


def _tuned(random: np.random.Generator, off: float) -> list[Tone]:
    return [replace(_held(random, 0.5), midi=float(random.integers(50, 68)) + off) for _ in range(24)]


_PLACES = (Place(noise_dbfs=-75), Place(t60_s=0.4, drr_db=8, noise_dbfs=-65))


def by_measure(tracker: PitchTracker, *, takes: int, progress: Progress = no_progress) -> Table:
    """Half of the takes in a room."""
    rows = []
    for at, trial in enumerate(_TRIALS):
        progress("measures", at / len(_TRIALS))
        told = [pair for seed in range(takes) for pair in _told(trial, seed, tracker)]
        off = np.asarray([found - true for true, found in told if found is not None])
        untold = sum(found is None for _, found in told)
        known = [_median(np.abs(off)), float(np.percentile(np.abs(off), 95)), _median(off)] if len(off) else [None] * 3
        shown: list[Cell] = [None if value is None else f"{value:.{trial.digits}f}" for value in known]
        rows.append(Row(trial.name, [float(len(told)), percent(untold, len(told)), *shown]))
    progress("measures", 1.0)
    columns = [Column("told", 0), Column("not found, %"), Column("off"), Column("95 % within"), Column("too high by")]
    note = f"{takes} takes each, half of them in a room. Medians of absolute errors and of errors."
    return Table("Truth: what a made singer does, measure by measure", "measure", columns, rows, note)


def _told(trial: _Trial, seed: int, tracker: PitchTracker) -> Iterator[tuple[float, float | None]]:
    tones = trial.tones(np.random.default_rng(seed))
    sung = sing(tones, place=_PLACES[seed % len(_PLACES)], seed=seed)
    yield from trial.told(tones, measure_take(heard_in_place(sung, tracker)))
