"""A voice and its backing as they come to a recorder: by wire, from a loudspeaker, or both across a room."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import soxr
from scipy.signal import fftconvolve

from vocalverse.bench.hearing.data import RATE_HZ, Room, Signal, Stereo, Take

DELAY_S = 0.35
DRIFT_PPM = 50.0
_MIX_RMS = 0.1  # -20 dBFS


class Scene(StrEnum):
    WIRE = "by wire"
    LOUDSPEAKER = "backing in a room"
    ROOM = "both in a room"


@dataclass(frozen=True)
class Recording:
    """What was recorded, and what an ear should make of it."""

    mix: Stereo
    voice: Stereo  # as it sounds in the mix: taking the room away is another stage's
    backing: Stereo  # the file that was played


def record(take: Take, scene: Scene, *, voice_to_backing_db: float, room: Room) -> Recording:
    """Across a room the backing is late, too, and the recorder's clock is not the player's."""
    backing, voice = (np.repeat(sound[:, None], 2, axis=1) for sound in (take.backing, take.voice))
    echo = backing if scene is Scene.WIRE else in_room(_played(take.backing, len(voice)), room)
    sung = in_room(take.voice, room) if scene is Scene.ROOM else voice
    echo = echo * np.float32(rms(sung) / rms(echo) * 10 ** (-voice_to_backing_db / 20))
    gain = np.float32(_MIX_RMS / rms(sung + echo))
    return Recording((sung + echo) * gain, sung * gain, backing)


def in_room(sound: Signal, room: Room) -> Stereo:
    heard = [fftconvolve(sound, response)[: len(sound)] for response in room.response.T]
    return np.stack(heard, axis=1).astype(np.float32)


def _played(backing: Signal, frames: int) -> Signal:
    slow = soxr.resample(backing, RATE_HZ, RATE_HZ * (1 + DRIFT_PPM * 1e-6), quality="VHQ")
    late = np.concatenate([np.zeros(round(DELAY_S * RATE_HZ), np.float32), slow])
    return np.asarray(late[:frames], np.float32)  # it is longer than the take by what it is late


def rms(sound: Stereo) -> float:
    return float(np.sqrt(np.mean(np.square(sound), dtype=np.float64)))
