"""`release.toml` as data, checked; nothing else of the release is looked at."""

from pathlib import Path

from vocalverse.errors import ReleaseBroken, ReleaseTooNew, ReleaseUnknown
from vocalverse.release.sense import require_sense
from vocalverse.release.spec import FORMAT, ReleaseSpec
from vocalverse.toml import WrongError, as_toml, from_table, read_table

TOML = "release.toml"


def read(folder: Path) -> ReleaseSpec:
    """Says which key is wrong, and how."""
    path = folder / TOML
    if not folder.is_dir():
        raise ReleaseUnknown(f"There is no release at {folder}.")
    try:
        said = read_table(path)
        _require_format(said.pop("format", None), path)
        spec = from_table(ReleaseSpec, said)
        require_sense(spec)
    except WrongError as wrong:
        raise ReleaseBroken(f"{path}: {wrong}") from None
    return spec


def as_text(spec: ReleaseSpec) -> str:
    """As `read` reads it."""
    return f"format = {FORMAT}\n{as_toml(spec)}"


def _require_format(said: object, path: Path) -> None:
    """Before all else: what a newer version says may mean anything."""
    if not isinstance(said, int) or isinstance(said, bool) or said < 1:
        raise ReleaseBroken(f"{path}: format: {said!r} is no format of a release.")
    if said > FORMAT:
        raise ReleaseTooNew(
            f"{path} is of format {said}; this version of VocalVerse reads {FORMAT}. Update VocalVerse:"
            " pip install --upgrade vocalverse"
        )
