"""What `vocalverse measure` shows: a bar while it works, and a table for each take."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import click

from vocalverse.cli.output import failed_line, in_words
from vocalverse.cli.separate_views import how_far
from vocalverse.records import Progress, Verdict

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

    from vocalverse.cli.measure_takes import Done, Found
    from vocalverse.measure.marks import Score
    from vocalverse.measure.take import AgainstSong, Measured

_WIDTH = 26
_COLOURS = {Verdict.PASS: "green", Verdict.LOW: "yellow", Verdict.REFUSE: "red"}
_THRESHOLDS = (".above", ".below")  # behind a measure's name
# About how much of the time each stage takes.
_SHARES = {"decode": 0.03, "separate": 0.62, "dereverberate": 0.2, "measure": 0.15}

Line = tuple[str, str]


class Bar(Protocol):
    """How far all recordings are."""

    def begins(self, file: Path) -> Progress: ...

    def ended(self) -> None:
        """One more."""


@contextmanager
def bar(count: int) -> Iterator[Bar]:
    """On a terminal, with the time that is left."""
    from rich.console import Console
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TaskProgressColumn())
    console, quiet = Console(stderr=True), not sys.stderr.isatty()
    with Bars(
        *columns,
        TimeRemainingColumn(compact=True),
        console=console,
        transient=True,
        disable=quiet,
        redirect_stdout=sys.stdout.isatty(),
    ) as shown:
        yield _Shown(shown, shown.add_task("Getting ready", total=count), count)


class _Shown:
    def __init__(self, bars: "Bars", task: "TaskID", count: int) -> None:
        self._bars, self._task, self._count, self._ended = bars, task, count, 0

    def begins(self, file: Path) -> Progress:
        name, before = in_words(file.name), self._ended
        self._bars.update(self._task, description=name)

        def progress(stage: str, fraction: float) -> None:
            far = how_far(stage, fraction, shares=_SHARES)
            if far is not None:
                self._bars.update(self._task, completed=before + far, description=f"{name}: {stage}")

        return progress

    def ended(self) -> None:
        self._ended += 1
        self._bars.update(self._task, completed=self._ended, description=f"{self._ended} of {self._count} recordings")


def show_take(done: "Done") -> None:
    if done.found is None:
        assert done.failed
        click.echo(failed_line(done.take.source, done.failed), err=True)
        return
    click.echo(in_words(str(done.take.source)))
    prescreened = done.found.prescreened
    _show_line(("verdict", click.style(prescreened.verdict.value, fg=_COLOURS[prescreened.verdict])))
    for reason in prescreened.reasons:
        _show_line((f"  {reason.code}", f"{reason.why} ({numbers(reason.evidence)})".strip()))
    for line in lines_of(done.found):
        _show_line(line)
    for name, path in done.take.files.items():
        _show_line((name, in_words(str(path))))


def _show_line(line: Line) -> None:
    what, said = line
    click.echo(f"  {what:<{_WIDTH}} {said}")


def numbers(evidence: Mapping[str, float]) -> str:
    """Each measure with its threshold, where it has one."""
    told = []
    for name, value in evidence.items():
        if name.endswith(_THRESHOLDS):
            continue
        bound = next(
            (f" {sign[1:]} {evidence[name + sign]:.4g}" for sign in _THRESHOLDS if name + sign in evidence), ""
        )
        told.append(f"{name} {value:.4g}{bound}")
    return ", ".join(told)


def lines_of(found: "Found") -> Iterator[Line]:
    measured = found.measured
    if found.remarks:
        yield "the file", ", ".join(remark.replace("_", " ") for remark in found.remarks)
    yield from _song_lines(measured)
    yield "pitch", _pitch_line(measured, found.prescreened.pitch)
    yield "rhythm", _rhythm_line(measured, found.prescreened.rhythm)
    yield from _own_lines(measured)


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


def _pitch_line(measured: "Measured", score: "Score | None") -> str:
    if score is None:
        return "not known: too little is sung"
    song, grid = measured.against_song, measured.by_itself.grid
    intonation = getattr(song, "intonation", None)
    if intonation:
        spread = _told(intonation.spread_cents, " cents", ".0f")
        return f"{_score(score)}; {intonation.bias_cents:+.0f} cents, spread {spread}"
    off = (
        f"; {grid.off_cents:.0f} cents off a grid tuned {grid.tuning_cents:+.0f} cents from A4 = 440 Hz" if grid else ""
    )
    return f"{_score(score)}, by itself{off}"


def _rhythm_line(measured: "Measured", score: "Score | None") -> str:
    if score is None:
        return "not known"
    song, timing = measured.against_song, measured.by_itself.timing
    rhythm = getattr(song, "rhythm", None)
    if rhythm:
        return f"{_score(score)}; {rhythm.tendency}, spread {rhythm.spread_ms:.0f} ms"
    return f"{_score(score)}, by the beats" + (f"; spread {timing.spread_ms:.0f} ms" if timing else "")


def _place(song: "AgainstSong") -> str:
    aligned = song.aligned
    key = f"{aligned.transposed_semitones:+d} semitones" if aligned.transposed_semitones else "in its own key"
    return f"{key}, {1_000 * aligned.latency_s:+.0f} ms, tempo × {aligned.tempo_ratio:.3f}"


def _own_lines(measured: "Measured") -> Iterator[Line]:
    """What needs no song."""
    from vocalverse.measure.sheets import pitch_name

    compass, vibrato, tones = measured.compass, measured.vibrato, measured.long_tones
    yield (
        "sung",
        f"{compass.voiced_s:.1f} s: {_counted(len(measured.notes), 'note')} in {_counted(len(measured.phrases), 'phrase')}",
    )
    if compass.low_midi is not None and compass.high_midi is not None:
        yield "range", f"{pitch_name(compass.low_midi)} to {pitch_name(compass.high_midi)}"
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


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _told(value: float | None, unit: str, form: str) -> str:
    return "not known" if value is None else f"{value:{form}}{unit}"
