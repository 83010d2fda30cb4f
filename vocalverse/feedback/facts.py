"""What an assessment holds that words may tell of: numbers, each with what it is a number of, and moments."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum

from vocalverse.evidence.kind import Unit
from vocalverse.records import OVERALL, Assessment, Evidence, Finding, Score
from vocalverse.sung import Figures, Phrases


class Quantity(StrEnum):
    """In the unit in which numbers are compared."""

    CENTS = "cents"
    CENTS_PER_S = "cents/s"
    DB = "dB"
    HZ = "Hz"
    S = "s"
    PERCENT = "%"
    PER_MINUTE = "per minute"
    COUNT = "count"
    MARK = "of 100"
    SCORE = "of 5"
    LINE = "line"  # of the song, counted from 1
    AT_S = "moment"  # in the recording


@dataclass(frozen=True)
class Scale:
    """What a number with a unit is, and times what."""

    quantity: Quantity
    factor: float = 1.0


@dataclass(frozen=True)
class Fact:
    name: str
    value: float
    quantity: Quantity


@dataclass(frozen=True)
class Span:
    name: str
    from_s: float
    to_s: float


@dataclass(frozen=True)
class Facts:
    numbers: tuple[Fact, ...] = ()
    moments: tuple[Span, ...] = ()


_SCALES: Mapping[Unit, Scale] = {
    Unit.CENTS: Scale(Quantity.CENTS),
    Unit.CENTS_PER_S: Scale(Quantity.CENTS_PER_S),
    Unit.DB: Scale(Quantity.DB),
    Unit.HZ: Scale(Quantity.HZ),
    Unit.MS: Scale(Quantity.S, 0.001),
    Unit.S: Scale(Quantity.S),
    Unit.SEMITONES: Scale(Quantity.CENTS, 100.0),
    Unit.SHARE: Scale(Quantity.PERCENT, 100.0),
    Unit.PER_MINUTE: Scale(Quantity.PER_MINUTE),
    Unit.COUNT: Scale(Quantity.COUNT),
    Unit.MARK: Scale(Quantity.MARK),
}
# How a name ends that tells its unit.
_ENDINGS: Mapping[str, Unit] = {
    "_cents_per_s": Unit.CENTS_PER_S,
    "_cents": Unit.CENTS,
    "_semitones": Unit.SEMITONES,
    "_db": Unit.DB,
    "_hz": Unit.HZ,
    "_ms": Unit.MS,
    "_per_minute": Unit.PER_MINUTE,
    "_s": Unit.S,
    "_share": Unit.SHARE,
    "_count": Unit.COUNT,
    "_score": Unit.MARK,
    "lines_asked": Unit.COUNT,
    "lines_sung": Unit.COUNT,
}


def facts_about(assessment: Assessment, about: str) -> Facts:
    """A dimension rests on its own evidence; the overall mark, and what has no scores, on all there is."""
    scores = assessment.marks
    own = [score for score in scores if score.dimension == about]
    if about != OVERALL and own:
        return Facts(tuple(_of_scores(own)), tuple(_moments(own)))
    sung = assessment.sung
    return Facts(
        numbers=(
            *_of_scores(scores),
            *_of_findings(assessment.findings),
            *(_of_figures(sung.figures) if sung else ()),
            *(_of_lines(sung.phrases) if sung else ()),
        ),
        moments=(*_moments(scores), *(_phrases(sung.phrases) if sung else ())),
    )


def unit_of(name: str) -> Unit | None:
    """By how the name ends, the longest ending first."""
    ending = max((one for one in _ENDINGS if name.endswith(one)), key=len, default=None)
    return _ENDINGS[ending] if ending else None


def measured(name: str, value: float, unit: Unit) -> Fact:
    scale = _SCALES[unit]
    return Fact(name, value * scale.factor, scale.quantity)


def _of_scores(scores: Sequence[Score]) -> Iterator[Fact]:
    for score in scores:
        for value in (score.value, score.low, score.high):
            yield Fact(score.dimension, value, Quantity.SCORE)
        for value in (score.mark.value, score.mark.low, score.mark.high) if score.mark else ():
            yield Fact(score.dimension, value, Quantity.MARK)
        for one in score.evidence:
            yield from _of_evidence(one)


def _of_evidence(one: Evidence) -> Iterator[Fact]:
    for value in (one.value, one.value_there):
        if one.unit and value is not None:
            yield measured(one.name, value, Unit(one.unit))
    if one.from_s is not None and one.to_s is not None:
        yield measured(one.name, one.to_s - one.from_s, Unit.S)


def _moments(scores: Sequence[Score]) -> Iterator[Span]:
    for score in scores:
        for one in score.evidence:
            if one.from_s is not None and one.to_s is not None:
                yield Span(one.name, one.from_s, one.to_s)


def _of_findings(findings: Sequence[Finding]) -> Iterator[Fact]:
    for finding in findings:
        for name, value in finding.evidence.items():
            if unit := unit_of(name):
                yield measured(name, value, unit)


def _of_figures(figures: Figures) -> Iterator[Fact]:
    for field in fields(figures):
        value, unit = getattr(figures, field.name), unit_of(field.name)
        if unit and isinstance(value, int | float):
            yield measured(field.name, value, unit)


def _of_lines(phrases: Phrases) -> Iterator[Fact]:
    for line, cents, late_ms in zip(phrases.line, phrases.pitch_bias_cents, phrases.late_ms, strict=True):
        name = _named(line)
        if line is not None:
            yield Fact(name, line + 1, Quantity.LINE)
        if cents is not None:
            yield measured(name, cents, Unit.CENTS)
        if late_ms is not None:
            yield measured(name, late_ms, Unit.MS)


def _phrases(phrases: Phrases) -> Iterator[Span]:
    for line, from_s, to_s in zip(phrases.line, phrases.start_s, phrases.end_s, strict=True):
        yield Span(_named(line), from_s, to_s)


def _named(line: int | None) -> str:
    """Lines are counted from 1 where people count."""
    return "phrase" if line is None else f"line {line + 1}"
