"""A take's scores on one sheet: the marks, the radar, what moved them, and the singing itself with its moments."""

from dataclasses import dataclass

from vocalverse.measure.marks import Score as Gauge
from vocalverse.measure.picture import colours
from vocalverse.measure.picture.header import LEFT, Caption, gauge, header
from vocalverse.measure.picture.letters import Letters
from vocalverse.measure.picture.page import BELOW, RIGHT
from vocalverse.measure.picture.ribbon import Laid, Ribbon
from vocalverse.measure.picture.shapes import Drawing, Shape, Words
from vocalverse.measure.picture.wording import fitting, wrapped
from vocalverse.picture import radar
from vocalverse.picture.lane import BADGE, EvidenceLane, badge, legend
from vocalverse.picture.portrait import Portrait, told
from vocalverse.records import OVERALL, Language, Score

_WIDTH = 900.0  # where nothing was sung that could be drawn
_COLUMN = 380.0  # of what is said
_BETWEEN = 28.0
_TEXT, _SMALL = 13, 11
_LINE = 17.0
_LACKING = "Letters that no font of this system has are left out. The same as a page (.html) has them."


def sheet(portrait: Portrait, letters: Letters) -> Drawing:
    """In English: of the letters of other languages a machine may have no font."""
    ribbon = Ribbon.of(portrait.measured, letters) if portrait.measured else None
    width = ribbon.width if ribbon else _WIDTH
    caption = _caption(portrait)
    shapes: list[Shape] = list(header(caption, letters, LEFT + width))
    panel = _panel(portrait, letters, caption.bottom, width)
    shapes += panel.shapes
    bottom = panel.bottom
    if ribbon:
        laid = _below(ribbon, portrait, letters, panel.bottom + BELOW)
        shapes += laid.shapes
        bottom = laid.bottom
    if letters.lack(portrait.title + portrait.lyrics):
        bottom += BELOW
        shapes.append(Words(LEFT, bottom, _LACKING, _SMALL, colours.GREY))
    return Drawing(LEFT + width + RIGHT, bottom + BELOW, colours.BACKGROUND, tuple(shapes))


def _caption(portrait: Portrait) -> Caption:
    assessment = portrait.assessment
    reasons = [finding.code.replace("_", " ") for finding in assessment.findings]
    shown = {name: Gauge(mark.value, mark.low, mark.high) for name, mark in portrait.marks.items()}
    return Caption(
        title=portrait.title,
        facts=[f"judged by {portrait.judged_by}"],
        pitch=shown.get("pitch"),
        rhythm=shown.get("rhythm"),
        verdict=portrait.verdict,
        reasons=reasons if not assessment.scores else (),
    )


def _panel(portrait: Portrait, letters: Letters, top: float, width: float) -> Laid:
    """The overall mark and the radar on the left, what is said of each dimension on the right."""
    scores = portrait.assessment.scores
    if not scores:
        return _words(portrait, letters, top, width)
    overall = _overall(portrait, letters, top)
    shapes, drawn = list(overall.shapes), overall.bottom
    if len(scores) >= radar.LEAST:
        axes = [radar.Axis(portrait.title_of(score.dimension), score) for score in scores]
        shapes += radar.radar(axes, LEFT, overall.bottom)
        drawn += radar.HEIGHT
    left = LEFT + radar.WIDTH + _BETWEEN
    columns = max(1, int((LEFT + width - left + _BETWEEN) // (_COLUMN + _BETWEEN)))
    wide = (LEFT + width - left - _BETWEEN * (columns - 1)) / columns
    bottom = top
    for first in range(0, len(scores), columns):
        row = [
            _dimension(portrait, score, letters, _Place(left + at * (wide + _BETWEEN), bottom, wide))
            for at, score in enumerate(scores[first : first + columns])
        ]
        shapes += (shape for part in row for shape in part.shapes)
        bottom = max(part.bottom for part in row) + 14
    return Laid(tuple(shapes), max(drawn, bottom))


@dataclass(frozen=True)
class _Place:
    left: float
    top: float
    wide: float


def _overall(portrait: Portrait, letters: Letters, top: float) -> Laid:
    overall = portrait.assessment.overall
    if overall is None or overall.mark is None:
        return Laid((), top)
    mark, wide = overall.mark, radar.WIDTH
    value = f"{mark.value:.0f}"
    beside = LEFT + letters.width(value, 54) + 12
    shapes: list[Shape] = [
        Words(LEFT, top + 42, value, 54, colours.INK),
        Words(beside, top + 24, "of 100, overall", _TEXT, colours.INK),
        Words(beside, top + 42, f"between {mark.low:.0f} and {mark.high:.0f}", _TEXT, colours.GREY),
        *gauge(Gauge(mark.value, mark.low, mark.high), LEFT, top + 56, wide),
    ]
    told_in = _Place(LEFT, top + 72, wide)
    below = _said(portrait, OVERALL, letters, told_in)
    return Laid((*shapes, *below.shapes), below.bottom + 8)


def _dimension(portrait: Portrait, score: Score, letters: Letters, place: _Place) -> Laid:
    left, top, wide = place.left, place.top, place.wide
    shapes: list[Shape] = [
        Words(left, top + 18, portrait.title_of(score.dimension), 16, colours.INK),
        Words(left + wide, top + 18, f"{score.value:.1f}", 20, colours.INK, "end"),
        Words(left + wide - 40, top + 18, f"{score.low:.1f} to {score.high:.1f}", _SMALL, colours.GREY, "end"),
    ]
    if mark := score.mark:
        shapes += gauge(Gauge(mark.value, mark.low, mark.high), left, top + 27, wide)
    below = _said(portrait, score.dimension, letters, _Place(left, top + 42, wide))
    return Laid((*shapes, *below.shapes), below.bottom)


def _said(portrait: Portrait, about: str, letters: Letters, place: _Place) -> Laid:
    """The sentence, then the numbers that lead to the singing."""
    shapes, y = list[Shape](), place.top
    for text in wrapped(portrait.words(Language.EN).get(about, ""), _TEXT, place.wide, letters):
        y += _LINE
        shapes.append(Words(place.left, y - 4, text, _TEXT, colours.INK))
    for sign in portrait.signs_of(about):
        y += _LINE + 2
        said = fitting(told(sign.evidence), _SMALL, place.wide - BADGE - 8, letters)
        shapes += badge(sign, place.left + BADGE / 2, y - 7)
        shapes.append(Words(place.left + BADGE + 8, y - 3, said, _SMALL, colours.GREY))
    return Laid(tuple(shapes), y)


def _words(portrait: Portrait, letters: Letters, top: float, width: float) -> Laid:
    """What a take without scores is told."""
    shapes, y = list[Shape](), top
    for sentence in portrait.words(Language.EN).values():
        for text in wrapped(sentence, 16, width, letters):
            y += 22
            shapes.append(Words(LEFT, y, text, 16, colours.INK))
    return Laid(tuple(shapes), y + BELOW)


def _below(ribbon: Ribbon, portrait: Portrait, letters: Letters, top: float) -> Laid:
    """The singing, with the numbers above it."""
    lane = EvidenceLane.of(portrait.signs)
    if not lane.signs:
        return ribbon.laid(top)
    laid = ribbon.laid(top + 2 * BADGE, lane)
    return Laid((*legend(LEFT, top, letters), *laid.shapes), laid.bottom)


def radar_alone(portrait: Portrait) -> Drawing | None:
    """Without anything around it."""
    scores = portrait.assessment.scores
    if len(scores) < radar.LEAST:
        return None
    axes = [radar.Axis(portrait.title_of(score.dimension), score) for score in scores]
    return Drawing(radar.WIDTH, radar.HEIGHT, colours.BACKGROUND, tuple(radar.radar(axes, 0, 0)))


def ribbon_alone(portrait: Portrait, letters: Letters) -> Drawing | None:
    """None where nothing was measured."""
    if portrait.measured is None:
        return None
    ribbon = Ribbon.of(portrait.measured, letters)
    drawn = _below(ribbon, portrait, letters, BELOW)
    return Drawing(LEFT + ribbon.width + RIGHT, drawn.bottom + BELOW, colours.BACKGROUND, drawn.shapes)
