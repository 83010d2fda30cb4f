"""A model of the catalogue into the models folder: from its source, a mirror, or a folder that somebody carried in."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from vocalverse.errors import DiskFull, ModelBroken, ModelRefused, NotFound, Unavailable
from vocalverse.models.catalogue import Entry
from vocalverse.models.digest import Pin
from vocalverse.models.download import Patience, Wanted, download
from vocalverse.models.shelf import Installed, Shelf
from vocalverse.records import Progress, no_progress

_YAML_BYTES_AT_MOST = 2**20
_PATIENCE = Patience()

_Get = Callable[[str, Path, Wanted], Path]


def fetch(
    entry: Entry,
    shelf: Shelf,
    *,
    source: str | None = None,
    pin: Pin | None = None,
    accepted: bool = False,
    patience: Patience = _PATIENCE,
    progress: Progress = no_progress,
) -> Installed:
    """`source`: the address of a mirror's folder, or a folder or file here, instead of the catalogue's sources."""
    if entry.bundled or entry.yaml is None:
        raise ModelRefused(f"{entry.name} comes with VocalVerse: there is nothing to fetch.")
    entry.require_accepted(accepted=accepted)
    known = pin or entry.pin
    if known is None:
        raise ModelRefused(f"No hash of {entry.name} is known: find it out from its author, and give it as --sha256.")
    if pin and entry.pin and not entry.pin.matches(pin.begins):
        raise ModelRefused(f"The catalogue knows another beginning or end of {entry.name}'s hash: {entry.pin}.")
    entry = replace(entry, pin=known)
    downloads = shelf.folder / "downloads" / entry.name
    checkpoint, yaml = (
        _found(entry, source)
        if _is_here(source)
        else _fetched(
            entry,
            downloads,
            source,
            lambda url, into, wanted: download(url, into, wanted, patience=patience, progress=progress),
        )
    )
    try:
        installed = shelf.put(entry, checkpoint, yaml, pin=known, accepted=accepted, progress=progress)
    except (ModelBroken, ModelRefused):
        (downloads / str(entry.yaml)).unlink(missing_ok=True)  # unlike the weights it is not pinned: perhaps it is that
        raise
    _clear(downloads)
    return installed


def _is_here(source: str | None) -> bool:
    return source is not None and "://" not in source


def _found(entry: Entry, source: str | None) -> tuple[Path, Path]:
    place = Path(source or "").expanduser()
    checkpoint = place / entry.file if place.is_dir() else place
    beside = [checkpoint.with_name(str(entry.yaml)), checkpoint.with_suffix(".yaml")]
    for path in (checkpoint, next((path for path in beside if path.exists()), beside[0])):
        if not path.exists():
            raise NotFound(f"{path} is not there: {entry.name} consists of {entry.file} and {entry.yaml}.")
    return checkpoint, next(path for path in beside if path.exists())


def _fetched(entry: Entry, into: Path, source: str | None, get: _Get) -> tuple[Path, Path]:
    sources = [source] if source else list(entry.sources)
    if entry.bytes_at_most is None or not sources:
        raise ModelRefused(f"The catalogue knows no place or no size of {entry.name}: use --from a folder.")
    weights = Wanted(entry.bytes_at_most, entry.bytes, entry.pin)
    for number, place in enumerate(sources, start=1):
        base = place.rstrip("/")
        try:
            yaml = into / str(entry.yaml)
            if not yaml.exists():
                # Not pinned: it is read as plain data, and where it does not fit the weights that is found out.
                get(f"{base}/{entry.yaml}", yaml, Wanted(_YAML_BYTES_AT_MOST, plain_text=True))
            checkpoint = into / entry.file
            if not checkpoint.exists():
                get(f"{base}/{entry.file}", checkpoint, weights)
            return checkpoint, yaml
        except DiskFull:
            raise
        except (NotFound, Unavailable):
            if number == len(sources):
                raise
    raise AssertionError("unreachable")


def _clear(downloads: Path) -> None:
    """The checkpoint is not needed any more: it takes as much room as what was made of it."""
    if downloads.is_dir():
        for path in downloads.iterdir():
            path.unlink()
        downloads.rmdir()
