"""Encoders among the models: how `vocalverse models` lists them and takes them in."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vocalverse.cli.bars import bars
from vocalverse.cli.output import in_bytes, show_done
from vocalverse.errors import BadInput, ModelRefused

if TYPE_CHECKING:
    from vocalverse.models.encoders.catalogue import EncoderEntry
    from vocalverse.models.encoders.encoder import Family
    from vocalverse.models.encoders.shelf import EncoderShelf, InstalledEncoder

_STAGES = {"hash": "checking", "read": "reading", "copy": "copying"}


def rows(shelf: "EncoderShelf") -> list[dict[str, object]]:
    """Those that are known, and those that only this folder has."""
    from vocalverse.models.encoders.catalogue import encoders

    installed = {one.name: one for one in shelf.installed()}
    known = [_row(asdict(entry), installed.pop(entry.name, None), entry.bytes_about) for entry in encoders()]
    known += [_row(asdict(one), one, None) for one in installed.values()]
    return [row | {"here": "bundled"} if shelf.is_bundled(str(row["name"])) else row for row in known]


def refuse_to_fetch(name: str) -> None:
    """Encoders are an operator's to get: what may have been changed on the way is not taken for them."""
    from vocalverse.models.encoders.catalogue import find_encoder

    if known := find_encoder(name):
        raise ModelRefused(f"No hashes of {name}'s files are published, so it is not fetched by itself: {known.how}")


def take_in(shelf: "EncoderShelf", source: Path, said: Mapping[str, Any], *, as_json: bool) -> None:
    """`said` is what the command's options say."""
    entry = _entry(said)
    with bars(_STAGES) as progress:
        installed = shelf.put(entry, source, revision=said["sha256"], accepted=said["accepted"], progress=progress)
    show_done(
        f"{installed.name} is in {shelf.folder} ({in_bytes(installed.bytes)}), revision {installed.revision[:12]}…"
        f" Releases and recipes may say: model = {installed.name!r}",
        {**asdict(installed), "path": str(shelf.path_of(installed.name))},
        as_json=as_json,
    )


def _entry(said: Mapping[str, Any]) -> "EncoderEntry":
    """What the catalogue knows of that name is not said otherwise; of another, everything has to be said."""
    from vocalverse.models.catalogue import Commercial
    from vocalverse.models.encoders.catalogue import EncoderEntry, find_encoder

    if known := find_encoder(said["name"] or ""):
        if said["encoder"] not in (None, known.family.value):
            raise BadInput(f"{known.name} is a {known.family}, not a {said['encoder']}: leave --encoder out.")
        return known
    for option in ("name", "encoder", "licence"):
        if said[option] is None:
            raise BadInput(
                f"An encoder that is not in the catalogue needs --name, --encoder and --licence: say --{option}."
            )
    return EncoderEntry(
        name=said["name"],
        family=_family(said["encoder"]),
        licence=said["licence"],
        commercial=Commercial(said["commercial"]),
        page="the page where you found it",
    )


def _family(name: str) -> "Family":
    from vocalverse.models.encoders.encoder import Family

    try:
        return Family(name)
    except ValueError:
        raise BadInput(f"There are no encoders of the family {name!r}, only of {', '.join(Family)}.") from None


def _row(facts: dict[str, Any], installed: "InstalledEncoder | None", bytes_about: int | None) -> dict[str, object]:
    size = installed.bytes if installed else bytes_about
    return {
        **facts,
        "purpose": "encode",
        "here": "yes" if installed else "no",
        "size": None if size is None else in_bytes(size),
        "published": None,
        "measured": None,
    }
