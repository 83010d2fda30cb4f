"""A release as `vocalverse releases` shows it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vocalverse.cli.output import in_words, show_facts, show_rows
from vocalverse.errors import ReleaseUnknown, VocalVerseError

if TYPE_CHECKING:
    from vocalverse.release.shelf import Accepted, ReleaseShelf
    from vocalverse.release.spec import EncoderSpec, ReleaseSpec, TextEncoderSpec
    from vocalverse.store.releases import Registered

_DIGITS = 12  # of a digest, for people


def as_row(name: str, shelf: "ReleaseShelf", known: "Registered | None") -> Mapping[str, object]:
    """Nothing is verified here: that would read all of it."""
    row: dict[str, object] = {
        "name": name,
        "here": "no",
        "active": known.active if known else None,
        "workers": known.holders if known else None,
        "digest": known.digest if known else None,
    }
    if known and known.digest is None:
        return {**row, "here": None, "title": "measures, and gives no score"}
    try:
        spec = shelf.read(name)
    except ReleaseUnknown:
        return row
    except VocalVerseError as broken:
        return {**row, "here": "broken", "title": str(broken)}
    return {
        **row,
        "here": "bundled" if shelf.is_bundled(name) else "yes",
        "dimensions": [dimension.key for dimension in spec.dimensions],
        "commercial": spec.commercial,
        "made_by": spec.made_by,
        "title": spec.title,
    }


@dataclass(frozen=True)
class Shown:
    """A release that need not be installed."""

    folder: Path
    spec: "ReleaseSpec"
    digest: str
    accepted: "Accepted | None"  # licences that were agreed to here


def as_json(shown: Shown) -> Mapping[str, object]:
    return {
        **asdict(shown.spec),
        "commercial": shown.spec.commercial,
        "digest": shown.digest,
        "path": str(shown.folder),
        "accepted": asdict(shown.accepted) if shown.accepted else None,
    }


def show_release(shown: Shown) -> None:
    from vocalverse.release.card import CARD

    spec, accepted = shown.spec, shown.accepted
    click.secho(in_words(spec.title), bold=True)
    show_facts(
        {
            "name": spec.name,
            "digest": shown.digest,
            "measured_on": spec.measured_on or None,
            "made_by": spec.made_by or None,
            "commercial_use": spec.commercial,
            "accepted": f"{', '.join(accepted.licences)} ({accepted.at})" if accepted else None,
            "ear": _ear(spec),
            "prescreen": spec.rules or "the rules that come with VocalVerse",
            "precision": spec.precision,
            "worker_class": spec.worker_class,
            "overall": _overall(spec),
            "card": shown.folder / CARD,
        },
        as_json=False,
    )
    _show_dimensions(spec)
    if spec.weights:
        _section("Encoders")
        columns = ("name", "family", "layer", "takes", "weights", "revision")
        encoders = [*map(_encoder, spec.encoders), *map(_weights, spec.text_encoders)]
        show_rows(encoders, columns=columns, as_json=False, empty="")
    _section("Parts")
    parts = [asdict(part) for part in spec.parts]
    show_rows(parts, columns=("name", "licence", "commercial", "source"), as_json=False, empty="Its maker did not say.")


def _show_dimensions(spec: "ReleaseSpec") -> None:
    from vocalverse.release.card import route

    _section("Dimensions")
    dimensions = [
        {
            "key": one.key,
            "scale": f"{one.low:g} to {one.high:g}",
            "interval_holds": f"{one.calibration.coverage:.0%}",
            "by": route(one, spec),
        }
        for one in spec.dimensions
    ]
    show_rows(dimensions, columns=("key", "by", "scale", "interval_holds"), as_json=False, empty="")


def _section(title: str) -> None:
    click.echo()
    click.secho(title, bold=True)


def _ear(spec: "ReleaseSpec") -> str:
    return " → ".join(filter(None, [spec.ear.separator, spec.ear.dereverberator])) + f" ({spec.ear.precision})"


def _overall(spec: "ReleaseSpec") -> str | None:
    if spec.overall is None:
        return None
    measures = {name: weighed.weight for name, weighed in spec.overall.measures.items()}
    evidence = {one.name: one.weight for one in spec.overall.evidence}
    return " + ".join(f"{weight:.3g} {name}" for name, weight in (spec.overall.weights | measures | evidence).items())


def _encoder(encoder: "EncoderSpec") -> Mapping[str, object]:
    return {
        **_weights(encoder),
        "family": encoder.family,
        "layer": "all" if encoder.layer is None else encoder.layer,
        "takes": "voice" if encoder.voice else "recording",
    }


def _weights(encoder: "EncoderSpec | TextEncoderSpec") -> Mapping[str, object]:
    return {
        "name": encoder.name,
        "takes": "text",
        "weights": f"{encoder.folder}/ in the release" if encoder.folder else f"{encoder.model} on the models shelf",
        "revision": encoder.revision[:_DIGITS],
    }
