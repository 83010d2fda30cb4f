"""`vocalverse measure`: what a voice does in a recording, for people."""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import click

from vocalverse.cli.given import recordings
from vocalverse.cli.jobs import side_by_side
from vocalverse.cli.listener import Listener, Wanted
from vocalverse.cli.measure_song import known_song
from vocalverse.cli.measure_takes import Done, Found, Kit, Take
from vocalverse.cli.measure_views import Bar, bar, show_take
from vocalverse.cli.output import json_option, show_json
from vocalverse.cli.places import places, require_writable
from vocalverse.cli.take_options import take_options
from vocalverse.errors import BadInput

EXIT_SOME_FAILED = 1
_PATH = click.Path(path_type=Path)
_PICTURES = (".png", ".svg")


@click.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=_PATH)
@take_options
@click.option(
    "--picture", type=_PATH, metavar="PATH", help="Draw it: out.png, out.svg, or a folder for PNG of each FILE."
)
@click.option(
    "--csv",
    "sheets",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="Write notes and pitch of each FILE as tables.",
)
@click.option(
    "--rules", type=_PATH, metavar="FILE", help="Rules of the prescreen, in place of those that come with it."
)
@click.option(
    "--jobs", type=click.IntRange(1, 64), default=1, show_default=True, help="Recordings at a time, each in a process."
)
@json_option
def measure(
    files: tuple[Path, ...], *, picture: Path | None, sheets: Path | None, jobs: int, as_json: bool, **said: Any
) -> None:
    """Measure how somebody sings in each FILE, and in every recording in each folder and the folders in it.

    The voice is taken out of the recording; then its pitch, notes, phrases, breaths, vibrato and more are measured, and
    with --song how well it keeps to that song, in whatever key and however late. Pitch and rhythm have a score from 0 to
    100, with what it may lie between, and the verdict is what the prescreen would say: pass, low (too far off to be
    judged for artistry) or refuse, each with its reasons. What cannot be known is left empty.

    A recording that cannot be heard does not keep the others from it: the exit status is 1 then. A job takes about
    1 GB of memory, most of it for the ear.

    \b
    Example:
      vocalverse measure take.m4a --song song.txt --picture take.png
      vocalverse measure take.m4a --song my-way --backing my-way.ogg
      vocalverse measure a-cappella.wav --voice --song guide.wav --json
      vocalverse measure takes/ --csv tables --picture pictures --jobs 4
    """
    takes = _takes(files, picture, sheets)
    wanted = Wanted(said.pop("alone"), said.pop("backing"), said.pop("key_shift"))
    told: list[dict[str, Any]] = []
    failed = False
    with bar(len(takes)) as shown:
        for done in _done(takes, _Everywhere.of(wanted, shown, **said), jobs, shown):
            failed = failed or done.failed is not None
            if as_json:
                told.append(_as_json(done))
            else:
                show_take(done)
    if as_json:
        show_json({"files": told})
    if failed:
        sys.exit(EXIT_SOME_FAILED)


@dataclass(frozen=True)
class _Everywhere:
    """What is the same for all recordings, found right before any of them is heard."""

    kit: Kit
    wanted: Wanted

    @classmethod
    def of(
        cls, wanted: Wanted, shown: Bar, *, song: str | None, venue: str | None, rules: Path | None
    ) -> "_Everywhere":
        from vocalverse.prescreen.rules import BUNDLED, read

        chosen = read(rules or BUNDLED)
        listener = Listener.open(wanted)
        known = known_song(song, listener, venue=venue, progress=shown.begins(Path(song))) if song else None
        for remark in known.remarks if known else ():
            click.echo(f"{song}: {remark.replace('_', ' ')}", err=True)
        return cls(Kit(listener, known, chosen), wanted)

    def opened(self, threads: int) -> Callable[[], Callable[[Take], Done]]:
        """For a process of its own."""
        return partial(Kit.open, self.wanted, self.kit.song, self.kit.rules, threads=threads)


def _done(takes: Sequence[Take], everywhere: _Everywhere, jobs: int, shown: Bar) -> Iterator[Done]:
    """In the order given."""
    if jobs == 1 or len(takes) == 1:
        for take in takes:
            yield everywhere.kit(take, shown.begins(take.source))
            shown.ended()
        return
    for done in side_by_side(everywhere.opened(max(1, (os.cpu_count() or 1) // jobs)), takes, jobs=jobs):
        shown.ended()
        yield done


def _takes(files: Sequence[Path], picture: Path | None, sheets: Path | None) -> list[Take]:
    """What can be said against the places of what comes out is said before anything is heard."""
    found = recordings(files, beside=sheets)
    takes = [Take(one.source) for one in found]
    if sheets:
        tables = places(found, sheets, option="--csv", ends=(".notes.csv", ".f0.csv"))
        takes = [
            replace(take, notes=song.named("notes.csv"), f0=song.named("f0.csv"))
            for take, song in zip(takes, tables, strict=True)
        ]
    if picture is None:
        return takes
    if picture.suffix.lower() not in _PICTURES:
        drawn = places(found, picture, option="--picture", ends=(".png",))
        return [replace(take, picture=song.named("png")) for take, song in zip(takes, drawn, strict=True)]
    if len(takes) > 1 or picture.is_dir():
        raise BadInput(f"--picture {picture}: of {len(takes)} recordings; name a folder for one picture of each.")
    require_writable(picture.parent, "--picture")
    return [replace(take, picture=picture) for take in takes]


def _as_json(done: Done) -> dict[str, Any]:
    return {
        "file": str(done.take.source),
        "took_s": round(done.took_s, 3),
        "error": done.failed.code if done.failed else None,
        "message": str(done.failed) if done.failed else None,
        **({name: str(path) for name, path in done.take.files.items()} if done.found else {}),
        **(_told(done.found) if done.found else {}),
    }


def _told(found: Found) -> dict[str, Any]:
    from vocalverse.measure.told import as_json

    return {
        "remarks": list(found.remarks),
        "prescreen": asdict(found.prescreened),
        "recording": asdict(found.recording),
        "measured": as_json(found.measured),
    }
