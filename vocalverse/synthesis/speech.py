"""Talk and spoken rap, from speech programs that are installed on the machine: each is a process of its own."""

import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import soundfile
import soxr

from vocalverse.errors import Unavailable
from vocalverse.synthesis import repertoire
from vocalverse.synthesis.material import Maker, Material, looped, over, seed_of
from vocalverse.synthesis.singing import RATE_HZ, Sound

_LONGEST_S = 120.0  # of a process
_PAUSE_S = 0.25
_BEAT_S = 0.6
_AT_ONCE = 2  # words on a beat
_RAP_DB = 3.0  # above the backing

ENGLISH = (
    "Good evening everybody, and thank you so much for coming out tonight.",
    "I was going to sing this one, but to be honest I have forgotten all the words.",
    "So instead I will tell you what happened to me on the way here.",
    "The train was late again, and a man with three dogs sat down next to me.",
    "He asked me whether I knew the time, and I said that it was a quarter past seven.",
    "Two more beers over here, please, and could somebody turn the music down a little?",
)
MANDARIN = (
    "今天晚上我不想唱歌, 我就跟大家说几句话。",
    "昨天我坐火车来的时候, 旁边坐了一个带着三只狗的人。",
    "他问我现在几点了。",
)


class Program(StrEnum):
    ESPEAK = "espeak-ng"
    FLITE = "flite"
    FESTIVAL = "text2wave"

    @property
    def installed(self) -> bool:
        return shutil.which(self.value) is not None


@dataclass(frozen=True)
class Speaker:
    program: Program
    voice: str = ""  # as the program calls it; "": its own
    words_per_min: int = 170  # only espeak-ng can


def talk(*speakers: Speaker, sentences: Sequence[str] = ENGLISH) -> Maker:
    """One of the speakers."""

    def make(material: Material, rng: np.random.Generator) -> Sound:
        return looped(speak(speakers[rng.integers(len(speakers))], sentences), material.frames)

    return make


def talk_of_the_singer(material: Material, rng: np.random.Generator) -> Sound:
    return repertoire.talk(material.seconds, midi=float(rng.uniform(45, 55)), seed=seed_of(rng)).samples


def rap(speaker: Speaker) -> Maker:
    """Two words on every beat, over the backing."""

    def make(material: Material, rng: np.random.Generator) -> Sound:
        words = " ".join(ENGLISH).split()
        spoken = [speak(speaker, [" ".join(words[at : at + _AT_ONCE])]) for at in range(0, len(words), _AT_ONCE)]
        beat, said = round(_BEAT_S * RATE_HZ), np.zeros((material.frames, 2), np.float32)
        for number, at in enumerate(range(0, len(said) - beat, beat)):
            word = spoken[number % len(spoken)][:beat]
            said[at : at + len(word)] = word
        return over(said, material.backing, above_db=_RAP_DB)

    return make


def speak(speaker: Speaker, sentences: Sequence[str]) -> Sound:
    """One after another with short pauses. Raises Unavailable where the program is not installed."""
    if not speaker.program.installed:
        raise Unavailable(f"{speaker.program} is not installed here: it is what talks.")
    with TemporaryDirectory() as folder:
        spoken = [_spoken(speaker, text, Path(folder) / "spoken.wav") for text in sentences]
    pause = np.zeros(round(_PAUSE_S * RATE_HZ), np.float32)
    mono = np.concatenate([part for one in spoken for part in (one, pause)])
    return np.repeat(mono[:, None], 2, axis=1)


def _spoken(speaker: Speaker, text: str, out: Path) -> Sound:
    subprocess.run(
        _command(speaker, text, out), input=text, text=True, check=True, timeout=_LONGEST_S, capture_output=True
    )
    sound, rate_hz = soundfile.read(out, dtype="float32", always_2d=True)
    mono: Sound = soxr.resample(sound.mean(axis=1), rate_hz, RATE_HZ).astype(np.float32, copy=False)
    return mono


def _command(speaker: Speaker, text: str, out: Path) -> list[str]:
    voice = speaker.voice
    match speaker.program:
        case Program.ESPEAK:
            named = ["-v", voice] if voice else []
            return [speaker.program, *named, "-s", str(speaker.words_per_min), "-w", str(out), "--stdin"]
        case Program.FLITE:
            return [speaker.program, *(["-voice", voice] if voice else []), "-t", text, "-o", str(out)]
        case Program.FESTIVAL:
            return [speaker.program, *(["-eval", f"({voice})"] if voice else []), "-o", str(out)]
