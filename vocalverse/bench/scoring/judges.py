"""One take before all judges: the games hear what was recorded, ours has its ear and its prescreen."""

import json
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Self

import soundfile

from vocalverse.assess.hearing import with_ear
from vocalverse.assess.instruments import Instruments
from vocalverse.assess.song import KnownSong
from vocalverse.audio.quality import measure
from vocalverse.audio.refusals import Thresholds, refusals
from vocalverse.audio.waveform import Samples
from vocalverse.bench.as_waveform import as_waveform
from vocalverse.bench.hearing.data import RATE_HZ
from vocalverse.bench.peers import python_with
from vocalverse.bench.scoring import games
from vocalverse.bench.scoring.chart import as_ultrastar
from vocalverse.bench.scoring.takes import Take
from vocalverse.errors import Unavailable
from vocalverse.measure.frames import Frames
from vocalverse.measure.pitch.track import Pitch
from vocalverse.measure.reference.guide import Contour
from vocalverse.measure.reference.melody import Melody
from vocalverse.measure.take import AgainstSong, Measured, hear, measure_take
from vocalverse.prescreen.judge import Prescreened, refused_before
from vocalverse.records import Measures, Verdict, no_progress
from vocalverse.separate.options import EarOptions

_PEER = "from ultrastar_score.cli import main; main()"


class Judge(StrEnum):
    ULTRASTAR_EASY = "UltraStar, easy"
    ULTRASTAR_MEDIUM = "UltraStar, medium"
    PACKAGE = "ultrastar-score, easy"  # with ears of its own
    PERFORMOUS = "Performous"
    OURS = "ours"


@dataclass(frozen=True)
class Judged:
    take: Take  # without its sound
    points: Mapping[Judge, float]  # of 10,000; who needs a chart says nothing without one
    verdict: Verdict
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Judges:
    """Opened once for all takes."""

    instruments: Instruments
    peer_python: Path | None  # that has ultrastar-score, which is GPL: it runs in processes of its own

    @classmethod
    def open(cls, trials: Path, *, peer_pythons: Sequence[Path]) -> Self:
        return cls(Instruments.open(EarOptions(), trials=trials), python_with("ultrastar_score", peer_pythons))

    @property
    def present(self) -> tuple[Judge, ...]:
        return tuple(judge for judge in Judge if judge is not Judge.PACKAGE or self.peer_python)

    def judge(self, take: Take) -> Judged:
        measured, recording = self._heard(take)
        prescreened = self.instruments.prescreen(measured, recording)
        prescreened = refused_before(prescreened, refusals(recording, Thresholds()))
        points = {}
        if take.melody:
            recorded = measured.pitch if take.alone else self.pitch(take.mix)
            points = {
                Judge.ULTRASTAR_EASY: games.ultrastar(take.melody, recorded, beat_s=take.beat_s, tolerance=games.EASY),
                Judge.ULTRASTAR_MEDIUM: games.ultrastar(
                    take.melody, recorded, beat_s=take.beat_s, tolerance=games.MEDIUM
                ),
                Judge.PERFORMOUS: games.performous(take.melody, recorded),
                Judge.OURS: our_points(measured, prescreened),
            }
            if self.peer_python:
                points[Judge.PACKAGE] = _by_package(self.peer_python, take, take.melody)
        reasons = tuple(one.code.value for one in prescreened.reasons)
        return Judged(replace(take, mix=take.mix[:0], guide=None), points, prescreened.verdict, reasons)

    def voice_of(self, take: Take) -> Take:
        """What the ear takes out of it, as if it had been sung alone."""
        dry = self.instruments.ear.dereverberate(self.instruments.ear.separate(take.mix))
        return replace(take, kind="voices out of songs", mix=dry.samples, alone=True)

    def rest_of(self, take: Take) -> Take:
        """What is left of it without that."""
        rest = take.mix - self.instruments.ear.separate(take.mix).voice
        return replace(take, kind="songs without their voice", mix=rest, honest=False)

    def pitch(self, samples: Samples) -> Pitch:
        return self.instruments.tracker.track(Frames.of(samples))

    def _heard(self, take: Take) -> tuple[Measured, Measures]:
        recording = measure(as_waveform(take.mix))
        if take.alone:
            heard = hear(take.mix, take.mix, take.mix, self.instruments.tracker)
            return measure_take(heard, take.melody), recording
        voice = self.instruments.ear.separate(take.mix)
        dry = self.instruments.ear.dereverberate(voice)
        song = KnownSong(take.melody, None if take.guide is None else Contour.of(self.pitch(take.guide)))
        measured = self.instruments.measure(take.mix, voice, dry, song=song, progress=no_progress)
        return measured, with_ear(recording, voice, dry)


def our_points(measured: Measured, prescreened: Prescreened) -> float:
    """Of 10,000: the mean of pitch and rhythm, for as much of the song as is sung; nothing for what is refused."""
    scores = [score.value for score in (prescreened.pitch, prescreened.rhythm) if score]
    song = measured.against_song
    if prescreened.verdict is Verdict.REFUSE or not scores or not isinstance(song, AgainstSong) or not song.coverage:
        return 0.0
    return games.MOST * min(1.0, song.coverage.time_share) * sum(scores) / len(scores) / 100


def _by_package(python: Path, take: Take, melody: Melody) -> float:
    with tempfile.TemporaryDirectory() as place:
        chart, sound = Path(place) / "song.txt", Path(place) / "take.wav"
        chart.write_text(as_ultrastar(melody, beat_s=take.beat_s))
        soundfile.write(sound, take.mix, RATE_HZ)
        command = [str(python), "-c", _PEER, str(chart), str(sound), "-d", "easy", "--json-output"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Unavailable(f"ultrastar-score failed: {done.stderr.strip()[-2000:]}")
    return float(json.loads(done.stdout)["score"])
