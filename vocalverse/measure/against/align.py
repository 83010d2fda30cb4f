"""A take against its song: when it begins, how fast it goes, in which key, and which lines are sung.

What is the same for the whole recording - the delay of a microphone, another key, an octave - is found here and costs
nobody a mark. What is left is the singer's.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from vocalverse.measure.against.keys import OtherKey, exact_in, key_of, other_in, other_keys
from vocalverse.measure.against.line_places import exact_lags
from vocalverse.measure.against.line_search import (
    CLASSES,
    Floats,
    Grid,
    Sought,
    best_way,
    frame_of,
    gains,
    likeness,
    on_grid,
    sought,
    upside_down,
)
from vocalverse.measure.against.repeats import Candidates, Repeat, repeats
from vocalverse.measure.against.sections import Placed, Section, section_at, sections_of
from vocalverse.measure.against.sung_lines import SungLine, sing_along
from vocalverse.measure.frames import HOP_S
from vocalverse.measure.pitch.track import Pitch
from vocalverse.measure.reference.melody import Melody

_HEARD_SHARE = 0.3  # of the lines that one of a duet sings alone
# Of what is sung where notes are, so much more fits than in another key or upside down, where only chance helps. Another
# song has 0 to 0.1, the right one sung 80 cents off on average 0.5, and 120 cents off still a quarter. Of a few seconds,
# chance may fit all.
_HALF_SURE, _SURER = 0.18, 0.035
_HALF_SURE_S, _SURER_S = 4.0, 1.0
_ENOUGH_S = 8.0
_AS_WRITTEN_S = 1.0  # a second voice in thirds is the first one, sung in another key: who sings as written sings that


class Unaligned(StrEnum):
    """Why a take cannot be held against its song."""

    NOTHING_SUNG = "nothing_sung"
    NOTHING_ASKED = "nothing_asked"  # the song's notes are all free
    NOTHING_ALIKE = "nothing_alike"  # no line fits anywhere


@dataclass(frozen=True)
class Aligned:
    latency_s: float  # of the section with most lines; positive where the take is later
    tempo_ratio: float  # above 1 the take is slower
    key_semitones: int  # -6 … 6, beside octaves
    key_cents: float  # -50 … 50, beside semitones
    octave: int
    other_keys: tuple[OtherKey, ...]
    sections: tuple[Section, ...]
    lines: tuple[SungLine, ...]  # as the melody has them
    singers: frozenset[int]  # of a duet, those that are heard
    repeats: tuple[Repeat, ...]
    # What fits more than by chance, in seconds and as a share of what could. Nothing where only words are known.
    above_chance_s: float | None
    above_chance_share: float | None
    confidence: float | None  # 0 … 1 that this is the song; None where too little is sung to tell it from another

    @property
    def transposed_semitones(self) -> int:
        return self.key_semitones + CLASSES * self.octave

    def semitones_in(self, line: int) -> int:
        """How much higher than written a line is sung: as all of it, but for lines in another key."""
        return self.transposed_semitones + other_in(line, self.other_keys)

    def take_s(self, at_s: float, line: int) -> float | None:
        """When a moment of a line is in the take; None where the line has no place in it."""
        section = self.lines[line].section
        return None if section is None else self.sections[section].latency_s + self.tempo_ratio * at_s

    def sung_s(self, at_s: float, line: int) -> float | None:
        """When it is sung: as `take_s`, and as much later as that line fits best."""
        there_s = self.take_s(at_s, line)
        return None if there_s is None else there_s + self.lines[line].shift_s


@dataclass(frozen=True)
class _Search:
    """Only lines of these singers that ask for something."""

    singers: frozenset[int]
    numbers: Sequence[int]  # in the melody
    lines: Sequence[Sought]
    like: Floats
    has_key: bool


@dataclass(frozen=True)
class _Found:
    key: int
    right_s: float  # on the best way, what is wrong and each jump taken off
    chance_s: float
    places: tuple[Placed, ...]
    candidates: Candidates


@dataclass(frozen=True)
class _AboveChance:
    seconds: float
    share: float

    @property
    def confidence(self) -> float:
        sure = min((self.share - _HALF_SURE) / _SURER, (self.seconds - _HALF_SURE_S) / _SURER_S)
        return float(1 / (1 + np.exp(-np.clip(sure, -50, 50))))


def align(pitch: Pitch, melody: Melody) -> Aligned | Unaligned:
    has_pitch = melody.has_pitch
    asked = {at: sought(line, any_pitch=not has_pitch) for at, line in enumerate(melody.lines)}
    asked = {at: line for at, line in asked.items() if line.spans}
    if not asked:
        return Unaligned.NOTHING_ASKED
    if not pitch.voiced.any():
        return Unaligned.NOTHING_SUNG
    like = likeness(pitch)
    ways = []
    for singers in _parts(melody):
        own = {at: line for at, line in asked.items() if melody.lines[at].singers & singers}
        if own:
            search = _Search(singers, list(own), list(own.values()), like, has_pitch)
            ways.append((search, _searched(search)))
    search, found = max(ways, key=lambda way: way[1].right_s - way[1].chance_s + _AS_WRITTEN_S * (way[1].key == 0))
    if not found.places:
        return Unaligned.NOTHING_ALIKE
    return _told(pitch, melody, search, found)


def _parts(melody: Melody) -> tuple[frozenset[int], ...]:
    """Who may be singing: of a duet both, or one of them, to whom the other's lines are another song."""
    alone = {line.singers for line in melody.lines if len(line.singers) < len(melody.singers)}
    return (melody.singers, *sorted(alone, key=min))


def _searched(search: _Search) -> _Found:
    """All lags in all keys, in large steps."""
    lines = search.lines
    grid = Grid.of(search.like.shape[1] - 1, lines)
    sums = on_grid(search.like, grid)
    keys = range(CLASSES if search.has_key else 1)
    totals_s = np.asarray([best_way(gains(sums, lines, grid, key), lines, grid).total_s for key in keys])
    key = int(totals_s.argmax())
    gain_s = gains(sums, lines, grid, key)
    way = best_way(gain_s, lines, grid)
    places = tuple(
        Placed(number, (line.start + line.end) / 2 * HOP_S, float(grid.lags_s[at]), float(gain[at]))
        for number, line, gain, at in zip(search.numbers, lines, gain_s, way.lags, strict=True)
        if at >= 0 and gain[at] > 0
    )
    candidates = Candidates(search.numbers, lines, gain_s, grid.lags_s)
    return _Found(key, way.total_s, _chance_s(search, sums, grid, totals_s), places, candidates)


def _chance_s(search: _Search, sums: Floats, grid: Grid, totals_s: npt.NDArray[np.float64]) -> float:
    """What fits in other keys, but for the two beside it that share half of the tolerance, and upside down in any."""
    if not search.has_key:
        return 0.0
    key = int(totals_s.argmax())
    others = [float(totals_s[(key + semitones) % CLASSES]) for semitones in range(2, CLASSES - 1)]
    turned = [upside_down(line) for line in search.lines]
    others += [best_way(gains(sums, turned, grid, other), turned, grid).total_s for other in range(CLASSES)]
    return max(others)


def _exactly(search: _Search, found: _Found) -> tuple[Placed, ...]:
    tempo_ratio, sections = sections_of(found.places, search.numbers[-1] + 1)
    places: list[Placed] = []
    line_of = dict(zip(search.numbers, search.lines, strict=True))
    for number, section in enumerate(sections):
        own = [one for one in found.places if section_at(sections, one.line) == number]
        lines = [line_of[one.line] for one in own]
        rough_s = [section.latency_s + (tempo_ratio - 1) * one.middle_s for one in own]
        rough = np.asarray([frame_of(lag_s) for lag_s in rough_s], np.intp)
        lags = exact_lags(search.like, lines, rough, found.key)
        places += [replace(one, lag_s=float(lag) * HOP_S) for one, lag in zip(own, lags, strict=True)]
    return tuple(places)


def _told(pitch: Pitch, melody: Melody, search: _Search, found: _Found) -> Aligned:
    places = _exactly(search, found)
    tempo_ratio, sections = sections_of(places, len(melody.lines))
    lags_s = {one.line: one.lag_s for one in places}
    against = sing_along(pitch, melody, sections, tempo_ratio, lags_s, singers=search.singers)
    key = key_of(np.concatenate([one.off for one in against]), found.key)
    others = other_keys(against, key)
    at_key = exact_in(key.semitones, key.cents)
    lines = tuple(one.told(at_key + other_in(line, others)) for line, one in enumerate(against))
    above = _above_chance(found, HOP_S * sum(one.voiced for one in against)) if melody.has_pitch else None
    enough = min(HOP_S * int(pitch.voiced.sum()), sum(line.asked_s for line in found.candidates.sought)) >= _ENOUGH_S
    return Aligned(
        latency_s=max(sections, key=lambda section: section.lines_sung).latency_s,
        tempo_ratio=tempo_ratio,
        key_semitones=key.semitones,
        key_cents=key.cents,
        octave=key.octave,
        other_keys=others,
        sections=sections,
        lines=lines,
        singers=_heard(melody, lines) or search.singers,
        repeats=repeats(found.candidates, pitch.voiced, _taken(len(pitch.voiced), lines)),
        above_chance_s=above.seconds if above else None,
        above_chance_share=above.share if above else None,
        confidence=above.confidence if above and enough else None,
    )


def _heard(melody: Melody, lines: Sequence[SungLine]) -> frozenset[int]:
    """Who of a duet is in the take, by the lines that somebody has alone; nobody where that tells nothing."""
    heard = set()
    for singer in melody.singers:
        own = [sung.found for line, sung in zip(melody.lines, lines, strict=True) if line.singers == {singer}]
        if own and sum(own) >= _HEARD_SHARE * len(own):
            heard.add(singer)
    return frozenset(heard)


def _taken(frames: int, lines: Sequence[SungLine]) -> npt.NDArray[np.bool_]:
    """[frames]: where a line is sung that belongs there."""
    taken = np.zeros(frames, np.bool_)
    for line in lines:
        if line.found and line.start_s is not None and line.end_s is not None:
            start, end = (frame_of(at_s + line.shift_s) for at_s in (line.start_s, line.end_s))
            taken[max(0, start) : max(0, end)] = True
    return taken


def _above_chance(found: _Found, sung_s: float) -> _AboveChance:
    more_s = found.right_s - found.chance_s
    return _AboveChance(more_s, more_s / max(sung_s - found.chance_s, HOP_S))
