"""What is known of published encoders: what they are opened as, whose they are, and what of them has to be got."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from vocalverse.models.catalogue import Commercial
from vocalverse.models.encoders.encoder import Family

_SHIPPED = Path(__file__).with_name("catalogue.toml")


@dataclass(frozen=True)
class EncoderEntry:
    name: str
    family: Family
    licence: str
    commercial: Commercial
    page: str
    files: tuple[str, ...] = ()
    bytes_about: int | None = None

    @property
    def how(self) -> str:
        """What an operator does to have it here."""
        return (
            f"get {', '.join(self.files)} from {self.page} into a folder, then"
            f" vocalverse models import FOLDER --name {self.name}"
        )


@cache
def encoders() -> tuple[EncoderEntry, ...]:
    return tuple(
        EncoderEntry(
            **said
            | {
                "family": Family(said["family"]),
                "commercial": Commercial(said["commercial"]),
                "files": tuple(said["files"]),
            }
        )
        for said in tomllib.loads(_SHIPPED.read_text(encoding="utf-8"))["encoder"]
    )


def find_encoder(name: str) -> EncoderEntry | None:
    return next((entry for entry in encoders() if entry.name == name), None)
