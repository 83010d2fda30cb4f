"""From an assessment to what the singer is told: of each dimension what was done best and what to try, with the moment."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from vocalverse.evidence.kind import Unit
from vocalverse.feedback.checker import check
from vocalverse.feedback.clock import moment
from vocalverse.feedback.facts import facts_about
from vocalverse.feedback.numbers import told
from vocalverse.feedback.phrase import Joined, Said, phrases, sentences
from vocalverse.feedback.unscored import about_lines, about_reasons, one_after_another
from vocalverse.records import OVERALL, Assessment, Evidence, Language, Words

_PLAIN = 0.01  # of the score: what did less to it is not worth a word

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Sides:
    """What raised a score most, and what lowered it most."""

    raised: Evidence | None
    lowered: Evidence | None


def words_of(assessment: Assessment) -> tuple[Words, ...]:
    """In every language. What tells of a number that nobody measured is left out."""
    return tuple(said for language in Language for said in _all(assessment, language) if _holds(said, assessment))


def sides(evidence: Sequence[Evidence]) -> Sides:
    known = [one for one in evidence if one.name in phrases() and abs(one.effect) >= _PLAIN]
    raised = max((one for one in known if one.effect > 0), key=_effect, default=None)
    lowered = min((one for one in known if one.effect < 0), key=_effect, default=None)
    return Sides(raised, lowered)


def _all(assessment: Assessment, language: Language) -> Iterator[Words]:
    if not assessment.scores:
        yield from about_reasons(assessment, language)
        yield from about_lines(assessment, language)
        return
    for said in _about(OVERALL, _of_all(assessment), sentences().overall, language):
        yield replace(said, text=one_after_another([said.text, *_remarks(assessment, language)], language))
    for score in assessment.scores:
        yield from _about(score.dimension, score.evidence, sentences().dimension, language)


def _remarks(assessment: Assessment, language: Language) -> Iterator[str]:
    """What singers, or those who look after the room, can do something about."""
    for remark in assessment.remarks:
        if said := sentences().remarks.get(remark.value):
            yield said.tongue(language)


def _of_all(assessment: Assessment) -> Sequence[Evidence]:
    """With each dimension's, as if all counted alike."""
    shares = len(assessment.scores)
    own = assessment.overall.evidence if assessment.overall else ()
    of_dimensions = (one for score in assessment.scores for one in score.evidence)
    return (*(replace(one, effect=one.effect * shares) for one in own), *of_dimensions)


def _about(name: str, evidence: Sequence[Evidence], joined: Joined, language: Language) -> Iterator[Words]:
    found = sides(evidence)
    praise = _praise(found.raised, language) if found.raised else ""
    advice = _advice(found.lowered, language) if found.lowered else ""
    if text := joined.around(praise, advice, language):
        yield Words(name, language, text)


def _praise(one: Evidence, language: Language) -> str:
    return _clause(one, phrases()[one.name].raised, language)


def _advice(one: Evidence, language: Language) -> str:
    return _clause(one, phrases()[one.name].advice(_shown(one)), language)


def _clause(one: Evidence, said: Said, language: Language) -> str:
    value, unit = _shown(one), Unit(one.unit)
    text = said.tongue(language).format(value=told(value, unit, language), size=told(abs(value), unit, language))
    if not said.when or one.from_s is None or one.to_s is None:
        return text.removesuffix(",")
    return sentences().when.tongue(language).format(text=text, moment=moment(one.from_s, one.to_s))


def _shown(one: Evidence) -> float:
    return one.value if one.value_there is None else one.value_there


def _effect(one: Evidence) -> float:
    return one.effect


def _holds(said: Words, assessment: Assessment) -> bool:
    checked = check(said.text, facts_about(assessment, said.about))
    if checked.refused:
        _log.warning("words refused: %s", checked.why, extra={"action": "words_refused", "about": said.about})
    return not checked.refused
