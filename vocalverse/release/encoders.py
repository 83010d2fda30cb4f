"""The encoders of a release, from its own folder or from the models shelf, each opened once."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from vocalverse.errors import ReleaseBroken
from vocalverse.models.encoders.encoder import Encoder
from vocalverse.models.shelf import Shelf
from vocalverse.release.spec import EncoderSpec, ReleaseSpec, TextEncoderSpec

if TYPE_CHECKING:
    from vocalverse.models.encoders.text import TextEncoder


def open_encoders(
    spec: ReleaseSpec, folder: Path, models: Path, *, device: str, threads: int | None
) -> Mapping[str, Encoder]:
    """By their names. Two names for the same layer of the same weights are one encoder."""
    from vocalverse.models.encoders.open import open_encoder  # torch comes with it

    opened: dict[tuple[str, int | None], Encoder] = {}
    for encoder in spec.encoders:
        key = (encoder.revision, encoder.layer)
        if key not in opened:
            opened[key] = open_encoder(
                encoder.family,
                place_of(encoder, folder, models),
                layer=encoder.layer,
                precision=spec.precision,
                device=device,
                threads=threads,
            )
        require_revision(encoder, opened[key].info.revision)
    return {encoder.name: opened[encoder.revision, encoder.layer] for encoder in spec.encoders}


def open_readers(spec: ReleaseSpec, folder: Path, models: Path, *, device: str) -> Mapping[str, "TextEncoder"]:
    """Of text, by their names."""
    if not spec.text_encoders:
        return {}
    from vocalverse.models.encoders.text import open_text_encoder  # with transformers, which few releases need

    opened = {}
    for reader in spec.text_encoders:
        place = place_of(reader, folder, models)
        opened[reader.name] = open_text_encoder(place, precision=spec.precision, device=device)
        require_revision(reader, opened[reader.name].revision)
    return opened


def place_of(encoder: EncoderSpec | TextEncoderSpec, folder: Path, models: Path) -> Path:
    return folder / encoder.folder if encoder.folder else Shelf(models).encoder(str(encoder.model))


def require_revision(encoder: EncoderSpec | TextEncoderSpec, found: str) -> None:
    if found != encoder.revision:
        where = f"{encoder.model} on the models shelf" if encoder.model else f"{encoder.folder} in the release"
        raise ReleaseBroken(
            f"{where} is not the {encoder.name} that the release was made with: its revision is {found[:12]}…, and not"
            f" {encoder.revision[:12]}…. Fetch or import the weights that the release's card names."
        )
