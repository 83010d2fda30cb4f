"""Whether all that judging by a release takes is here, as it was sealed: known before a take is begun."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from vocalverse.models.encoders.open import files_of, revision_of
from vocalverse.release.ear import ear_of
from vocalverse.release.encoders import place_of, require_revision
from vocalverse.release.shelf import ReleaseShelf
from vocalverse.release.spec import ReleaseSpec
from vocalverse.release.verify import Sealed


@dataclass(frozen=True)
class Ready:
    sealed: Sealed
    models: tuple[Path, ...]  # the files outside of its folder that it judges with


def require_ready(shelf: ReleaseShelf, models: Path, name: str) -> Ready:
    """Raises what is wrong with it, or what is missing."""
    sealed = shelf.ready(name)
    ear = ear_of(sealed.spec, models)
    rooms = (ear.dereverberator,) if ear.dereverberator else ()
    return Ready(sealed, (ear.separator, *rooms, *_encoders(sealed.spec, sealed.folder, models)))


def _encoders(spec: ReleaseSpec, folder: Path, models: Path) -> Iterator[Path]:
    """The files of those that lie on the shelf. What reads text is held to its revision when it is opened."""
    for encoder in spec.encoders:
        if encoder.model:
            place = place_of(encoder, folder, models)
            require_revision(encoder, revision_of(encoder.family, place))
            yield from files_of(encoder.family, place)
    for reader in spec.text_encoders:
        if reader.model:
            yield place_of(reader, folder, models)
