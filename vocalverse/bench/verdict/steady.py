"""The same take through rooms, codecs, levels, noise and keys: how far its scores move, and whether intervals say so."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from vocalverse.bench.hearing.table import Cell, Column, Row, Table
from vocalverse.bench.verdict.hearing import Version
from vocalverse.bench.verdict.takes import Corpus
from vocalverse.bench.verdict.trial import TOLD, Said, Trial
from vocalverse.bench.verdict.ways import (
    CODECS,
    CROPS_S,
    EAR,
    KEYS,
    LEVELS_DB,
    NOISES_DB,
    PLAIN,
    codec_of,
    crop_of,
    key_of,
    level_of,
    noise_of,
    room_of,
)
from vocalverse.evaluation.figure import Floats

_CONTROL = key_of(0)  # keys are held against what the resynthesis does by itself
_NOTE = (
    "How far the score of a take moves, in points of 5: half of the takes move by less than the first number, nine tenths"
    " by less than the second. Then the share whose score stays within the interval that was told before, in %. Singers"
    " that nothing was learnt from."
)


@dataclass(frozen=True)
class Moved:
    """Scores of the same takes before and after; all [takes]."""

    before: Floats
    low: Floats
    high: Floats
    after: Floats

    @property
    def by(self) -> Floats:
        return np.abs(self.after - self.before)

    @property
    def within(self) -> float:
        return float(((self.after >= self.low) & (self.after <= self.high)).mean())

    @property
    def width(self) -> float:
        return float((self.high - self.low).mean())

    @property
    def constant_width(self) -> float:
        """That intervals of one width for all would have to have, to hold as many."""
        return 2 * float(np.quantile(self.by, self.within, method="inverted_cdf"))


def groups(trial: Trial) -> dict[str, list[str]]:
    """Ways by what they are together."""
    rooms = [room_of(path.stem) for path in sorted((trial.notebook.places.data / "rir").glob("*.flac"))]
    return {
        "rooms": rooms,
        "codecs": [codec_of(name) for name in CODECS],
        "levels": [level_of(db) for db in LEVELS_DB],
        "noise": [noise_of(db) for db in NOISES_DB],
        "keys": [key_of(semitones) for semitones in KEYS if semitones],
        "crops": [crop_of(seconds) for seconds in CROPS_S if seconds < trial.extent.altered_s],
        "backings": [EAR],
    }


def versions(trial: Trial) -> list[Version]:
    ways = (PLAIN, _CONTROL, *(way for those in groups(trial).values() for way in those))
    return [
        Version(take, way)
        for take in trial.altered(trial.extent.steady)
        for way in ways
        if way != EAR or take.corpus is Corpus.MIR1K
    ]


def tables(trial: Trial) -> Iterator[Table]:
    for contender in trial.contenders:
        said = trial.said(contender, versions(trial))
        rows = []
        for name, ways in groups(trial).items():
            if name != "crops":
                rows += [Row(f"{name}: all", [_cell(_moved(trial, said, key, ways)) for key in TOLD])] * (len(ways) > 1)
                rows += [Row(way, [_cell(_moved(trial, said, key, [way])) for key in TOLD]) for way in ways]
        note = f"{len(trial.altered(trial.extent.steady))} takes. {_NOTE}"
        yield Table(f"Steadiness: {contender.name}", "what was done", [Column(key) for key in TOLD], rows, note)
    yield sureness(trial)


def sureness(trial: Trial) -> Table:
    """Intervals against one width for all."""
    by_contender = [(one, trial.said(one, versions(trial))) for one in trial.contenders]
    known = groups(trial)
    asked: Mapping[str, list[str]] = {
        "any room, codec, level or noise": [*known["rooms"], *known["codecs"], *known["levels"], *known["noise"]],
        **{way: [way] for way in known["crops"]},
        "all of these": [way for name in ("rooms", "codecs", "levels", "noise", "crops") for way in known[name]],
    }
    rows = []
    for name, ways in asked.items():
        for key in TOLD:
            cells: list[Cell] = []
            for _, said in by_contender:
                moved = _moved(trial, said, key, ways, told_after=True)
                cells += [100 * moved.within, moved.width, moved.constant_width] if len(moved.by) else [None] * 3
            rows.append(Row(f"{name}: {key}", cells))
    heads = (("held, %", 0), ("width", 2), ("one width", 2))
    columns = [Column(f"{one.name}: {name}", digits) for one in trial.contenders for name, digits in heads]
    note = (
        "Of takes through channels and of their beginnings: the share whose interval holds the score of the whole take as"
        " recorded, how wide intervals are in points of 5, and how wide one width for all would be that holds as many."
    )
    return Table("Intervals under channels and of short takes", "what was done: score", columns, rows, note)


def _moved(trial: Trial, said: Said, key: str, ways: Sequence[str], *, told_after: bool = False) -> Moved:
    """With the intervals of the takes as they were, or of what became of them."""
    found = []
    for take in trial.altered(trial.extent.steady):
        for way in ways:
            control = _CONTROL if way.startswith("key") else PLAIN
            before, after = (said.get(Version(take, one).id, {}).get(key) for one in (control, way))
            if before and after:
                whose, value = (after, before) if told_after else (before, after)
                found.append((whose.value, whose.low, whose.high, value.value))
    return Moved(*np.asarray(found, np.float64).reshape(-1, 4).T)


def _cell(moved: Moved) -> Cell:
    if not len(moved.by):
        return None
    half, most = np.quantile(moved.by, (0.5, 0.9))
    return f"{half:.2f} / {most:.2f} / {100 * moved.within:.0f}"
