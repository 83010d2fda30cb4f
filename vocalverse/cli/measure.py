"""`vocalverse measure`: what a voice does in a recording, for people."""

import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vocalverse.cli.given import chart, recordings
from vocalverse.cli.listener import Listener, Wanted
from vocalverse.cli.measure_views import bar, show_take
from vocalverse.cli.output import failed_line, json_option, show_json
from vocalverse.errors import VocalVerseError
from vocalverse.records import Progress

if TYPE_CHECKING:
    from vocalverse.measure.reference.melody import Melody
    from vocalverse.measure.take import Measured

EXIT_SOME_FAILED = 1
_PATH = click.Path(path_type=Path)


@click.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=_PATH)
@click.option("--song", type=_PATH, metavar="CHART", help="How the song goes: UltraStar, MIDI, MusicXML or LRC.")
@click.option("--voice", "alone", is_flag=True, help="FILE is a voice alone: nothing is separated.")
@json_option
def measure(files: tuple[Path, ...], *, song: Path | None, alone: bool, as_json: bool) -> None:
    """Measure how somebody sings in each FILE, and in every recording in each folder and the folders in it.

    The voice is taken out of the recording; then its pitch, notes, phrases, breaths, vibrato and more are measured, and
    with --song how well it keeps to that song, in whatever key and however late. What cannot be known is left empty. A
    recording that cannot be heard does not keep the others from it: the exit status is 1 then.

    \b
    Example:
      vocalverse measure take.m4a --song song.txt
      vocalverse measure a-cappella.wav --voice --json
    """
    given = recordings(files)
    melody = _melody(song) if song else None
    with bar(len(given)) as begun:
        kit = _Kit(Listener.open(Wanted(alone)), melody)
        done = [kit.measure(one.source, begun(one.source)) for one in given]
    if as_json:
        show_json({"files": [_as_json(one) for one in done]})
    else:
        for take in done:
            if take.measured:
                show_take(take.file, take.measured)
            elif take.failed:
                click.echo(failed_line(take.file, take.failed), err=True)
    if any(take.failed for take in done):
        sys.exit(EXIT_SOME_FAILED)


@dataclass(frozen=True)
class _Done:
    file: Path
    took_s: float
    measured: "Measured | None" = None
    failed: VocalVerseError | None = None


@dataclass(frozen=True)
class _Kit:
    """What is loaded once for all recordings."""

    listener: "Listener"
    melody: "Melody | None"

    def measure(self, file: Path, progress: Progress) -> _Done:
        """Whatever is wrong with the recording is told in what is returned; the others are not to suffer."""
        began = time.monotonic()
        try:
            measured = self._measured(file, progress)
        except VocalVerseError as error:
            return _Done(file, time.monotonic() - began, failed=error)
        return _Done(file, time.monotonic() - began, measured)

    def _measured(self, file: Path, progress: Progress) -> "Measured":
        from vocalverse.measure.take import measure_take

        listened = self.listener.listen(file, progress)
        progress("measure", 0.0)
        return measure_take(listened.heard, self.melody)


def _melody(song: Path) -> "Melody":
    from vocalverse.measure.reference.read import read_reference

    return read_reference(chart(song), name=str(song))


def _as_json(done: _Done) -> dict[str, Any]:
    from vocalverse.measure.told import as_json

    return {
        "file": str(done.file),
        "took_s": round(done.took_s, 3),
        "error": done.failed.code if done.failed else None,
        "message": str(done.failed) if done.failed else None,
        "measured": as_json(done.measured) if done.measured else None,
    }
