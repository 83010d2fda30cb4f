"""What the machine gives its assessors."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Workshop:
    threads: int | None = None  # of each of them; None: all cores
    folder: Path | None = None  # where what is measured once is kept
    rules: Path | None = None  # of the prescreen, where a release has none; None: those that come with it
    releases: Path | None = None  # folders of releases, by name
    models: Path | None = None  # what releases name and do not hold
    cache: Path | None = None  # where what encoders made of recordings is kept; None: nothing is
