"""`vocalverse up`: everything on this machine with one command."""

import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from vocalverse.embedded.first_takes import Recording

_INTERRUPTED = 130  # as a shell says of a program that Ctrl-C ended
_SERVER = "Use this {} instead of the embedded one."


@click.command()
@click.option("--data", type=click.Path(path_type=Path, file_okay=False), help="Where all is kept.  [default: the"
              " user's data folder]")  # fmt: skip
@click.option("--host", envvar="VOCALVERSE_HOST", default="127.0.0.1", show_default=True, help="Where to listen.")
@click.option("--port", envvar="VOCALVERSE_PORT", type=click.IntRange(1, 65535), default=8470, show_default=True)
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="How many judge at once.")
@click.option("--database-url", envvar="VOCALVERSE_DATABASE_URL", default="", help=_SERVER.format("Postgres"))
@click.option("--redis-url", envvar="VOCALVERSE_REDIS_URL", default="", help=_SERVER.format("Redis or Valkey"))
@click.option("--blob-url", envvar="VOCALVERSE_BLOB_URL", default="", help="file:///folder or s3://bucket/prefix.")
@click.option("--check", is_flag=True, help="Stop when the samples are judged: exit status 0 when all went well.")
@click.option("--json", "as_json", is_flag=True, help="Print the results for programs; all else goes to stderr.")
def up(*, data: Path | None, as_json: bool, **said: Any) -> None:
    """Start everything on this machine, judge sample recordings, and keep running until Ctrl-C.

    Postgres and Valkey come with it; what they keep is found again at the next start.

    \b
    Example:
      vocalverse up --port 9000 --data /srv/vocalverse
      vocalverse up --check
    """
    from vocalverse.embedded.up import Stopped, UpOptions
    from vocalverse.embedded.up import up as start
    from vocalverse.settings import data_folder

    options = UpOptions(data=(data or data_folder()).expanduser().absolute(), **said)
    screen: _TextScreen = (_JsonScreen if as_json else _TextScreen)(stays=not options.check)
    try:
        well = start(options, screen)
    except Stopped:
        screen.say("Stopped. The next start goes on from here.")
        sys.exit(_INTERRUPTED if options.check else 0)
    finally:
        screen.close()
    if not well:
        click.echo("Not every sample was judged: `vocalverse recordings list` shows what became of them.", err=True)
        sys.exit(1)


class _TextScreen:
    """Lines, a bar for each sample while it is being judged, then a table."""

    def __init__(self, *, stays: bool) -> None:
        self._stays = stays
        self._progress: Any = None
        self._bars: dict[str, Any] = {}

    def say(self, line: str) -> None:
        self.close()
        click.echo(line, err=True)

    def show(self, recordings: "Sequence[Recording]") -> None:
        if not sys.stderr.isatty():
            return
        if self._progress is None:
            self._progress = _new_progress()
            self._progress.start()
        for one in recordings:
            name = one["recording_id"]
            if name not in self._bars:
                self._bars[name] = self._progress.add_task("", total=1.0)
            self._progress.update(self._bars[name], description=_stage(one), completed=_fraction(one))

    def results(self, recordings: "Sequence[Recording]", *, address: str, new: bool) -> None:
        from vocalverse.cli.output import show_rows
        from vocalverse.cli.up_views import row, told_apart

        self.close()
        self.say("The sample recordings:" if new else "The sample recordings, judged at an earlier start:")
        rows = [row(one) for one in recordings]
        columns = list(dict.fromkeys(name for one in rows for name in one))
        show_rows(rows, columns=columns, as_json=False, empty="They were deleted.")
        for apart in told_apart(recordings):
            self.say(apart.sentence())
        if self._stays:
            self.say(f"VocalVerse runs at {address}. Ctrl-C stops it.")

    def close(self) -> None:
        if self._progress is not None:
            self._progress.stop()
            self._progress = None
            self._bars = {}


class _JsonScreen(_TextScreen):
    """Standard output gets one object when the samples are judged."""

    def show(self, recordings: "Sequence[Recording]") -> None:
        """Nobody looks."""

    def results(self, recordings: "Sequence[Recording]", *, address: str, new: bool) -> None:
        from vocalverse.cli.output import show_json
        from vocalverse.cli.up_views import told_apart

        apart = [asdict(one) for one in told_apart(recordings)]
        show_json({"address": address, "new": new, "recordings": recordings, "told_apart": apart})
        sys.stdout.flush()


def _new_progress() -> Any:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    return Progress(*columns, console=Console(stderr=True), transient=True)


def _fraction(recording: "Recording") -> float:
    return 1.0 if recording.get("assessment") else float(recording.get("fraction") or 0.0)


def _stage(recording: "Recording") -> str:
    return f"{recording.get('song') or 'sample'}: {recording.get('stage') or recording['state']}"
