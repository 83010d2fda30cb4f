"""The ear that a release names: its models on this machine's shelf, and whether they are the ones that were meant."""

from dataclasses import replace
from pathlib import Path

from vocalverse.errors import ReleaseBroken
from vocalverse.models.digest import sha256_of_path
from vocalverse.models.shelf import Shelf
from vocalverse.release.spec import EarSpec, ReleaseSpec
from vocalverse.separate.options import EarOptions
from vocalverse.separate.purpose import Purpose


def ear_of(spec: ReleaseSpec, models: Path) -> EarOptions:
    """A model whose licence forbids a venue's use was agreed to with the release, where that names it as a part."""
    agreed = {part.name for part in spec.parts}

    def place(name: str, purpose: Purpose, sha256: str | None) -> Path:
        path = Shelf(models).path_of(name, purpose=purpose, accepted=name in agreed)
        if sha256 and sha256_of_path(path) != sha256:
            raise ReleaseBroken(
                f"{path} is not the {name} that {spec.name} was made with: its sha256 should begin with {sha256[:12]}."
                " Fetch or import that one."
            )
        return path

    ear = spec.ear
    return EarOptions(
        separator=place(ear.separator, Purpose.SEPARATE, ear.separator_sha256),
        dereverberator=place(ear.dereverberator, Purpose.DEREVERBERATE, ear.dereverberator_sha256)
        if ear.dereverberator
        else None,
        precision=ear.precision,
        overlap=ear.overlap,
    )


def pinned(ear: EarSpec, models: Path) -> EarSpec:
    """With the hashes of the models as they are here, so that nobody judges through others of the same names."""
    shelf = Shelf(models)

    def sha256(name: str) -> str:
        return sha256_of_path(shelf.path_of(name, accepted=True))

    room = sha256(ear.dereverberator) if ear.dereverberator else None
    return replace(ear, separator_sha256=sha256(ear.separator), dereverberator_sha256=room)
