"""A take's scores as one page that needs nothing else, for the eye and for a phone, in English and Chinese."""

from collections.abc import Iterator
from html import escape

from vocalverse.measure.picture.letters import Letters
from vocalverse.measure.picture.svg import as_svg
from vocalverse.pages import Html, page, paragraph, table
from vocalverse.picture.looks import STYLE
from vocalverse.picture.portrait import Portrait, Sign, told
from vocalverse.picture.sheet import radar_alone, ribbon_alone
from vocalverse.records import OVERALL, Language, Mark, Score

_COLUMNS = ("dimension", "evidence", "worth", "effect")


def web(portrait: Portrait, letters: Letters) -> str:
    scores = portrait.assessment.scores
    body = [paragraph(_facts(portrait))]
    if scores:
        body.append(Html('<div class="scores">'))
        body += [Html('<section class="whole">'), *_whole(portrait, letters), Html("</section>")]
        body += [_card(portrait, score) for score in scores]
        body.append(Html("</div>"))
    else:
        body += _spoken(portrait, None)
    if ribbon := ribbon_alone(portrait, letters):
        body.append(Html(f'<div class="wide ribbon">{as_svg(ribbon, letters)}</div>'))
    if rows := list(_rows(portrait)):
        body += [Html("<details><summary>All evidence</summary>"), table(rows, _COLUMNS), Html("</details>")]
    return page(portrait.title, *body, style=STYLE)


def _facts(portrait: Portrait) -> str:
    said = [f"{name} {_interval(mark)} of 100" for name, mark in portrait.marks.items()]
    reasons = [finding.code.replace("_", " ") for finding in portrait.assessment.findings]
    why = f"{portrait.verdict}: {', '.join(reasons)}" if portrait.verdict else ""
    return " · ".join(part for part in (why, f"judged by {portrait.judged_by}", *said) if part)


def _whole(portrait: Portrait, letters: Letters) -> Iterator[Html]:
    overall = portrait.assessment.overall
    if overall and overall.mark:
        mark = overall.mark
        said = f"of 100, overall<br>between {mark.low:.0f} and {mark.high:.0f}"
        yield Html(f'<p class="overall"><strong>{mark.value:.0f}</strong> <span>{said}</span></p>')
        yield _bar(mark)
        yield from _spoken(portrait, OVERALL)
    if drawn := radar_alone(portrait):
        yield Html(f'<div class="radar">{as_svg(drawn, letters)}</div>')


def _card(portrait: Portrait, score: Score) -> Html:
    title, value = escape(portrait.title_of(score.dimension)), f"{score.value:.1f}"
    head = f"<h2>{title} <span>{score.low:.1f} to {score.high:.1f}</span> <b>{value}</b></h2>"
    parts = [_bar(score.mark)] if score.mark else []
    return Html("\n".join(["<section>", head, *parts, *_spoken(portrait, score.dimension), "</section>"]))


def _spoken(portrait: Portrait, about: str | None) -> Iterator[Html]:
    """The sentences in both languages, then the numbers that lead to the singing. None: about anything."""
    for language in Language:
        for name, text in portrait.words(language).items():
            if about in (None, name):
                yield Html(f'<p lang="{language}">{escape(text)}</p>')
    if signs := portrait.signs_of(about or OVERALL):
        yield Html(f'<ul class="signs">{"".join(map(_item, signs))}</ul>')


def _item(sign: Sign) -> str:
    kind, verb = ("up", "raised it") if sign.raised else ("down", "lowered it")
    return f'<li><b class="{kind}" title="{verb}">{sign.number or ""}</b>{escape(told(sign.evidence))}</li>'


def _bar(mark: Mark) -> Html:
    """The scale, the interval, and where it stands itself."""
    span = f"left:{mark.low:.1f}%;width:{max(1.0, mark.high - mark.low):.1f}%"
    return Html(f'<div class="bar"><i style="{span}"></i><b style="left:{mark.value:.1f}%"></b></div>')


def _interval(mark: Mark) -> str:
    return f"{mark.value:.0f} ({mark.low:.0f} to {mark.high:.0f})"


def _rows(portrait: Portrait) -> Iterator[dict[str, object]]:
    overall = portrait.assessment.overall
    for score in (*portrait.assessment.scores, *((overall,) if overall else ())):
        for piece in sorted(score.evidence, key=lambda one: -one.effect):
            yield {
                "dimension": portrait.title_of(score.dimension),
                "evidence": told(piece),
                "worth": f"{piece.worth:.1f}",
                "effect": f"{piece.effect:+.2f}",
            }
