"""What each part of a judge is for: left out, what becomes of the order that it puts takes in."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from vocalverse.bench.hearing.table import Cell, Column, Row, Table
from vocalverse.bench.verdict import damage, plain, pros
from vocalverse.bench.verdict.hearing import Version
from vocalverse.bench.verdict.trial import Contender, Trial, percent
from vocalverse.records import OVERALL
from vocalverse.release.spec import HEARD, DimensionSpec, EvidenceSpec, ReleaseSpec

_NOTE = (
    "Rank correlation of what is left with the whole judge, over undamaged takes of singers that nothing was learnt from,"
    " with 95 % intervals. Damage: neighbouring grades in order. Professionals: pairs in order, through the same channels."
    " Singers: of what differs among amateurs' songs, the share that is among singers."
)


def versions(trial: Trial) -> list[Version]:
    return [*damage.versions(trial), *pros.versions(trial), *plain.versions(trial)]


def tables(trial: Trial) -> Iterator[Table]:
    for contender in trial.contenders:
        rows = [_row(trial, contender, one, OVERALL) for one in (contender, *_overalls(contender))]
        yield _table(f"Parts of the overall mark: {contender.name}", rows)
        rows = [
            replace(row, name=f"{dimension.key}: {row.name}")
            for dimension in contender.spec.dimensions
            for one in (contender, *_dimensions(contender, dimension))
            for row in [_row(trial, contender, one, dimension.key)]
        ]
        yield _table(f"Parts of each dimension: {contender.name}", rows)


def _table(title: str, rows: list[Row]) -> Table:
    columns = [Column("with the whole"), *(Column(name, 0) for name in ("damage, %", "professionals, %", "singers, %"))]
    return Table(title, "judge", columns, rows, _NOTE)


def _row(trial: Trial, whole: Contender, one: Contender, key: str) -> Row:
    above, among = pros.share_above(trial, one, key), plain.share_between_singers(trial, one, key)
    cells: list[Cell] = [
        plain.agreement(trial, whole, one, key),
        *(percent(share) for share in (damage.pairs_in_order(trial, one, key), above, among)),
    ]
    return Row("the whole" if one is whole else one.name, cells)


def _overalls(contender: Contender) -> Iterator[Contender]:
    spec, overall = contender.spec, contender.spec.overall
    if overall is None:
        return
    for key in overall.weights:
        weights = {other: weight for other, weight in overall.weights.items() if other != key}
        yield contender.changed(f"without {key}", replace(spec, overall=replace(overall, weights=weights)))
    for piece in overall.evidence:
        left = tuple(other for other in overall.evidence if other is not piece)
        yield contender.changed(f"without {piece.name}", replace(spec, overall=replace(overall, evidence=left)))
    yield contender.changed("dimensions alone", replace(spec, overall=replace(overall, evidence=())))
    if _hears(spec):
        yield contender.changed("measures alone", _each(spec, _measured))
        heard = _each(spec, _heard)
        yield contender.changed("what is learnt alone", replace(heard, overall=replace(overall, evidence=())))


def _dimensions(contender: Contender, dimension: DimensionSpec) -> Iterator[Contender]:
    pieces = dimension.evidence
    if len(pieces) > 1:
        for piece in pieces:
            left = tuple(other for other in pieces if other is not piece)
            yield contender.changed(f"without {piece.name}", _with(contender.spec, dimension, left))
    if len(pieces) > 2 and any(piece.name == HEARD for piece in pieces):
        yield contender.changed("what is learnt alone", _with(contender.spec, dimension, _heard(dimension).evidence))


def _with(spec: ReleaseSpec, dimension: DimensionSpec, evidence: tuple[EvidenceSpec, ...]) -> ReleaseSpec:
    changed = replace(dimension, evidence=evidence)
    return replace(spec, dimensions=tuple(changed if one is dimension else one for one in spec.dimensions))


def _each(spec: ReleaseSpec, kept: Callable[[DimensionSpec], DimensionSpec]) -> ReleaseSpec:
    return replace(spec, dimensions=tuple(map(kept, spec.dimensions)))


def _hears(spec: ReleaseSpec) -> bool:
    return any(piece.name == HEARD for dimension in spec.dimensions for piece in dimension.evidence)


def _measured(dimension: DimensionSpec) -> DimensionSpec:
    """As it is where nothing of it is measured."""
    left = tuple(piece for piece in dimension.evidence if piece.name != HEARD)
    return replace(dimension, evidence=left) if left else dimension


def _heard(dimension: DimensionSpec) -> DimensionSpec:
    """As it is where nothing of it is learnt."""
    left = tuple(piece for piece in dimension.evidence if piece.name == HEARD)
    return replace(dimension, evidence=left) if left else dimension
