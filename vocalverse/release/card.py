"""What a release says of itself for people: Markdown, written from release.toml where its maker wrote nothing."""

from collections.abc import Iterable, Iterator

from vocalverse.release.spec import HEARD, DimensionSpec, EncoderSpec, ReleaseSpec

CARD = "CARD.md"

_FREE = {"yes": "allowed", "no": "forbidden", "unknown": "not known to be allowed"}


def card(spec: ReleaseSpec) -> str:
    return "\n".join(_lines(spec)) + "\n"


def route(dimension: DimensionSpec, spec: ReleaseSpec) -> str:
    """By what it is judged: encoders, then heads; and by what was found."""
    encoders = {encoder.name: encoder for encoder in spec.encoders}
    heard = [_encoder(encoders[name]) for name in dimension.encoders]
    read = [f"{dimension.text} read by {dimension.text_encoder}"] if dimension.text else []
    heads = dimension.heads[0] if len(dimension.heads) == 1 else f"{len(dimension.heads)} heads"
    by_heads = [" → ".join([" + ".join([*heard, *read]) or "measures", heads])] if dimension.heads else []
    found = len([one for one in dimension.evidence if one.name != HEARD])
    by_evidence = [f"{found} kinds of evidence"] if found else []
    return ", and ".join([*by_evidence, *by_heads])


def _lines(spec: ReleaseSpec) -> Iterator[str]:
    yield from (f"# {spec.title}", "", f"`{spec.name}`, made by VocalVerse {spec.made_by or '(version not said)'}.", "")
    yield from ("## What it judges", "")
    yield from _table(
        ("dimension", "by", "scale", "interval holds"),
        (
            (one.title, route(one, spec), f"{one.low:g} to {one.high:g}", f"{one.calibration.coverage:.0%}")
            for one in spec.dimensions
        ),
    )
    yield from ("", "## What it was measured on", "", spec.measured_on or "Its maker did not say.", "")
    yield from ("## Where its parts come from", "")
    yield f"Commercial use is {_FREE[spec.commercial]}."
    yield ""
    yield from _table(
        ("part", "licence", "commercial use", "source"),
        ((part.name, part.licence, _FREE[part.commercial], part.source) for part in spec.parts),
    )


def _encoder(encoder: EncoderSpec) -> str:
    which = "all layers" if encoder.layer is None else f"layer {encoder.layer}"
    return f"{encoder.name} ({encoder.family}, {which})"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield _row(head)
    yield _row("---" for _ in head)
    yield from map(_row, rows)


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(' '.join(cell.split()).replace('|', '/') for cell in cells)} |"
