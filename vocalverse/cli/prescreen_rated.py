"""Takes that people rated, as `vocalverse prescreen calibrate` learns from them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vocalverse.cli.output import failed_line
from vocalverse.cli.prescreen_takes import Known, Measuring, Sought, known_of
from vocalverse.errors import BadInput

if TYPE_CHECKING:
    from vocalverse.prescreen.calibrate import Rated
    from vocalverse.prescreen.manifest import Listed


@dataclass(frozen=True)
class Wanted:
    take: Sought
    keep: bool
    singer: str


def wanted(manifest: Path, keep_from: float | None) -> list[Wanted]:
    """What is wrong with the list is said before anything is measured."""
    from vocalverse.prescreen.manifest import read

    return [_wanted(one, f"{manifest}, line {one.line}", keep_from) for one in read(manifest)]


def rated(takes: Sequence[Wanted], measuring: Measuring) -> "tuple[list[Rated], list[str]]":
    """Those that could be heard, and the others."""
    from vocalverse.prescreen.calibrate import Rated

    heard: list[Rated] = []
    failed: list[str] = []
    for one, known in zip(takes, known_of([one.take for one in takes], measuring), strict=True):
        if isinstance(known, Known):
            heard.append(Rated(known.evidence, one.keep, one.singer))
        else:
            failed.append(str(one.take.audio))
            click.echo(failed_line(one.take.audio, known), err=True)
    return heard, failed


def _wanted(one: "Listed", where: str, keep_from: float | None) -> Wanted:
    if one.singer is None:
        raise BadInput(f"{where}: no singer. What is learnt has to be tried on singers that were not learnt from.")
    return Wanted(Sought(one.audio, one.chart), _is_worth_keeping(one, where, keep_from), one.singer)


def _is_worth_keeping(one: "Listed", where: str, keep_from: float | None) -> bool:
    if one.keep is not None:
        return one.keep >= 0.5
    if one.rating is None:
        raise BadInput(f"{where}: neither keep nor a rating.")
    if keep_from is None:
        raise BadInput("Say with --keep-from from which rating on a take is worth judging for artistry.")
    return one.rating >= keep_from
