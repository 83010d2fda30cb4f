"""What is drawn of a take that was judged."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property

from vocalverse.evidence.kind import Unit
from vocalverse.feedback import numbers
from vocalverse.feedback.clock import moment
from vocalverse.feedback.words import sides
from vocalverse.measure.take import AgainstSong, Measured
from vocalverse.records import OVERALL, Assessment, Evidence, Language, Mark, Score


@dataclass(frozen=True)
class Sign:
    """Evidence that moved a score more than any other, up or down. Its number leads from what is said to the moment."""

    dimension: str
    evidence: Evidence
    number: int | None  # None: it shows nowhere in particular

    @property
    def raised(self) -> bool:
        return self.evidence.effect > 0


@dataclass(frozen=True)
class Portrait:
    title: str
    judged_by: str
    titles: Mapping[str, str]  # of the dimensions, by key
    assessment: Assessment
    measured: Measured | None  # None where it was refused before anything was measured

    @cached_property
    def signs(self) -> tuple[Sign, ...]:
        """In the order of the scores, the overall mark at the end; what raised before what lowered. What counts for
        two has one number.
        """
        overall = self.assessment.overall
        known: dict[tuple[str, float], int] = {}
        signs = []
        for score in (*self.assessment.scores, *((overall,) if overall else ())):
            for piece in most(score):
                at = None if piece.from_s is None else (piece.name, piece.from_s)
                number = known.setdefault(at, len(known) + 1) if at else None
                signs.append(Sign(score.dimension, piece, number))
        return tuple(signs)

    @cached_property
    def marks(self) -> Mapping[str, Mark]:
        """Of pitch and rhythm, as far as they are known."""
        found = {name: mark_of(self.assessment, name) for name in ("pitch", "rhythm")}
        return {name: mark for name, mark in found.items() if mark}

    @property
    def lyrics(self) -> str:
        """As far as they are drawn."""
        song = self.measured.against_song if self.measured else None
        return "".join(line.text for line in song.melody.lines) if isinstance(song, AgainstSong) else ""

    @property
    def verdict(self) -> str | None:
        """In a word, where it is not just that it was judged."""
        if self.assessment.scores:
            return None
        return (self.assessment.verdict or self.assessment.outcome).value

    def signs_of(self, dimension: str) -> tuple[Sign, ...]:
        return tuple(sign for sign in self.signs if sign.dimension == dimension)

    def title_of(self, dimension: str) -> str:
        return "Overall" if dimension == OVERALL else self.titles.get(dimension, dimension.capitalize())

    def words(self, language: Language) -> Mapping[str, str]:
        """By what they are about."""
        return {one.about: one.text for one in self.assessment.feedback if one.language is language}


def mark_of(assessment: Assessment, name: str) -> Mark | None:
    """That of pitch, or of rhythm."""
    figures = asdict(assessment.sung.figures) if assessment.sung else {}
    value, low, high = (figures.get(f"{name}_{part}") for part in ("score", "low", "high"))
    return None if value is None or low is None or high is None else Mark(value, low, high)


def most(score: Score) -> tuple[Evidence, ...]:
    """What raised it more than all else, then what lowered it, as far as words tell of it."""
    found = sides(score.evidence)
    return tuple(piece for piece in (found.raised, found.lowered) if piece)


def told(evidence: Evidence) -> str:
    """What was measured of the whole take; then where it shows, and what it is there."""
    name, whole = evidence.name.replace("_", " "), _value(evidence.value, evidence.unit)
    said = f"{name} {whole}".strip()
    if evidence.from_s is None or evidence.to_s is None:
        return said
    there = "" if evidence.value_there is None else _value(evidence.value_there, evidence.unit)
    shown = f"; {there}" if there and there != whole else ""
    return f"{said}{shown} at {moment(evidence.from_s, evidence.to_s)}"


def _value(value: float, unit: str) -> str:
    """What a network hears has no unit, and no value that anybody could read."""
    return numbers.told(value, Unit(unit), Language.EN).replace("-", "−") if unit else ""
