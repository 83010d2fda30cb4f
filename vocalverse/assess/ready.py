"""Whether all that judging by a release takes is here, as it was sealed: known before a take is begun, or torch loaded."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from vocalverse.errors import ReleaseBroken
from vocalverse.models.shelf import Shelf
from vocalverse.release.ear import ear_of
from vocalverse.release.encoders import require_revision
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
    return Ready(sealed, (ear.separator, *rooms, *_encoders(sealed.spec, models)))


def _encoders(spec: ReleaseSpec, models: Path) -> Iterator[Path]:
    """The files of those that lie on the shelf."""
    shelf = Shelf(models).encoders
    for encoder in spec.weights:
        if encoder.model:
            require_revision(encoder, shelf.get(encoder.model).revision)
            if changed := shelf.changed(encoder.model):
                raise ReleaseBroken(
                    f"{shelf.path_of(encoder.model) / changed[0]} is not what was put on the models shelf: fetch or import"
                    f" {encoder.model} again."
                )
            yield from shelf.files_of(encoder.model)
