"""The models folder: what was put in, under which name and licence, and whether it is still what was put in."""

import json
import os
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

from vocalverse.errors import BadInput, ModelBroken, ModelRefused, ModelUnknown
from vocalverse.models.catalogue import Commercial, Entry, entries, find
from vocalverse.models.digest import Pin, sha256_of_path
from vocalverse.models.encoders.catalogue import find_encoder
from vocalverse.models.encoders.shelf import EncoderShelf
from vocalverse.records import Progress, no_progress
from vocalverse.separate.options import BUNDLED
from vocalverse.separate.purpose import Purpose

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_WEIGHTS, _RECORD = ".safetensors", ".json"


@dataclass(frozen=True)
class Installed:
    """What is written beside the weights."""

    name: str
    purpose: Purpose
    architecture: str
    licence: str
    commercial: Commercial
    bytes: int
    sha256: str  # of our file
    source_sha256: str  # of the checkpoint that it was made from
    source_pinned: bool  # whether the whole of that hash was known beforehand
    licence_accepted: bool


class Verdict(StrEnum):
    """How much a file's hash proves."""

    WHOLE = "as published"
    KEPT = "as it was put in; no published hash of it is known"
    PARTLY = "as fetched; of the published hash only a part is known"
    CHANGED = "changed since it was put in"
    ABSENT = "not here"


@dataclass(frozen=True)
class Verified:
    name: str
    verdict: Verdict
    sha256: str | None


class Shelf:
    """Files of ours in one folder, two for every model. It need not exist before something is put in."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def encoders(self) -> EncoderShelf:
        return EncoderShelf(self.folder / "encoders")

    def encoder(self, name: str) -> Path:
        """The folder of an encoder's files."""
        return self.encoders.path_of(name)

    def installed(self) -> Iterator[Installed]:
        for record in sorted(self.folder.glob(f"*{_RECORD}")):
            if record.with_suffix(_WEIGHTS).exists():
                yield self._read(record)

    def find(self, name: str) -> Installed | None:
        return next((one for one in self.installed() if one.name == name), None)

    def path_of(self, name: str, *, purpose: Purpose | None = None, accepted: bool = False) -> Path:
        """The weights to load. What an operator put in comes before what is bundled, and was accepted then; of what is
        bundled, only what every venue may use goes without saying. With `purpose`, of those made for it alone.
        """
        if purpose:
            self._require(name, purpose)
        place = self._place_of(name)
        if not self.find(name):
            find(name).require_accepted(accepted=accepted)
        return place

    def purpose_of(self, name: str) -> Purpose:
        return (self.find(name) or find(name)).purpose

    def _require(self, name: str, purpose: Purpose) -> None:
        """Whatever it is called: before anything of it is fetched or loaded."""
        known = {entry.name: entry.purpose for entry in entries()}
        known |= {one.name: one.purpose for one in self.installed()}
        if known.get(name, purpose) is not purpose:
            others = ", ".join(one for one, made_for in known.items() if made_for is purpose)
            does = "separates" if purpose is Purpose.DEREVERBERATE else "takes the room out of a voice"
            raise ModelRefused(f"{name} {does}; it does not {purpose}. Models that do: {others}.")

    def _place_of(self, name: str) -> Path:
        if self.find(name):
            return self._weights(name)
        for entry in entries():
            if entry.name == name and entry.bundled:
                return BUNDLED / entry.file
        known = [*(entry.name for entry in entries()), *(one.name for one in self.installed())]
        if self._encodes(name):
            raise ModelRefused(
                f"{name} encodes; it neither separates nor dereverberates. Models that do: {', '.join(known)}."
            )
        if name in known:
            raise ModelUnknown(f"{name} is not here yet: vocalverse models fetch {name}")
        raise ModelUnknown(f"There is no model {name!r}, only {', '.join(dict.fromkeys(known))}.")

    def _encodes(self, name: str) -> bool:
        return find_encoder(name) is not None or self.encoders.find(name) is not None

    def put(
        self, entry: Entry, checkpoint: Path, yaml: Path, *, pin: Pin, accepted: bool, progress: Progress = no_progress
    ) -> Installed:
        """Converts a checkpoint into the folder, whole or not at all."""
        from vocalverse.models.intake import recognise, take_in  # torch comes with it

        entry.require_accepted(accepted=accepted)
        if not _NAME.fullmatch(entry.name):
            raise BadInput(f"{entry.name!r} is no name for a model: small letters, digits, dots and hyphens.")
        source = recognise(checkpoint, yaml)
        source.require(entry.purpose)
        made = take_in(source, self._weights(entry.name), pin=pin, licence=entry.licence, progress=progress)
        installed = Installed(
            name=entry.name,
            purpose=entry.purpose,
            architecture=made.info.architecture,
            licence=entry.licence,
            commercial=entry.commercial,
            bytes=self._weights(entry.name).stat().st_size,
            sha256=sha256_of_path(self._weights(entry.name), progress=progress),
            source_sha256=made.source_sha256,
            source_pinned=pin.whole,
            licence_accepted=accepted,
        )
        self._write(installed)
        return installed

    def verify(self, name: str, *, progress: Progress = no_progress) -> Verified:
        if self._encodes(name):
            encoder = self.encoders.get(name)
            changed = self.encoders.changed(name, progress=progress)
            return Verified(name, Verdict.CHANGED if changed else Verdict.KEPT, encoder.revision)
        installed = self.find(name)
        path = self._place_of(name)
        sha256 = sha256_of_path(path, progress=progress) if path.exists() else None
        if sha256 is None:
            return Verified(name, Verdict.ABSENT, None)
        if installed is None:
            bundled = next(entry for entry in entries() if entry.name == name)
            matches = bundled.pin is not None and bundled.pin.matches(sha256)
            return Verified(name, Verdict.WHOLE if matches else Verdict.CHANGED, sha256)
        if sha256 != installed.sha256:
            return Verified(name, Verdict.CHANGED, sha256)
        return Verified(name, Verdict.WHOLE if installed.source_pinned else Verdict.PARTLY, sha256)

    def _weights(self, name: str) -> Path:
        return self.folder / f"{name}{_WEIGHTS}"

    def _write(self, installed: Installed) -> None:
        record = self.folder / f"{installed.name}{_RECORD}"
        unfinished = record.with_suffix(".part")
        unfinished.write_text(json.dumps(asdict(installed), indent=2) + "\n", encoding="utf-8")
        os.replace(unfinished, record)

    @staticmethod
    def _read(record: Path) -> Installed:
        try:
            said = json.loads(record.read_text(encoding="utf-8"))
            said |= {"purpose": Purpose(said["purpose"]), "commercial": Commercial(said["commercial"])}
            return Installed(**said)
        except (ValueError, KeyError, TypeError) as error:
            raise ModelBroken(f"{record} is no record of a model ({error}): remove it, then fetch again.") from error
