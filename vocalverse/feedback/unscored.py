"""What is told where nothing was scored: why, and what to do; and which lines to practise, where the song is known."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from vocalverse.evidence.kind import Unit
from vocalverse.feedback.clock import moment
from vocalverse.feedback.facts import unit_of
from vocalverse.feedback.numbers import told
from vocalverse.feedback.phrase import OfLines, Said, sentences
from vocalverse.records import OVERALL, Assessment, Finding, Language, Outcome, Verdict, Words
from vocalverse.sung import Phrases

_REASONS = 2  # more at once would discourage
_GOOD, _POOR = 0.7, 0.5  # of a line's mark, 0 to 1


@dataclass(frozen=True)
class Asked:
    """Of a line: columns of phrases."""

    mark: str
    off: str
    unit: Unit  # of `off`
    plainly: float  # a line that is off by less as a whole is off here and there


_ASKED = {
    "pitch": Asked("pitch_mark", "pitch_bias_cents", Unit.CENTS, 40.0),
    "rhythm": Asked("rhythm_mark", "late_ms", Unit.MS, 80.0),
}


@dataclass(frozen=True)
class Line:
    number: int  # from 1
    from_s: float
    to_s: float
    mark: float  # 0 to 1
    off: float  # in cents, or in ms


def about_reasons(assessment: Assessment, language: Language) -> Iterator[Words]:
    said = [_reason(finding, language) for finding in assessment.findings[:_REASONS]]
    if assessment.verdict is Verdict.LOW:
        said.insert(0, sentences().thanks.tongue(language))
    if said:
        yield Words(OVERALL, language, one_after_another(said, language))


def one_after_another(texts: Sequence[str], language: Language) -> str:
    return (" " if language is Language.EN else "").join(texts)


def about_lines(assessment: Assessment, language: Language) -> Iterator[Words]:
    """The best one, and the one that needs practice most."""
    if assessment.sung is None or assessment.outcome is Outcome.REFUSED:
        return
    for name, asked in _ASKED.items():
        lines, said = _lines(assessment.sung.phrases, asked), sentences().lines[name]
        best = max((line for line in lines if line.mark >= _GOOD), key=_mark, default=None)
        worst = min((line for line in lines if line.mark <= _POOR), key=_mark, default=None)
        praise = _clause(best, said.best, asked.unit, language) if best else ""
        advice = _clause(worst, _fault(worst, asked, said), asked.unit, language) if worst else ""
        if text := sentences().dimension.around(praise, advice, language):
            yield Words(name, language, text)


def _reason(finding: Finding, language: Language) -> str:
    """With its figures where they are known."""
    figured = sentences().figured.get(finding.code.value)
    if figured and figured.placeholders <= finding.evidence.keys():
        figures = {name: _figure(name, finding.evidence[name], language) for name in figured.placeholders}
        return figured.tongue(language).format_map(figures)
    return sentences().reasons[finding.code.value].tongue(language)


def _figure(name: str, value: float, language: Language) -> str:
    return told(value, unit_of(name) or Unit.COUNT, language)


def _lines(phrases: Phrases, asked: Asked) -> list[Line]:
    each = zip(
        phrases.line,
        phrases.start_s,
        phrases.end_s,
        getattr(phrases, asked.mark),
        getattr(phrases, asked.off),
        strict=True,
    )
    return [
        Line(line + 1, from_s, to_s, mark, off)
        for line, from_s, to_s, mark, off in each
        if line is not None and mark is not None and off is not None
    ]


def _fault(line: Line, asked: Asked, said: OfLines) -> Said:
    if abs(line.off) < asked.plainly:
        return said.off
    return said.more if line.off > 0 else said.less


def _clause(line: Line, said: Said, unit: Unit, language: Language) -> str:
    when, size = moment(line.from_s, line.to_s), told(abs(line.off), unit, language)
    return said.tongue(language).format(line=line.number, moment=when, size=size)


def _mark(line: Line) -> float:
    return line.mark
