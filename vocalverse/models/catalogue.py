"""What is known of every model that may be used: whose it is, what it weighs, how good it is said to be."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from vocalverse.errors import ModelRefused, ModelUnknown
from vocalverse.models.digest import Pin
from vocalverse.separate.purpose import Purpose

_SHIPPED = Path(__file__).with_name("catalogue.toml")
_UNSURE = 1.05  # by which a round figure of a size may be off


class Commercial(StrEnum):
    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class Licensed(Protocol):
    """Something that others made."""

    @property
    def name(self) -> str: ...
    @property
    def licence(self) -> str: ...
    @property
    def commercial(self) -> Commercial: ...
    @property
    def page(self) -> str: ...


@dataclass(frozen=True)
class Entry:
    """A model as the catalogue knows it, wherever it is."""

    name: str
    purpose: Purpose
    architecture: str
    file: str
    licence: str
    commercial: Commercial
    page: str
    bundled: bool = False
    yaml: str | None = None
    pin: Pin | None = None
    bytes: int | None = None
    bytes_about: int | None = None
    sources: tuple[str, ...] = ()
    published: str | None = None
    measured: str | None = None

    @property
    def bytes_at_most(self) -> int | None:
        return self.bytes or (self.bytes_about and round(_UNSURE * self.bytes_about))

    def require_accepted(self, *, accepted: bool) -> None:
        require_accepted(self, accepted=accepted)


def require_accepted(what: Licensed, *, accepted: bool) -> None:
    """Every venue is a business: what is not known to be free for that has to be agreed to."""
    if what.commercial is Commercial.YES or accepted:
        return
    does = "does not allow" if what.commercial is Commercial.NO else "is not known to allow"
    raise ModelRefused(
        f"The licence of {what.name} ({what.licence}) {does} commercial use, and judging in a venue is that. Read"
        f" {what.page}; if it lets you, say --accept-licence."
    )


@dataclass(frozen=True)
class Thresholds:
    """Decibels that a model has to gain on the shipped mix."""

    separate_gain_db: float
    dereverberate_gain_db: float

    def of(self, purpose: Purpose) -> float:
        return self.separate_gain_db if purpose is Purpose.SEPARATE else self.dereverberate_gain_db


def entries() -> tuple[Entry, ...]:
    return tuple(_entry(said) for said in _shipped()["model"])


def thresholds() -> Thresholds:
    return Thresholds(**_shipped()["check"])


def find(name: str) -> Entry:
    for entry in entries():
        if entry.name == name:
            return entry
    raise ModelUnknown(f"The catalogue knows no {name!r}, only {', '.join(entry.name for entry in entries())}.")


@cache
def _shipped() -> Mapping[str, Any]:
    return tomllib.loads(_SHIPPED.read_text(encoding="utf-8"))


def _entry(said: Mapping[str, Any]) -> Entry:
    rest = {name: value for name, value in said.items() if not name.startswith("sha256")}
    begins = said.get("sha256", said.get("sha256_begins"))
    return Entry(
        **{
            **rest,
            "purpose": Purpose(said["purpose"]),
            "commercial": Commercial(said["commercial"]),
            "pin": Pin(begins, said.get("sha256_ends", "")) if begins else None,
            "sources": tuple(said.get("sources", ())),
        }
    )
