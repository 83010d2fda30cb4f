"""What is done to a take before it is judged: faults by grades, rooms, codecs, levels, noise, keys, crops, and tricks."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

import numpy as np
from scipy.signal import butter, sosfiltfilt

from vocalverse.audio.waveform import Samples
from vocalverse.bench.hearing.data import Room
from vocalverse.bench.hearing.scenes import in_room, rms
from vocalverse.bench.verdict.tricks import TRICKS
from vocalverse.synthesis.codecs import Codec, coded
from vocalverse.synthesis.damage import other
from vocalverse.synthesis.damage.family import Generator
from vocalverse.synthesis.damage.graded import FAULTS, Fault
from vocalverse.synthesis.damage.intact import Intact
from vocalverse.synthesis.rooms import in_room as in_made_room
from vocalverse.synthesis.rooms import room
from vocalverse.synthesis.singing import RATE_HZ
from vocalverse.training.damage import Wanted, graded

Way = Callable[[Intact], Samples]

PLAIN = "as it is"
EAR = "through the ear"  # with its backing, of a take that has one
BROKEN = "broken"
GRADES = 4  # the control, and three
CODECS = {
    "Opus 24k": Codec.OPUS_24K,
    "MP3 64k": Codec.MP3_64K,
    "AAC 64k": Codec.AAC_64K,
    "8 bit": Codec.EIGHT_BIT,
}
LEVELS_DB = (6.0, -6.0)
NOISES_DB = (40.0, 30.0, 20.0)  # voice to noise
KEYS = (0, 3, -3)  # semitones; none is what the resynthesis does by itself
CROPS_S = (5.0, 10.0, 15.0)
CHANNELS = 2  # drawn ones

_LOW_PASS_HZ = 7_000.0  # what every recording here reaches
_BROKEN_CENTS = 150.0


def channel(number: int) -> str:
    return f"channel {number}"


def damaged(fault: Fault, grade: int) -> str:
    return f"{fault.kind} {grade}"


def room_of(name: str) -> str:
    return f"room {name}"


def codec_of(name: str) -> str:
    return f"codec {name}"


def level_of(db: float) -> str:
    return f"level {db:+g} dB"


def noise_of(db: float) -> str:
    return f"noise {db:g} dB below"


def key_of(semitones: int) -> str:
    return f"key {semitones:+d}"


def crop_of(seconds: float) -> str:
    return f"first {seconds:g} s"


def ways(rooms: Mapping[str, Room]) -> dict[str, Way]:
    """All but the faults by grades, which are made together. `rooms` by their names."""
    return {
        PLAIN: lambda take: take.samples,
        BROKEN: broken,
        **{room_of(name): partial(_in_room, one) for name, one in rooms.items()},
        **{codec_of(name): partial(_coded, codec) for name, codec in CODECS.items()},
        **{level_of(db): partial(_louder, db) for db in LEVELS_DB},
        **{noise_of(db): partial(_noisy, db) for db in NOISES_DB},
        **{key_of(semitones): partial(_moved, semitones) for semitones in KEYS},
        **{crop_of(seconds): partial(_cropped, seconds) for seconds in CROPS_S},
        **{channel(number): partial(_through, number) for number in range(CHANNELS)},
        **TRICKS,
    }


def faults(take: Intact, fault: Fault, name: str) -> dict[str, Samples]:
    """By a generator that nothing was learnt from. Empty where the take has nothing that it could hurt."""
    sounds = graded(take, fault, Wanted(generator=Generator.REPORT), name)
    return {damaged(fault, grade): sound for grade, sound in enumerate(sounds)}


def fault_of(way: str) -> Fault | None:
    """None where it is no grade of one."""
    kind, _, grade = way.rpartition(" ")
    return next((fault for fault in FAULTS if fault.kind == kind), None) if grade.isdigit() else None


def broken(take: Intact) -> Samples:
    """Out of tune, out of breath, and without an end to any phrase."""
    random = np.random.default_rng(0)
    for way, grade in ((other.off_pitch, _BROKEN_CENTS), (other.gasping, 0.4), (other.ends_lost, 0.6)):
        take = replace(take, samples=way(take, grade, random))
    return take.samples


def _in_room(where: Room, take: Intact) -> Samples:
    return in_room(take.samples[:, 0], where)


def _coded(codec: Codec, take: Intact) -> Samples:
    return coded(take.samples, codec)


def _louder(db: float, take: Intact) -> Samples:
    louder: Samples = np.clip(take.samples * np.float32(10 ** (db / 20)), -1, 1)
    return louder


def _noisy(below_db: float, take: Intact) -> Samples:
    return take.samples + _pink(take, below_db, np.random.default_rng(round(below_db)))


def _moved(semitones: int, take: Intact) -> Samples:
    return take.vocoded.sung(np.full(len(take.vocoded.hz), float(semitones))).sound(like=take.samples)


def _cropped(seconds: float, take: Intact) -> Samples:
    return take.samples[: round(seconds * RATE_HZ)]


def _through(number: int, take: Intact) -> Samples:
    """A room, a microphone's noise and a codec, drawn once: whoever sings goes through the same."""
    random = np.random.default_rng(1_000 + number)
    where = room(float(random.uniform(0.2, 0.7)), float(random.uniform(3, 12)), seed=number)
    heard = in_made_room(take.samples[:, 0].astype(np.float64), where)
    heard = heard + _pink(take, float(random.uniform(30, 45)), random)
    low_pass = butter(6, _LOW_PASS_HZ, fs=RATE_HZ, output="sos")
    heard = sosfiltfilt(low_pass, heard, axis=0).astype(np.float32)
    return coded(heard, list(CODECS.values())[number % len(CODECS)])


def _pink(take: Intact, below_db: float, random: np.random.Generator) -> Samples:
    """[frames, 1], so far below the voice where it is on."""
    hz = np.fft.rfftfreq(len(take.samples), 1 / RATE_HZ)
    spectrum = np.fft.rfft(random.standard_normal(len(take.samples))) / np.sqrt(np.maximum(hz, 20))
    noise = np.fft.irfft(spectrum, len(take.samples))[:, None].astype(np.float32)
    return noise * np.float32(take.rms / rms(noise) * 10 ** (-below_db / 20))
