"""What `vocalverse separate` shows: bars while it works, a line for each recording, a sum."""

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, Self

import click

from vocalverse.cli.output import failed_line, in_words, show_json

if TYPE_CHECKING:
    from vocalverse.cli.places import Song
    from vocalverse.cli.separate_songs import Done

# About how much of the time each stage takes. Where one is left out, the bar gets on the faster.
_SHARES = {"decode": 0.03, "cancel": 0.15, "separate": 0.6, "dereverberate": 0.17, "write": 0.05}


class Shown(Protocol):
    """Hears how far the work is."""

    def begins(self, song: "Song") -> None: ...

    def progress(self, stage: str, fraction: float) -> None: ...

    def ended(self, done: "Done") -> None: ...


class Told:
    """A line for each recording as it ends, for logs and pipes."""

    def __init__(self, *, quietly: bool) -> None:
        self._quietly = quietly

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing is held."""

    def begins(self, song: "Song") -> None:
        """Said when it has ended."""

    def progress(self, stage: str, fraction: float) -> None:
        """Not shown."""

    def ended(self, done: "Done") -> None:
        if not self._quietly:
            click.echo(line_of(done), err=done.failed is not None)


class WithBars:
    """On a terminal: one bar for the recording, one for all, each with the time that is left."""

    def __init__(self, songs: Sequence["Song"]) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description}", markup=False), BarColumn(), TaskProgressColumn())
        self._bars = Progress(*columns, TimeRemainingColumn(compact=True), console=Console(stderr=True))
        self._all = self._bars.add_task("Getting ready", total=sum(song.size for song in songs) or None)
        self._one = self._bars.add_task("", total=1.0, visible=False)
        self._count, self._ended, self._sizes = len(songs), 0, 0
        self._song: Song | None = None

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def begins(self, song: "Song") -> None:
        self._song = song
        self._bars.update(self._all, description=_of_all(self._ended, self._count))
        self._bars.reset(self._one, description=in_words(song.source.name), total=1.0, visible=True)

    def progress(self, stage: str, fraction: float) -> None:
        far = how_far(stage, fraction)
        assert self._song is not None
        if far is not None:
            name = in_words(self._song.source.name)
            self._bars.update(self._one, completed=far, description=f"{name}: {stage}")
            self._bars.update(self._all, completed=self._sizes + far * self._song.size)

    def ended(self, done: "Done") -> None:
        self._ended, self._sizes = self._ended + 1, self._sizes + done.song.size
        self._bars.update(self._all, completed=self._sizes, description=_of_all(self._ended, self._count))
        self._bars.update(self._one, visible=False)
        self._bars.console.print(line_of(done), markup=False, highlight=False, soft_wrap=True)


def how_far(stage: str, fraction: float, *, shares: Mapping[str, float] = _SHARES) -> float | None:
    """Of one recording, 0..1; None for a stage that the bar does not know."""
    if stage not in shares:
        return None
    before = list(shares)[: list(shares).index(stage)]
    return sum(shares[one] for one in before) + shares[stage] * min(1.0, fraction)


def line_of(done: "Done") -> str:
    if done.failed:
        return failed_line(done.song.source, done.failed)
    source = in_words(str(done.song.source))
    said = [_minutes(done.duration_s), f"voice {done.facts['voice_share']:.0%} of it"]
    if (above_db := done.facts["voice_to_backing_db"]) is not None:
        said.append(f"{above_db:+.1f} dB to its backing")
    if (heard := done.facts["backing_heard"]) is not None:
        said.append("known backing taken out" if heard else "known backing not heard in it")
    if done.facts["breaks_off"]:
        said.append("the file breaks off")
    if done.facts["gain_db"] < 0:
        said.append(f"{done.facts['gain_db']:.1f} dB, to fit into 24 bits")
    files = ", ".join(in_words(str(path)) for path in done.files.values())
    return f"✓ {source} ({'; '.join(said)}) → {files}"


def show_sum(done: Sequence["Done"]) -> None:
    facts = _sum(done)
    counts = f"{facts['separated']} separated, {facts['failed']} failed"
    spent = f": {_minutes(facts['duration_s'])} of sound in {_minutes(facts['took_s'])}"
    click.echo(f"{counts}{spent}{_speed(facts['real_time_factor'])}." if facts["separated"] else f"{counts}.")


def show_json_of(done: Sequence["Done"]) -> None:
    show_json({"files": [_as_json(one) for one in done], **_sum(done)})


def _as_json(done: "Done") -> Mapping[str, Any]:
    return {
        "file": str(done.song.source),
        "error": done.failed.code if done.failed else None,
        "message": str(done.failed) if done.failed else None,
        "stems": {name: str(path) for name, path in done.files.items()},
        "duration_s": done.duration_s,
        "took_s": done.took_s,
        "real_time_factor": done.real_time_factor,
        **done.facts,
    }


def _sum(done: Sequence["Done"]) -> dict[str, Any]:
    well = [one for one in done if not one.failed]
    duration_s, took_s = (sum(getattr(one, name) for one in well) for name in ("duration_s", "took_s"))
    return {
        "separated": len(well),
        "failed": len(done) - len(well),
        "duration_s": duration_s,
        "took_s": took_s,
        "real_time_factor": took_s / duration_s if duration_s else None,
    }


def _speed(factor: float | None) -> str:
    if not factor:
        return ""
    said = (
        f"{1 / factor:.1f} times as fast as it is heard" if factor <= 1 else f"{factor:.1f} times as long as it lasts"
    )
    return f", real-time factor {factor:.3f} ({said})"


def _minutes(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 60 else f"{int(seconds // 60)}:{int(seconds % 60):02d} min"


def _of_all(ended: int, count: int) -> str:
    return f"{ended} of {count} recordings"
