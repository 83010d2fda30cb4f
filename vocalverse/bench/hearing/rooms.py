"""What dereverberation gains in rooms, what it costs a dry voice, and how well the room is told."""

import itertools
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.signal import butter, sosfilt

from vocalverse.audio.loudness import loudness_lufs
from vocalverse.bench.hearing.data import RATE_HZ, Room, Signal
from vocalverse.bench.hearing.scenes import in_room
from vocalverse.bench.hearing.table import Cell, Column, Row, Table
from vocalverse.records import Progress, no_progress
from vocalverse.separate.dereverberate import Dry, dereverberate
from vocalverse.separate.quality import si_sdr

EARLY_S = 0.05  # what a listener takes for the voice itself
_DIRECT_S = 0.0025
_BAND_HZ = (300.0, 6_000.0)  # where a voice is strong
_FALL_DB = (-5.0, -25.0)

Voices = Mapping[str, Signal]


@dataclass(frozen=True)
class Outcome:
    """Of one voice in one room."""

    before_db: float  # SI-SDR against the voice with the room's first 50 ms
    after_db: float
    louder_lu: float
    t60_s: float | None
    drr_db: float | None

    @property
    def gain_db(self) -> float:
        return self.after_db - self.before_db


def wet(voices: Voices, rooms: Sequence[Room], *, progress: Progress = no_progress) -> Table:
    """A row for each room, medians over the voices."""
    heard: dict[str, list[Outcome]] = {}
    for at, room in enumerate(rooms):
        progress("rooms", at / len(rooms))
        heard[room.name] = [outcome(voice, room) for voice in voices.values()]
    progress("rooms", 1.0)
    rows = [Row(room.name, [*_gained(heard[room.name]), *_told(room, heard[room.name])]) for room in rooms]
    rows.append(Row("all", [*_gained(list(itertools.chain(*heard.values()))), *_errors(rooms, heard)]))
    columns = [
        *(Column(name) for name in ("wet, dB", "dereverberated, dB", "gain, dB", "worst gain, dB", "loudness, LU")),
        *(
            Column("T60, s", 2),
            Column("T60 found, s", 2),
            Column("DRR, dB"),
            Column("DRR found, dB"),
            Column("told", 0),
        ),
    ]
    note = (
        f"{len(voices)} unaccompanied voices in each room, medians. SI-SDR against the voice with the room's first"
        " 50 ms. DRR: the room's first 2.5 ms against the rest. `told`: how many of the voices told the room; of all"
        " rooms the median error."
    )
    return Table("Dereverberation in rooms", "room", columns, rows, note)


def dry(voices: Voices, *, progress: Progress = no_progress) -> Table:
    """What becomes of voices that are in no room to speak of."""
    rows = []
    for at, (name, voice) in enumerate(voices.items()):
        progress("dry voices", at / len(voices))
        given = np.repeat(voice[:, None], 2, axis=1)
        found = dereverberate(given)
        same = np.array_equal(found.samples, given)
        rows.append(Row(name, ["yes" if same else "no", si_sdr(found.samples, given), found.removed_db]))
    progress("dry voices", 1.0)
    columns = [Column("bit for bit"), Column("SI-SDR to the input, dB"), Column("taken for late sound, dB")]
    return Table("Dereverberation of dry voices", "voice", columns, rows, "As recorded, near the microphone.")


def outcome(voice: Signal, room: Room, *, remove: Callable[[npt.NDArray[np.float32]], Dry] = dereverberate) -> Outcome:
    given, wanted = in_room(voice, room), in_room(voice, early(room, EARLY_S))
    found = remove(given)
    before, after = (loudness_lufs(sound, RATE_HZ) for sound in (given, found.samples))
    louder_lu = after - before if before is not None and after is not None else 0.0
    return Outcome(
        before_db=si_sdr(given, wanted),
        after_db=si_sdr(found.samples, wanted),
        louder_lu=louder_lu,
        t60_s=found.room.t60_s,
        drr_db=found.room.drr_db,
    )


def early(room: Room, until_s: float) -> Room:
    """Its response up to `until_s` after the direct sound."""
    response = room.response.copy()
    for channel, direct in enumerate(_direct(room)):
        response[direct + round(until_s * RATE_HZ) :, channel] = 0
    return replace(room, response=response)


def reverberation_time_s(room: Room) -> float:
    """T60 after Schroeder, by the fall from -5 to -25 dB where a voice is strong."""
    energy = np.square(_heard(room)).sum(axis=1)
    left_db = 10 * np.log10(np.cumsum(energy[::-1])[::-1] / energy.sum() + 1e-12)
    falling = np.flatnonzero((left_db <= _FALL_DB[0]) & (left_db >= _FALL_DB[1]))
    slope = np.polyfit(falling / RATE_HZ, left_db[falling], 1)[0]
    return float(-60 / slope)


def direct_to_reverberant_db(room: Room) -> float:
    """The first 2.5 ms against all that follows, where a voice is strong."""
    direct = np.square(_heard(early(room, _DIRECT_S))).sum()
    late = np.square(_heard(replace(room, response=room.response - early(room, _DIRECT_S).response))).sum()
    return float(10 * np.log10(direct / late))


def _gained(outcomes: Sequence[Outcome]) -> list[Cell]:
    names = ("before_db", "after_db", "gain_db")
    middles = [statistics.median(getattr(one, name) for one in outcomes) for name in names]
    worst_db = min(one.gain_db for one in outcomes)
    return [*middles, worst_db, statistics.median(one.louder_lu for one in outcomes)]


def _told(room: Room, outcomes: Sequence[Outcome]) -> list[Cell]:
    t60_s, drr_db = _median([one.t60_s for one in outcomes]), _median([one.drr_db for one in outcomes])
    count = sum(one.t60_s is not None for one in outcomes)
    return [reverberation_time_s(room), t60_s, direct_to_reverberant_db(room), drr_db, float(count)]


def _errors(rooms: Sequence[Room], heard: Mapping[str, Sequence[Outcome]]) -> list[Cell]:
    """As `_told`, but of each that is found how far it is from the truth."""
    shares, distances_db = [], []
    for room in rooms:
        t60_s, drr_db = reverberation_time_s(room), direct_to_reverberant_db(room)
        shares += [abs(one.t60_s / t60_s - 1) for one in heard[room.name] if one.t60_s is not None]
        distances_db += [abs(one.drr_db - drr_db) for one in heard[room.name] if one.drr_db is not None]
    t60 = f"± {100 * statistics.median(shares):.0f} %" if shares else None
    drr = f"± {statistics.median(distances_db):.1f}" if distances_db else None
    return [None, t60, None, drr, float(len(shares))]


def _median(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else None


def _heard(room: Room) -> npt.NDArray[np.float64]:
    sections = butter(4, _BAND_HZ, "bandpass", fs=RATE_HZ, output="sos")
    return np.asarray(sosfilt(sections, room.response.astype(np.float64), axis=0))


def _direct(room: Room) -> list[int]:
    """Of each channel."""
    return [int(at) for at in np.abs(room.response).argmax(axis=0)]
