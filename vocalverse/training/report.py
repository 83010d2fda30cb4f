"""A run as a page: what was learnt from, how it went epoch by epoch, who was kept, and what it is worth."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from vocalverse.pages import Html, figure, heading, page, paragraph, table
from vocalverse.plots import Axes, Line, lines, scatter
from vocalverse.release.verify import Sealed
from vocalverse.training.outcome import Outcome
from vocalverse.training.sealing import Learnt
from vocalverse.training.states import write_whole
from vocalverse.training.teach import Taught

_DRAWN = 6  # members to a picture: as many colours as a page has


def write_report(learnt: Learnt, taught: Sequence[Taught], sealed: Sealed, path: Path) -> Path:
    recipe = learnt.school.recipe
    body = [
        paragraph(f"{recipe.about} Recipe {recipe.name}; release {sealed.spec.name}, sha256 {sealed.digest}."),
        paragraph(f"Commercial use: {sealed.spec.commercial.value}."),
        *_data(learnt),
        *_test(learnt.outcomes),
        *_members(learnt, taught),
    ]
    write_whole(path, lambda file: file.write(page(recipe.title, *body).encode()))
    return path


def _data(learnt: Learnt) -> Iterator[Html]:
    yield heading("Clips")
    rows = [
        {
            "part": name,
            "clips": len(clips),
            "singers": len({clip.singer for clip in clips}),
            "songs": len({clip.song for clip in clips}),
            "licences": ", ".join(sorted({clip.licence for clip in clips})),
        }
        for name, clips in learnt.school.parts.items()
    ]
    yield table(rows, ["part", "clips", "singers", "songs", "licences"])


def _test(outcomes: Sequence[Outcome]) -> Iterator[Html]:
    yield heading("On clips of singers that nothing was learnt from")
    yield paragraph(
        "Intervals are of 95 %, over draws of singers. The mean's error is that of telling everybody the mean."
    )
    rows = [_figures(outcome) for outcome in outcomes]
    yield table(rows, ["dimension", "clips", "mse", "of_the_mean", "lcc", "srcc", "tau", "pairs", "in_order"])
    yield paragraph("Intervals of one width for all, calibrated on the same clips:")
    columns = ["dimension", "asked", "intervals_hold", "width", "one_width_holds", "one_width"]
    yield table(rows, columns)
    for outcome in outcomes:
        if outcome.test is not None:
            drawn = scatter(outcome.test.wanted.tolist(), outcome.test.said.tolist(), Axes("raters", "release"))
            yield figure(drawn, f"{outcome.dimension}: what raters said, and what the release says.")


def _figures(outcome: Outcome) -> dict[str, object]:
    test = outcome.test
    compared = {"pairs": outcome.pairs, "in_order": outcome.in_order}
    if test is None:
        return {"dimension": outcome.dimension, "clips": 0, **compared}
    found = {name: _with_interval(one.value, one.low, one.high) for name, one in test.figures.items()}
    return {
        "dimension": outcome.dimension,
        "clips": len(test.wanted),
        **compared,
        **found,
        "of_the_mean": test.mse_of_mean,
        "asked": outcome.calibration.coverage,
        "intervals_hold": test.held.coverage,
        "width": test.held.width,
        "one_width_holds": test.held.constant_coverage,
        "one_width": test.held.constant_width,
    }


def _with_interval(value: float | None, low: float | None, high: float | None) -> str | None:
    if value is None or low is None or high is None:
        return None if value is None else f"{value:.3f}"
    return f"{value:.3f} ({low:.3f} to {high:.3f})"


def _members(learnt: Learnt, taught: Sequence[Taught]) -> Iterator[Html]:
    yield heading("Members")
    kept = {one.member.name for members in learnt.chosen.values() for one in members}
    rows = [
        {
            "member": one.member.name,
            "kind": one.member.kind.value,
            "losses": " + ".join(loss.name for loss in one.member.losses),
            "seed": one.member.seed,
            "epochs": len(one.history),
            "best_epoch": max((told.epoch for told in one.history if told.best), default=None),
            "best_loss_of_what_was_kept_back": min((told.kept_back for told in one.history), default=None),
            "kept": one.member.name in kept,
        }
        for one in taught
    ]
    yield table(rows, list(rows[0]))
    for at in range(0, len(taught), _DRAWN):
        yield from _curves(taught[at : at + _DRAWN])


def _curves(taught: Sequence[Taught]) -> Iterator[Html]:
    for name, what in (("loss", "learnt from"), ("kept_back", "kept back")):
        drawn = [
            Line(one.member.name, [told.epoch for told in one.history], [getattr(told, name) for told in one.history])
            for one in taught
        ]
        yield figure(lines(drawn, Axes("epoch", f"loss of what was {what}")), f"The loss of what was {what}.")
