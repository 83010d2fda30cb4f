"""What `vocalverse measure` shows: a bar while it works, and a table for each take."""

from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

import click

from vocalverse.cli.output import in_words

if TYPE_CHECKING:
    from vocalverse.errors import VocalVerseError
    from vocalverse.measure.marks import Score
    from vocalverse.measure.take import AgainstSong, Measured

_NOTES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
_WIDTH = 26
# About how much of the time each stage takes.
_SHARES = {"decode": 0.03, "separate": 0.62, "dereverberate": 0.2, "measure": 0.15}

Line = tuple[str, str]


class Shown(Protocol):
    def begins(self, file: Path) -> None: ...

    def progress(self, stage: str, fraction: float) -> None: ...


class Told:
    """Nothing while it works, for logs and pipes."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing is held."""

    def begins(self, file: Path) -> None:
        """Not shown."""

    def progress(self, stage: str, fraction: float) -> None:
        """Not shown."""


class WithBar:
    """On a terminal: how far all recordings are, and the time that is left."""

    def __init__(self, count: int) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description}", markup=False), BarColumn(), TaskProgressColumn())
        self._bar = Progress(*columns, TimeRemainingColumn(compact=True), console=Console(stderr=True), transient=True)
        self._task = self._bar.add_task("Getting ready", total=count)
        self._begun = 0
        self._name = ""

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def begins(self, file: Path) -> None:
        self._begun, self._name = self._begun + 1, in_words(file.name)
        self._bar.update(self._task, completed=self._begun - 1, description=self._name)

    def progress(self, stage: str, fraction: float) -> None:
        if stage in _SHARES:
            before = sum(list(_SHARES.values())[: list(_SHARES).index(stage)])
            far = self._begun - 1 + before + _SHARES[stage] * min(1.0, fraction)
            self._bar.update(self._task, completed=far, description=f"{self._name}: {stage}")


def show_take(file: Path, measured: "Measured | None", failed: "VocalVerseError | None") -> None:
    name = in_words(str(file))
    if measured is None:
        click.echo(f"✗ {name}: {in_words(' '.join(str(failed).split()))} [{failed.code if failed else ''}]", err=True)
        return
    click.echo(name)
    for what, said in [*_song_lines(measured), *_own_lines(measured)]:
        click.echo(f"  {what:<{_WIDTH}} {said}")


def _song_lines(measured: "Measured") -> Iterator[Line]:
    """How it keeps to its song."""
    from vocalverse.measure.against.align import Unaligned

    song = measured.against_song
    if song is None:
        return
    if isinstance(song, Unaligned):
        yield "song", f"cannot be told: {song.replace('_', ' ')}"
        return
    yield "song", _place(song)
    if song.coverage:
        yield "lines sung", f"{song.coverage.sung} of {song.coverage.asked}"
    if song.intonation:
        off = f"{song.intonation.bias_cents:+.0f} cents, spread {_told(song.intonation.spread_cents, ' cents', '.0f')}"
        yield "pitch", f"{_score(song.intonation.score)}; {off}"
    if song.rhythm:
        yield "rhythm", f"{_score(song.rhythm.score)}; {song.rhythm.tendency}, spread {song.rhythm.spread_ms:.0f} ms"


def _place(song: "AgainstSong") -> str:
    aligned = song.aligned
    key = f"{aligned.transposed_semitones:+d} semitones" if aligned.transposed_semitones else "in its own key"
    return f"{key}, {1_000 * aligned.latency_s:+.0f} ms, tempo × {aligned.tempo_ratio:.3f}"


def _own_lines(measured: "Measured") -> Iterator[Line]:
    """What needs no song."""
    own, compass, vibrato, tones = measured.by_itself, measured.compass, measured.vibrato, measured.long_tones
    yield "sung", f"{compass.voiced_s:.1f} s: {len(measured.notes)} notes in {len(measured.phrases)} phrases"
    if own.grid and measured.against_song is None:
        yield "pitch, by itself", f"{_score(own.grid.score)}; tuned {own.grid.tuning_cents:+.0f} cents from A4 = 440 Hz"
    if own.timing and measured.against_song is None:
        yield "rhythm, by the beats", f"{_score(own.timing.score)}; spread {own.timing.spread_ms:.0f} ms"
    if compass.low_midi is not None and compass.high_midi is not None:
        yield "range", f"{_pitch(compass.low_midi)} to {_pitch(compass.high_midi)}"
    if vibrato.rate_hz is not None:
        extent = _told(vibrato.extent_cents, " cents each way", ".0f")
        yield "vibrato", f"{vibrato.rate_hz:.1f} Hz, {extent}, {vibrato.seconds:.1f} s in all"
    if tones.spread_cents is not None:
        level = _told(tones.level_spread_db, " dB", ".1f")
        yield "long tones", f"{len(tones.tones)}: still to {tones.spread_cents:.0f} cents and {level}"
    kinds = [ornament.kind for ornament in measured.ornaments]
    if kinds:
        yield "ornaments", ", ".join(f"{kinds.count(kind)} {kind}" for kind in dict.fromkeys(sorted(kinds)))
    if measured.dynamics.range_db is not None:
        yield "dynamics", f"{measured.dynamics.range_db:.1f} dB within phrases"
    breathing = measured.breathing
    yield "breaths", f"{len(breathing.breaths)}; longest phrase {_told(breathing.longest_phrase_s, ' s', '.1f')}"
    yield "ring", _told(measured.ring.spr_db, " dB singing power ratio", ".1f")
    yield (
        "room",
        f"{_told(measured.room.noise_floor_dbfs, ' dBFS noise', '.0f')}, {_told(measured.room.snr_db, ' dB above it', '.0f')}",
    )


def _score(score: "Score") -> str:
    return f"{score.value:.0f} ({score.low:.0f} to {score.high:.0f})"


def _pitch(midi: float) -> str:
    nearest = round(midi)
    return f"{_NOTES[nearest % 12]}{nearest // 12 - 1}"


def _told(value: float | None, unit: str, form: str) -> str:
    return "not known" if value is None else f"{value:{form}}{unit}"
