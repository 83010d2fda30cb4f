"""What `vocalverse measure` shows: a bar while it works, and a table for each take."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vocalverse.cli.output import in_words
from vocalverse.cli.separate_views import how_far
from vocalverse.records import Progress

if TYPE_CHECKING:
    from vocalverse.measure.marks import Score
    from vocalverse.measure.take import AgainstSong, Measured

_NOTES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
_WIDTH = 26
# About how much of the time each stage takes.
_SHARES = {"decode": 0.03, "separate": 0.62, "dereverberate": 0.2, "measure": 0.15}

Line = tuple[str, str]


@contextmanager
def bar(count: int) -> Iterator[Callable[[Path], Progress]]:
    """On a terminal, how far all recordings are and the time that is left; each says when it is begun."""
    from rich.console import Console
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TaskProgressColumn())
    console, quiet = Console(stderr=True), not sys.stderr.isatty()
    done = iter(range(count))
    with Bar(*columns, TimeRemainingColumn(compact=True), console=console, transient=True, disable=quiet) as shown:
        task = shown.add_task("Getting ready", total=count)

        def begun(file: Path) -> Progress:
            before, name = next(done), in_words(file.name)
            shown.update(task, completed=before, description=name)

            def progress(stage: str, fraction: float) -> None:
                far = how_far(stage, fraction, shares=_SHARES)
                if far is not None:
                    shown.update(task, completed=before + far, description=f"{name}: {stage}")

            return progress

        yield begun


def show_take(file: Path, measured: "Measured") -> None:
    click.echo(in_words(str(file)))
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
