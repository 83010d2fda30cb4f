"""An evaluation as a page: tables, and plots of what was told over what was rated."""

import math

from vocalverse import pages, plots
from vocalverse.evaluation.evaluate import Evaluation, OfDimension
from vocalverse.evaluation.figure import Figure
from vocalverse.evaluation.rows import tables
from vocalverse.pages import Html
from vocalverse.plots import Axes, Bar, Line


def as_page(found: Evaluation) -> str:
    asked = found.asked.resampling
    body = [
        pages.paragraph(
            f"Judged: {found.judge}. Data: {found.data}. Intervals hold {asked.coverage:.0%}, by {asked.draws} draws of"
            f" whole singers with the seed {asked.seed}."
        ),
        pages.figure(_over_dimensions(found), "Spearman's ρ by clip."),
    ]
    for table in tables(found):
        body += [pages.heading(table.title), pages.table(table.rows, table.columns)]
    for one in found.dimensions:
        body += _of(one)
    if found.not_judged:
        rows = [{"clip": clip, "why": why} for clip, why in found.not_judged.items()]
        body += [pages.heading("Not judged"), pages.table(rows, ("clip", "why"))]
    return pages.page(f"How well {found.judge} judges", *body)


def _over_dimensions(found: Evaluation) -> Html:
    return plots.bars([_bar(one.dimension, one.whole.clips["srcc"]) for one in found.dimensions], Axes("ρ"))


def _of(one: OfDimension) -> list[Html]:
    drawn = one.judgements
    if not drawn.clips:
        return []
    scores = Axes("rated, mean of raters", "told")
    body = [
        pages.heading(one.dimension),
        pages.figure(plots.scatter(drawn.rated.tolist(), drawn.told.tolist(), scores), "A dot for each clip."),
        pages.figure(_reliability(one), "Rated where the judge says so much."),
        pages.figure(plots.histogram((drawn.told - drawn.rated).tolist(), Axes("told less rated", "clips")), "Errors."),
    ]
    if one.groups:
        bars = [_bar(f"{group.fact} {group.word}", group.error) for group in one.groups]
        body.append(pages.figure(plots.bars(bars, Axes("told less rated")), "By who sings and where."))
    return body


def _reliability(one: OfDimension) -> Html:
    told, rated = [part.told for part in one.reliability], [part.rated for part in one.reliability]
    return plots.lines([Line("rated", told, rated), Line("as told", told, told)], Axes("told", "rated"))


def _bar(name: str, figure: Figure) -> Bar:
    return Bar(name, math.nan if figure.value is None else figure.value, figure.low, figure.high)
