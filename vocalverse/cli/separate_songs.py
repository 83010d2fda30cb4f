"""The way of one recording through `vocalverse separate`."""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from vocalverse.cli.given import heard
from vocalverse.cli.places import Song
from vocalverse.cli.separate_plan import Models, Wishes
from vocalverse.errors import Undecodable, VocalVerseError
from vocalverse.records import Progress

if TYPE_CHECKING:
    from vocalverse.audio.waveform import Samples, Waveform
    from vocalverse.separate.dereverberate import Dry
    from vocalverse.separate.ear import Ear, Separated
    from vocalverse.separate.options import EarOptions


@dataclass(frozen=True)
class Done:
    """What became of a recording."""

    song: Song
    took_s: float
    duration_s: float = 0.0
    files: Mapping[str, Path] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    failed: VocalVerseError | None = None

    @property
    def real_time_factor(self) -> float | None:
        """Seconds of work for a second of sound."""
        return self.took_s / self.duration_s if self.duration_s else None


@dataclass(frozen=True)
class Kit:
    """What is loaded once for all recordings."""

    ear: "Ear"
    wishes: Wishes
    backing: "Samples | None"

    @classmethod
    def open(cls, wishes: Wishes, models: Models, *, overlap: int) -> Self:
        from vocalverse.separate.ear import Ear
        from vocalverse.settings import data_folder

        options = _options(models, overlap)
        backing = _known(wishes.backing).samples if wishes.backing else None
        return cls(Ear.open(options, trials=data_folder() / "trials"), wishes, backing)

    def separate(self, song: Song, progress: Progress) -> Done:
        """Whatever is wrong with the recording is told in what is returned; the others are not to suffer."""
        began = time.monotonic()
        try:
            duration_s, files, facts = self._separate(song, progress)
        except VocalVerseError as error:
            return Done(song, time.monotonic() - began, failed=error)
        return Done(song, time.monotonic() - began, duration_s, files, facts)

    def _separate(self, song: Song, progress: Progress) -> tuple[float, Mapping[str, Path], Mapping[str, Any]]:
        waveform = heard(song.source, progress=progress)
        mix = waveform.samples
        separated = self.ear.separate(mix, backing=self.backing, key_shift=self.wishes.key_shift, progress=progress)
        dry = self.ear.dereverberate(separated, progress=progress) if self.wishes.dereverb else None
        files, gain = self._write(song, waveform, separated, dry, progress)
        return waveform.duration_s, files, _facts(waveform, separated, dry, gain)

    def _write(
        self, song: Song, waveform: "Waveform", separated: "Separated", dry: "Dry | None", progress: Progress
    ) -> tuple[Mapping[str, Path], float]:
        from vocalverse.separate.stems import SoundFormat, Stem, Together, write_stems

        sound = SoundFormat(self.wishes.sound)
        voice = dry.samples if dry else separated.voice
        offered = {"voice": Stem.of(voice), "backing": Stem.rest(waveform.samples, separated.voice)}
        stems = {name: offered[name] for name in self.wishes.stems}
        files = {name: song.named(f"{name}.{sound}") for name in stems}
        with Together() as together:
            gain = write_stems(
                together,
                {files[name]: stem for name, stem in stems.items()},
                sample_rate_hz=waveform.sample_rate_hz,
                sound=sound,
                mono=waveform.source.channels == 1,
                progress=progress,
            )
            if self.wishes.picture:
                files["picture"] = song.named("png")
                titles = {"voice": "voice without its room"} if dry else {}
                shown = {titles.get(name, name): stem for name, stem in stems.items()}
                _draw(song, waveform, shown, lambda: together.file(files["picture"]))
        return files, gain


def _options(models: Models, overlap: int) -> "EarOptions":
    from vocalverse.models.shelf import Shelf
    from vocalverse.separate.options import EarOptions
    from vocalverse.separate.purpose import Purpose
    from vocalverse.settings import data_folder

    shelf = Shelf(data_folder() / "models")
    options = EarOptions(overlap=overlap)
    if name := models.separator:
        path = shelf.path_of(name, purpose=Purpose.SEPARATE, accepted=models.accepted)
        options = replace(options, separator=path)
    if name := models.dereverberator:
        path = shelf.path_of(name, purpose=Purpose.DEREVERBERATE, accepted=models.accepted)
        options = replace(options, dereverberator=path)
    return options


def _known(backing: Path) -> "Waveform":
    """Unlike a recording's, its error stands alone and has to say of which file it is."""
    try:
        return heard(backing)
    except Undecodable as error:
        raise type(error)(f"--backing {backing}: {error}") from error


def _draw(song: Song, waveform: "Waveform", stems: Mapping[str, Any], file: Callable[[], Any]) -> None:
    from vocalverse.separate.picture import Panel, draw

    after = [Panel(f"after: {name}", stem.between(0, stem.frames)) for name, stem in stems.items()]
    picture = draw([Panel(f"before: {song.source.name}", waveform.samples), *after], waveform.sample_rate_hz)
    with file() as opened:
        picture.save(opened, format="PNG")


def _facts(waveform: "Waveform", separated: "Separated", dry: "Dry | None", gain: float) -> Mapping[str, Any]:
    """What was found on the way, in the words of `Measures`."""
    known = separated.known
    return {
        "gain_db": 20 * math.log10(gain),
        "breaks_off": waveform.source.broken_tail,
        "voice_share": separated.activity.share,
        "voice_to_backing_db": separated.above_rest_db,
        "reverberation_t60_s": dry.room.t60_s if dry else None,
        "direct_to_reverberant_db": dry.room.drr_db if dry else None,
        "backing_heard": known.used if known else None,
        "backing_delay_s": known.delay_s if known else None,
        "backing_drift_ppm": known.drift_ppm if known else None,
        "backing_coherence": known.coherence if known else None,
    }
