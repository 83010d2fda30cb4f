"""An evaluation as rows of tables, for terminals and for pages, and as JSON."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from vocalverse.evaluation.evaluate import Evaluation, Measured, OfDimension
from vocalverse.evaluation.figure import Figure
from vocalverse.evaluation.raters import Agreement

Rows = Sequence[Mapping[str, object]]
Of = Callable[[OfDimension], Mapping[str, Mapping[str, Figure]]]


@dataclass(frozen=True)
class Table:
    title: str
    rows: Rows

    @property
    def columns(self) -> list[str]:
        return list(self.rows[0])


_MEASURES = ("rmse", "lcc", "srcc", "tau")
_RATERS = ("rmse", "lcc", "srcc")
_ORDERS = ("exact", "pairs", "high_medium", "medium_low", "high_low", "tau")


def tables(found: Evaluation) -> Iterator[Table]:
    """Those that have anything in them."""
    for title, rows in (
        ("The judge against raters, clip by clip", _measured(found, lambda one: {"": one.whole.clips})),
        ("By system: means of what each one made", _measured(found, lambda one: {"": one.whole.systems})),
        ("By domain", _measured(found, lambda one: _parts(one.domains))),
        ("By split", _measured(found, lambda one: _parts(one.splits))),
        ("Pairs that people compared", _pairs(found)),
        ("Raters among each other", _agreement(found)),
        ("One rater against the rest, and the judge in that rater's place", _ceiling(found)),
        ("Each rater against the others", _raters(found)),
        ("Orders of three: raters order the judge's tiers (automatic H-TPR)", _orders(found, "htpr")),
        ("Orders of three: the judge orders the raters' tiers", _orders(found, "triples")),
        ("Intervals, and one width for all that would hold as many of these ratings", _intervals(found)),
        ("Calibration: what is rated where the judge says so much", _reliability(found)),
        ("Told less rated, by who sings and where", _groups(found)),
    ):
        if rows:
            yield Table(title, rows)


def as_json(found: Evaluation) -> dict[str, Any]:
    """Without what was said of each clip."""
    return {
        "judge": found.judge,
        "data": found.data,
        "resampling": asdict(found.asked.resampling),
        "not_judged": dict(found.not_judged),
        "dimensions": {one.dimension: _plain(one) for one in found.dimensions},
    }


def in_words(figure: Figure) -> str:
    if figure.value is None:
        return f"– ({figure.why})" if figure.why else "–"
    if figure.low is None or figure.high is None:
        return f"{figure.value:.3f}"
    return f"{figure.value:.3f} ({figure.low:.3f} to {figure.high:.3f})"


def _told(figures: Mapping[str, Figure], names: Sequence[str]) -> dict[str, object]:
    """A reason that all share is told once."""
    said: dict[str, object] = {name: in_words(figures[name]) for name in names}
    if all(figures[name].value is None for name in names):
        return said | dict.fromkeys(names[1:], "–")
    return said


def _plain(one: OfDimension) -> dict[str, Any]:
    said = {field.name: getattr(one, field.name) for field in fields(one)}
    del said["judgements"], said["dimension"]
    return {name: _as_plain(value) for name, value in said.items()}


def _as_plain(value: Any) -> Any:
    match value:
        case Mapping():
            return {name: _as_plain(one) for name, one in value.items()}
        case tuple():
            return [_as_plain(one) for one in value]
        case None:
            return None
    return asdict(value)


def _measured(found: Evaluation, of: Of) -> Rows:
    return [
        {"dimension": one.dimension}
        | ({"of": word} if word else {})
        | {"n": figures["srcc"].n}
        | _told(figures, _MEASURES)
        for one in found.dimensions
        for word, figures in of(one).items()
        if figures and figures["srcc"].n
    ]


def _parts(parts: Mapping[str, Measured]) -> dict[str, Mapping[str, Figure]]:
    """By clip, and by system where systems are known."""
    said: dict[str, Mapping[str, Figure]] = {}
    for word, measured in parts.items():
        said |= {word: measured.clips, f"{word}, systems": measured.systems}
    return said


def _pairs(found: Evaluation) -> Rows:
    return [
        {"dimension": one.dimension, "n": one.pairs.n, "in_order": in_words(one.pairs)}
        for one in found.dimensions
        if one.pairs.n
    ]


def _agreement(found: Evaluation) -> Rows:
    return [
        {"dimension": one.dimension, "raters": len(agreed.raters), "n": agreed.figures["exact"].n}
        | _told(agreed.figures, tuple(agreed.figures))
        for one, agreed in _with_raters(found)
    ]


def _ceiling(found: Evaluation) -> Rows:
    return [
        {"dimension": one.dimension, "who": who} | _told(figures, _RATERS)
        for one, agreed in _with_raters(found)
        for who, figures in (("a rater", agreed.one_against_rest), ("the judge", agreed.judge_against_rest))
        if figures
    ]


def _raters(found: Evaluation) -> Rows:
    return [
        {"dimension": one.dimension, "rater": rater.rater, "n": rater.clips, "offset": rater.offset}
        | {name: rater.figures[name] for name in _RATERS}
        for one, agreed in _with_raters(found)
        for rater in agreed.raters
    ]


def _with_raters(found: Evaluation) -> list[tuple[OfDimension, Agreement]]:
    return [(one, one.agreement) for one in found.dimensions if one.agreement]


def _orders(found: Evaluation, which: str) -> Rows:
    ranked = [(one.dimension, getattr(one, which)) for one in found.dimensions if one.judgements.clips]
    return [
        {"dimension": dimension, "n": ranking["exact"].n} | _told(ranking, _ORDERS) for dimension, ranking in ranked
    ]


def _intervals(found: Evaluation) -> Rows:
    return [{"dimension": one.dimension} | asdict(one.sureness) for one in found.dimensions if one.sureness]


def _reliability(found: Evaluation) -> Rows:
    return [{"dimension": one.dimension} | asdict(part) for one in found.dimensions for part in one.reliability]


def _groups(found: Evaluation) -> Rows:
    return [
        {
            "dimension": one.dimension,
            "of": f"{group.fact} {group.word}",
            "n": group.error.n,
            "singers": group.singers,
            "error": in_words(group.error),
        }
        for one in found.dimensions
        for group in one.groups
    ]
