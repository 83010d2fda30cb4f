"""Encoders in the models folder: for each a folder of its files as they were published, and a record beside it.

Those that come with the package lie in a folder of the same kind.
"""

import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from vocalverse.errors import BadInput, Conflict, DigestMismatch, DiskFull, ModelBroken, ModelUnknown
from vocalverse.models.catalogue import Commercial, require_accepted
from vocalverse.models.digest import sha256_of_path
from vocalverse.models.encoders.catalogue import EncoderEntry, encoders, find_encoder
from vocalverse.models.encoders.encoder import Family
from vocalverse.records import Progress, no_progress

STAGE = "copy"
BUNDLED = Path(__file__).with_name("bundled")

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_RECORD = ".json"


@dataclass(frozen=True)
class InstalledEncoder:
    """What is written beside the files."""

    name: str
    family: Family
    licence: str
    commercial: Commercial
    page: str
    revision: str  # what a release pins
    bytes: int
    sha256s: Mapping[str, str]  # of each file, by its place in the folder
    licence_accepted: bool


class EncoderShelf:
    """It need not exist before something is put in."""

    def __init__(self, folder: Path, *, bundled: Path = BUNDLED) -> None:
        self.folder = folder
        self._bundled = bundled

    def installed(self) -> Iterator[InstalledEncoder]:
        """What an operator put in comes before what is bundled."""
        own = {one.name: one for one in _kept_in(self.folder)}
        yield from own.values()
        yield from (one for one in _kept_in(self._bundled) if one.name not in own)

    def find(self, name: str) -> InstalledEncoder | None:
        return next((one for one in self.installed() if one.name == name), None)

    def get(self, name: str) -> InstalledEncoder:
        """Or how it can be had."""
        if installed := self.find(name):
            return installed
        if known := find_encoder(name):
            raise ModelUnknown(f"The encoder {name} is not here yet: {known.how}")
        names = dict.fromkeys([*(one.name for one in self.installed()), *(one.name for one in encoders())])
        raise ModelUnknown(f"There is no encoder {name!r}, only {', '.join(names)}.")

    def is_bundled(self, name: str) -> bool:
        """With nothing of an operator's before it."""
        return self.find(name) is not None and not self._is_own(name)

    def path_of(self, name: str) -> Path:
        """The folder to open."""
        name = self.get(name).name
        return self._files_of(name) if self._is_own(name) else self._bundled / name

    def files_of(self, name: str) -> tuple[Path, ...]:
        """All that it is opened from."""
        return tuple(self.path_of(name) / place for place in self.get(name).sha256s)

    def put(
        self,
        entry: EncoderEntry,
        source: Path,
        *,
        revision: str | None = None,
        accepted: bool = False,
        progress: Progress = no_progress,
    ) -> InstalledEncoder:
        """Copies what is loaded of `source`, whole or not at all, once it has proved to load.

        With `revision`, only what has it. What is there already under that name is never replaced by something else:
        releases count on it.
        """
        from vocalverse.models.encoders.open import files_of, prove  # torch comes with it

        require_accepted(entry, accepted=accepted)
        if not _NAME.fullmatch(entry.name):
            raise BadInput(f"{entry.name!r} is no name for an encoder: small letters, digits, dots and hyphens.")
        found = prove(entry.family, source)
        self._expect(entry.name, source, found, revision)
        places = [path.relative_to(source) for path in files_of(entry.family, source)]
        installed = InstalledEncoder(
            name=entry.name,
            family=entry.family,
            licence=entry.licence,
            commercial=entry.commercial,
            page=entry.page,
            revision=found,
            bytes=sum((source / place).stat().st_size for place in places),
            sha256s={place.as_posix(): sha256_of_path(source / place) for place in places},
            licence_accepted=accepted,
        )
        here = self.find(entry.name) is not None and not self.changed(entry.name)
        if here and self.is_bundled(entry.name):
            return self.get(entry.name)
        if not here:
            self._copy(installed, source, progress)
        self._write(installed)
        return installed

    def changed(self, name: str, *, progress: Progress = no_progress) -> tuple[str, ...]:
        """Files that are not what was put in, or not there."""
        installed, folder = self.get(name), self.path_of(name)
        wrong = []
        for number, (place, sha256) in enumerate(installed.sha256s.items(), start=1):
            path = folder / place
            if not path.is_file() or sha256_of_path(path) != sha256:
                wrong.append(place)
            progress("hash", number / len(installed.sha256s))
        return tuple(wrong)

    def _expect(self, name: str, source: Path, found: str, wanted: str | None) -> None:
        if wanted is not None and found != wanted:
            raise DigestMismatch(f"{source} has the revision {found}, but should have {wanted}: fetch it anew.")
        here = self.find(name)
        if here is not None and here.revision != found:
            raise Conflict(
                f"{name} is here already, with another revision ({here.revision[:12]}…, not {found[:12]}…). Releases may"
                f" count on it: give another --name{self._or_remove(name)}."
            )

    def _or_remove(self, name: str) -> str:
        """What comes with the package is nobody's to remove."""
        return f", or remove {self._files_of(name)} first" if self._is_own(name) else ""

    def _copy(self, installed: InstalledEncoder, source: Path, progress: Progress) -> None:
        """Where a folder of that name is there already, it is damaged, or was left behind."""
        target = self._files_of(installed.name)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(prefix=f".{installed.name}.", dir=self.folder) as work:
                whole, old = Path(work, "whole"), Path(work, "old")
                for number, (place, sha256) in enumerate(installed.sha256s.items(), start=1):
                    _copy_file(source / place, whole / place, sha256)
                    progress(STAGE, number / len(installed.sha256s))
                if target.exists():
                    os.rename(target, old)
                os.rename(whole, target)
        except OSError as error:
            raise DiskFull(f"{installed.name} could not be copied to {self.folder} ({error.strerror}).") from error

    def _write(self, installed: InstalledEncoder) -> None:
        record = self._record_of(installed.name)
        unfinished = record.with_name(f".{record.name}.part")
        unfinished.write_text(json.dumps(asdict(installed), indent=2) + "\n", encoding="utf-8")
        os.replace(unfinished, record)

    def _is_own(self, name: str) -> bool:
        return self._record_of(name).exists() and self._files_of(name).is_dir()

    def _files_of(self, name: str) -> Path:
        return self.folder / name

    def _record_of(self, name: str) -> Path:
        return self.folder / f"{name}{_RECORD}"


def _copy_file(source: Path, into: Path, sha256: str) -> None:
    into.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, into)
    if sha256_of_path(into) != sha256:
        raise ModelBroken(f"{source} changed while it was copied: try again.")


def _kept_in(folder: Path) -> Iterator[InstalledEncoder]:
    for record in sorted(folder.glob(f"*{_RECORD}")):
        if record.with_suffix("").is_dir():
            yield _read(record)


def _read(record: Path) -> InstalledEncoder:
    try:
        said = json.loads(record.read_text(encoding="utf-8"))
        told = {"family": Family(said["family"]), "commercial": Commercial(said["commercial"])}
        return InstalledEncoder(**said | told)
    except (ValueError, KeyError, TypeError) as error:
        raise ModelBroken(f"{record} is no record of an encoder ({error}): remove it, then import again.") from error
