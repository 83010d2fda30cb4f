"""Takes are damaged, grade by grade: the measure of what was damaged has to move in order, and the others be still."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from vocalverse.audio.faults import clipping
from vocalverse.audio.waveform import Samples
from vocalverse.bench.hearing.table import Cell, Column, Row, Table
from vocalverse.bench.truth.agreement import percent
from vocalverse.errors import ReferenceBroken
from vocalverse.measure.marks import middle_spread
from vocalverse.measure.pitch.tracker import PitchTracker
from vocalverse.measure.reference.guide import from_notes
from vocalverse.measure.reference.melody import Melody, MelodyNote
from vocalverse.measure.take import Measured, hear, measure_take
from vocalverse.prescreen.evidence import Evidence, evidence
from vocalverse.records import Progress, no_progress
from vocalverse.synthesis.damage import kinds
from vocalverse.synthesis.damage.intact import Intact
from vocalverse.synthesis.damage.kinds import CONTROL, Damage
from vocalverse.synthesis.singing import RATE_HZ

_SIXTEENTH_S = 0.06  # charts are written on a grid
_SHARE_OF_TAKES = 0.3  # of which a measure has to be known

Takes = Mapping[str, Samples]


@dataclass(frozen=True)
class _Watched:
    name: str
    measure: str  # of the evidence
    least: float  # less than this is no move, however much alike takes are
    missing: float | None = None  # where it cannot be found


_SPREAD = _Watched("intonation, cents", "against_song.intonation.spread_cents", 3)
_PITCH = _Watched("pitch, 0-100", "pitch.value", 3)
_TIMING = _Watched("timing, ms", "against_song.rhythm.spread_ms", 5)
_RHYTHM = _Watched("rhythm, 0-100", "rhythm.value", 3)
_SUNG = _Watched("lines sung", "against_song.coverage.share", 0.05)
_EXTENT = _Watched("vibrato, cents", "vibrato.extent_cents", 5, missing=0)
_REGULAR = _Watched("vibrato's regularity", "vibrato.regularity", 0.03, missing=0)
_STILL = _Watched("long tones, cents", "long_tones.spread_cents", 2)
_HNR = _Watched("HNR, dB", "voice.hnr_db", 1)
_BREATHY = _Watched("breathiness, dB", "voice.breathiness_db", 1)
_BREATH = _Watched("breaths, dB", "breathing.breath_db", 1)
_RANGE = _Watched("dynamics, dB", "dynamics.range_db", 0.5)
_BETWEEN = _Watched("between phrases, dB", "dynamics.between_phrases_db", 0.5)
_RING = _Watched("ring, dB", "ring.spr_db", 1)
_CLIPPED = _Watched("clipped", "recording.clipped_share", 0.001)
_VOICED = _Watched("voice, s", "compass.voiced_s", 0.3)

_ALL = (
    *(_SPREAD, _PITCH, _TIMING, _RHYTHM, _SUNG, _EXTENT, _REGULAR, _STILL),
    *(_HNR, _BREATHY, _BREATH, _RANGE, _BETWEEN, _RING, _CLIPPED, _VOICED),
)


@dataclass(frozen=True)
class _Expected:
    damage: Damage
    moves: _Watched
    up: bool
    moves_too: frozenset[_Watched] = frozenset()  # by what they are


_EXPECTED = (
    _Expected(kinds.OUT_OF_TUNE, _SPREAD, True, frozenset({_PITCH})),
    _Expected(kinds.NOTES_OFF_TIME, _TIMING, True, frozenset({_RHYTHM})),
    _Expected(kinds.PHRASES_OFF_TIME, _TIMING, True, frozenset({_RHYTHM})),
    _Expected(kinds.VIBRATO_REMOVED, _EXTENT, False, frozenset({_REGULAR})),
    _Expected(kinds.VIBRATO_SHAKEN, _REGULAR, False, frozenset({_EXTENT, _STILL})),
    _Expected(kinds.BREATHIER, _HNR, False, frozenset({_BREATHY})),
    _Expected(kinds.BREATHS, _BREATH, True),
    _Expected(kinds.CLIPPED, _CLIPPED, True, frozenset({_RANGE, _RING})),
    _Expected(kinds.LEVELLED, _RANGE, False, frozenset({_BETWEEN})),
    _Expected(kinds.PUMPED, _RANGE, True, frozenset({_BETWEEN})),
)

_Values = Sequence[float | None]  # of the control and of each grade
_Moves = Mapping[_Watched, _Values]  # of one take under one damage


def damages(takes: Takes, tracker: PitchTracker, *, progress: Progress = no_progress) -> Iterator[Table]:
    moved: dict[Damage, list[_Moves]] = {expected.damage: [] for expected in _EXPECTED}
    for at, samples in enumerate(takes.values()):
        take = _Damaged.of(samples, tracker)
        for number, damage in enumerate(moved):
            progress("damages", (at + number / len(moved)) / len(takes))
            moved[damage].append(take.under(damage))
    progress("damages", 1.0)
    noise = {watched: _noise(watched, moved) for watched in _ALL}
    yield _in_order(moved, noise, len(takes))
    yield _matrix(moved, noise)


class _Damaged:
    """A take with its chart. What was measured once is not measured again: many damages have one control."""

    def __init__(self, intact: Intact, chart: Melody | None, tracker: PitchTracker) -> None:
        self._intact, self._chart, self._tracker = intact, chart, tracker
        self._known: dict[bytes, Evidence] = {}

    @classmethod
    def of(cls, samples: Samples, tracker: PitchTracker) -> "_Damaged":
        measured = measure_take(hear(samples, samples, samples, tracker))
        return cls(Intact(samples, measured.pitch, measured.notes, measured.phrases), _chart(measured), tracker)

    def under(self, damage: Damage) -> _Moves:
        found = [self._evidence(damage.of(self._intact, grade)) for grade in (CONTROL, *damage.grades)]
        return {
            watched: [one.get(watched.measure, watched.missing) for one in found]
            for watched in _ALL
            if found[0].get(watched.measure) is not None
        }

    def _evidence(self, samples: Samples) -> Evidence:
        key = hashlib.sha256(samples.tobytes()).digest()
        if key not in self._known:
            measured = measure_take(hear(samples, samples, samples, self._tracker), self._chart)
            clipped = {"recording.clipped_share": clipping(samples, RATE_HZ).share}
            self._known[key] = {**evidence(measured), **clipped}
        return self._known[key]


def _chart(measured: Measured) -> Melody | None:
    """As somebody would write down what is sung: in semitones and sixteenths. None where it is too little."""
    tuning = measured.by_itself.grid.tuning_cents / 100 if measured.by_itself.grid else 0.0
    notes, end_s = [], 0.0
    for note in measured.notes:
        start_s = max(end_s, round(note.start_s / _SIXTEENTH_S) * _SIXTEENTH_S)
        end_s = max(start_s + _SIXTEENTH_S, round(note.end_s / _SIXTEENTH_S) * _SIXTEENTH_S)
        notes.append(MelodyNote(start_s, end_s, round(note.midi - tuning) + tuning))
    try:
        return from_notes(notes)
    except ReferenceBroken:
        return None


def _noise(watched: _Watched, moved: Mapping[Damage, Sequence[_Moves]]) -> float:
    """How much takes differ that nobody damaged."""
    controls = [found[watched][0] for found in next(iter(moved.values())) if watched in found]
    known = [value for value in controls if value is not None]
    return max(watched.least, middle_spread(known, np.ones(len(known))) if len(known) > 1 else 0.0)


def _in_order(moved: Mapping[Damage, Sequence[_Moves]], noise: Mapping[_Watched, float], takes: int) -> Table:
    rows = []
    for expected in _EXPECTED:
        found = [one[expected.moves] for one in moved[expected.damage] if expected.moves in one]
        effects = _effects(expected.moves, moved[expected.damage], noise)
        others = {
            watched: _effects(watched, moved[expected.damage], noise)
            for watched in _ALL
            if watched is not expected.moves and watched not in expected.moves_too
        }
        known = {watched: effect[-1] for watched, effect in others.items() if effect}
        most = max(known, key=lambda watched: abs(known[watched]), default=None)
        rows.append(
            Row(
                expected.damage.name,
                [
                    f"{expected.moves.name} {'↑' if expected.up else '↓'}",
                    float(len(found)),
                    percent(sum(_ordered(values, expected) for values in found), len(found)),
                    percent(*_pairs_in_order(found, expected)),
                    " ".join(f"{effect:+.1f}" for effect in effects) or None,
                    f"{most.name} {known[most]:+.1f}" if most else None,
                ],
            )
        )
    columns = [
        Column("moves"),
        Column("takes that tell", 0),
        Column("all grades in order, %", 0),
        Column("pairs in order, %", 0),
        Column("by, grade by grade"),
        Column("of the others, most moves"),
    ]
    note = f"{takes} takes, medians of moves against the control, which goes the same way without the fault. {_UNIT}"
    return Table("Damaged takes: the matching measure in order", "damage", columns, rows, note)


_UNIT = "The unit is how much undamaged takes differ in that measure (half of what the middle 68 % span)."


def _matrix(moved: Mapping[Damage, Sequence[_Moves]], noise: Mapping[_Watched, float]) -> Table:
    rows = []
    for damage, found in moved.items():
        effects = [_effects(watched, found, noise) for watched in _ALL]
        for at, grade in enumerate(damage.grades):
            cells: list[Cell] = [effect[at] if effect else None for effect in effects]
            rows.append(Row(f"{damage.name}, {grade:g} {damage.unit}", cells))
    rows.append(Row("the unit", [f"{noise[watched]:.3g}" for watched in _ALL]))
    return Table("Damaged takes: every measure", "damage", [Column(one.name) for one in _ALL], rows, _UNIT)


def _effects(watched: _Watched, moved: Sequence[_Moves], noise: Mapping[_Watched, float]) -> list[float]:
    """For each grade the median over the takes; empty where too few tell."""
    known = [_full(found[watched]) for found in moved if watched in found]
    told = [values for values in known if values]
    if not told or len(told) < _SHARE_OF_TAKES * len(known):
        return []
    values = np.asarray(told)
    return [float(effect) for effect in np.median(values[:, 1:] - values[:, :1], axis=0) / noise[watched]]


def _full(values: _Values) -> list[float]:
    """Empty where one of them is not known."""
    known = [value for value in values if value is not None]
    return known if len(known) == len(values) else []


def _ordered(values: _Values, expected: _Expected) -> bool:
    known = _full(values)
    return bool(known) and all(_in_turn(*pair, expected) for pair in pairwise(known))


def _pairs_in_order(found: Sequence[_Values], expected: _Expected) -> tuple[float, float]:
    pairs = [pair for values in found for pair in pairwise(_full(values))]
    return sum(_in_turn(*pair, expected) for pair in pairs), len(pairs)


def _in_turn(before: float, after: float, expected: _Expected) -> bool:
    """What is gone cannot go further."""
    gone = before == after == expected.moves.missing
    return gone or (after > before if expected.up else after < before)
