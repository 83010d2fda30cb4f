"""What `vocalverse score` shows: a table for each take, and one of all."""

import shutil
import sys
import textwrap
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from vocalverse.cli.output import failed_line, in_words, show_rows
from vocalverse.records import OVERALL, Assessment, Finding, Mark, Outcome, Score, Verdict

if TYPE_CHECKING:
    from vocalverse.cli.score_judges import Chosen
    from vocalverse.cli.score_takes import Done

_NAME, _SAID = 22, 24
_CELLS = 25  # of a gauge
_TELLS = ("pitch", "rhythm")
_COLOURS = {Verdict.PASS: "green", Verdict.LOW: "yellow", Verdict.REFUSE: "red"}
_THRESHOLDS = (".above", ".below")  # behind a measure's name


def show_take(done: "Done", release: "Chosen", language: str) -> None:
    if done.assessment is None:
        assert done.failed
        click.echo(failed_line(done.take.source, done.failed), err=True)
        return
    assessment = done.assessment
    click.echo(click.style(in_words(str(done.take.source)), bold=True))
    for name, said, gauge in _marks(assessment, release):
        click.echo(f"  {name:<{_NAME}} {said:<{_SAID}} {gauge}".rstrip())
    for name, said in _facts(done, assessment, release):
        click.echo(f"  {name:<{_NAME}} {said}")
    for paragraph in _told(assessment, release, language):
        click.echo(_folded(paragraph))
    click.echo()


def show_all(done: "Sequence[Done]") -> None:
    """Side by side, where there are several."""
    judged = [one for one in done if one.assessment]
    if len(judged) < 2:
        return
    rows = [_row(one) for one in judged]
    show_rows(rows, columns=list(dict.fromkeys(name for row in rows for name in row)), as_json=False, empty="")


def _marks(assessment: Assessment, release: "Chosen") -> Iterator[tuple[str, str, str]]:
    from vocalverse.picture.portrait import mark_of

    overall = assessment.overall
    if overall and overall.mark:
        yield "overall mark", f"{overall.mark.value:.0f} of 100 {_between(overall.mark, 0)}", _gauge(overall)
    for score in assessment.scores:
        title = release.titles.get(score.dimension, score.dimension).lower()
        yield title, f"{score.value:.1f} of 5   {_between(score, 1)}", _gauge(score)
    for name in _TELLS:
        if mark := mark_of(assessment, name):
            yield name, f"{mark.value:.0f} of 100 {_between(mark, 0)}", ""


def _between(mark: Mark | Score, digits: int) -> str:
    return f"({mark.low:.{digits}f} to {mark.high:.{digits}f})"


def _gauge(score: Score) -> str:
    """Its whole scale, the interval, and where it stands itself."""
    mark = score.mark
    if mark is None:
        return ""
    low, at, high = (round(value / 100 * (_CELLS - 1)) for value in (mark.low, mark.value, mark.high))
    return "".join("●" if cell == at else "━" if low <= cell <= high else "·" for cell in range(_CELLS))


def _facts(done: "Done", assessment: Assessment, release: "Chosen") -> Iterator[tuple[str, str]]:
    if assessment.verdict not in (None, Verdict.PASS) or assessment.outcome is not Outcome.SCORED:
        word = assessment.verdict or assessment.outcome
        yield "verdict", click.style(in_words(word), fg=_COLOURS.get(assessment.verdict or Verdict.REFUSE))
    for finding in assessment.findings:
        yield "", _reason(finding)
    if assessment.remarks:
        yield "the file", ", ".join(remark.replace("_", " ") for remark in assessment.remarks)
    yield "judged by", release.said
    if done.take.picture:
        yield "picture", in_words(str(done.take.picture))


def _reason(finding: Finding) -> str:
    """Each measure with its threshold, where it has one."""
    figures = ", ".join(
        f"{name.replace('_', ' ')} {value:.4g}"
        for name, value in finding.evidence.items()
        if not name.endswith(_THRESHOLDS)
    )
    return f"{finding.code.replace('_', ' ')}{f' ({figures})' if figures else ''}"


def _told(assessment: Assessment, release: "Chosen", language: str) -> Iterator[str]:
    """Of all of it, then a sentence for each dimension; what moved it most, where there is none."""
    words = {one.about: one.text for one in assessment.feedback if one.language == language}
    moved = {score.dimension: "; ".join(_moved(score)) for score in assessment.scores}
    for about, said in {OVERALL: "", **moved, **words}.items():
        if said:
            title = release.titles.get(about)
            yield f"{title}: {said}" if title else said


def _moved(score: Score) -> Iterator[str]:
    from vocalverse.picture.portrait import most, told

    for piece in most(score):
        yield f"{'raised' if piece.effect > 0 else 'lowered'} by {told(piece)}"


def _folded(paragraph: str) -> str:
    """As wide as the terminal; where nobody looks, one line."""
    said = in_words(paragraph)
    if not sys.stdout.isatty():
        return f"  {said}"
    width = min(110, shutil.get_terminal_size().columns - 2)
    return textwrap.fill(said, width, initial_indent="  ", subsequent_indent="    ")


def _row(done: "Done") -> dict[str, object]:
    from vocalverse.picture.portrait import mark_of

    assessment = done.assessment
    assert assessment
    overall = assessment.overall.mark if assessment.overall else None
    scores = {score.dimension: f"{score.value:.1f}" for score in assessment.scores}
    marks = {name: mark_of(assessment, name) for name in _TELLS}
    return {
        "recording": done.take.source.name,
        "outcome": assessment.outcome if assessment.verdict is not Verdict.LOW else assessment.verdict,
        OVERALL: f"{overall.value:.0f} {_between(overall, 0)}" if overall else None,
        **scores,
        **{name: f"{mark.value:.0f}" if mark else None for name, mark in marks.items()},
    }
