"""Making a release: its files are copied into one folder, listed with their sha256, and never change again."""

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from vocalverse.errors import BadInput, ReleaseBroken
from vocalverse.models.digest import sha256_of_path
from vocalverse.release import sums
from vocalverse.release.card import CARD, card
from vocalverse.release.read import TOML, as_text
from vocalverse.release.sense import named_files, named_folders, require_sense
from vocalverse.release.spec import ReleaseSpec
from vocalverse.release.verify import Sealed
from vocalverse.release.whole import put
from vocalverse.toml import WrongError


def seal(spec: ReleaseSpec, files: Mapping[str, Path], folder: Path) -> Sealed:
    """`files` are heads, rules and encoders by their paths in the release; a folder stands for all that lies in it.
    A card is written where none is among them.
    """
    sources = dict(_sources(files))
    _require_sense(spec, sources)

    def fill(unfinished: Path) -> None:
        for path, source in sources.items():
            (unfinished / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, unfinished / path)
        if CARD not in sources:
            (unfinished / CARD).write_text(card(spec), encoding="utf-8")
        (unfinished / TOML).write_text(as_text(spec), encoding="utf-8")
        _sum_up(unfinished)

    return put(folder, fill)


def _sources(files: Mapping[str, Path]) -> Iterator[tuple[str, Path]]:
    for path, source in files.items():
        if not source.is_dir():
            yield path, source
        for below in sorted(source.rglob("*")) if source.is_dir() else ():
            if below.is_file():
                yield f"{path}/{below.relative_to(source).as_posix()}", below


def _require_sense(spec: ReleaseSpec, sources: Mapping[str, Path]) -> None:
    try:
        require_sense(spec)
    except WrongError as wrong:
        raise ReleaseBroken(f"{spec.name} cannot be sealed: {wrong}") from None
    for path, source in sources.items():
        if path in (TOML, sums.SUMS) or not sums.is_plain(path):
            raise BadInput(f"{source} cannot lie in a release as {path!r}: give it another name.")
    folders = {parent.as_posix() for path in sources for parent in PurePosixPath(path).parents}
    missing = [path for path in named_files(spec) if path not in sources]
    if missing := [*missing, *(path for path in named_folders(spec) if path not in folders)]:
        raise ReleaseBroken(f"{spec.name} cannot be sealed: it names {', '.join(missing)}, which was not given.")


def _sum_up(folder: Path) -> None:
    files = [path for path in folder.rglob("*") if path.is_file()]
    digests = {path.relative_to(folder).as_posix(): sha256_of_path(path) for path in files}
    (folder / sums.SUMS).write_text(sums.as_text(digests), encoding="utf-8")
