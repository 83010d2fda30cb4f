"""A singer out of numbers: everything that is measured of one is known beforehand."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import Enum

import numpy as np
import numpy.typing as npt
import soxr

from vocalverse.measure.frames import Frames, Heard
from vocalverse.measure.pitch.track import Pitch, hz_of, midi_of
from vocalverse.synthesis.rooms import in_room, room
from vocalverse.synthesis.throat import STEP_S, Curve, Motion, Voice, sound, steps_of, wander

RATE_HZ = 44_100
_STEPS_A_FRAME = 4  # of the measures
_BREATH_BEFORE_NOTE_S = 0.06

Sound = npt.NDArray[np.float32]  # [frames, 2] at 44.1 kHz


class Vowel(Enum):
    """Formants in Hz, of a male tract."""

    A = (700, 1_200, 2_600, 3_400, 4_500)
    E = (450, 1_900, 2_550, 3_400, 4_500)
    I = (290, 2_250, 2_950, 3_500, 4_500)  # noqa: E741 - a vowel
    O = (450, 800, 2_550, 3_300, 4_500)  # noqa: E741
    U = (320, 750, 2_350, 3_300, 4_500)
    HUM = (260, 1_000, 2_200, 3_000, 4_200)  # lips closed


class Consonant(Enum):
    """What stands right before a note, in the time of the note or of the rest before it: its length in seconds."""

    S = 0.09  # hissing, voice off
    T = 0.035  # a burst, voice off
    M = 0.06  # a hum, voice on and softer


@dataclass(frozen=True)
class Vibrato:
    rate_hz: float = 5.5
    extent_cents: float = 60.0  # from the middle to a peak
    onset_s: float = 0.2  # after the note's start; it then grows for 0.15 s
    shake: float = 0.0  # 0.3: rate and extent wander by 30 %


@dataclass(frozen=True)
class Tone:
    midi: float
    length_s: float
    rest_s: float = 0.0  # before it; without one it is tied to the tone before
    vibrato: Vibrato | None = None
    scoop_cents: float = 0.0  # begins this far below …
    scoop_s: float = 0.15  # … and is there after this time
    fall_cents: float = 0.0  # ends this far below
    fall_s: float = 0.15
    turn_cents: float = 0.0  # kobushi: up and back …
    turn_at_s: float = 0.0  # … around this time after the start …
    turn_s: float = 0.15  # … within this time
    drift_cents: float = 0.0  # over the whole of it
    portamento_s: float = 0.04  # of the glide from a tone that it is tied to, half of it before its start
    vowel: Vowel = Vowel.A
    level_db: float = 0.0
    swell_db: float = 0.0  # over the whole of it
    consonant: Consonant | None = None
    breath_s: float = 0.0  # a breath's length, in the rest before it
    breath_db: float = -25.0  # RMS in its middle, against a tone at 0 dB


@dataclass(frozen=True)
class Place:
    level_dbfs: float = -20.0  # RMS of a tone at 0 dB
    noise_dbfs: float = -90.0
    t60_s: float = 0.0  # none: no room
    drr_db: float = 3.0
    lead_s: float = 0.0  # silence before the first rest
    tail_s: float = 0.3


@dataclass(frozen=True)
class TrueNote:
    start_s: float
    end_s: float
    tone: Tone


@dataclass(frozen=True)
class TrueBreath:
    start_s: float
    end_s: float
    level_db: float  # against a tone at 0 dB


@dataclass(frozen=True)
class Sung:
    samples: Sound  # as a microphone hears it
    dry: Sound  # without room and noise
    f0_hz: npt.NDArray[np.float32]  # [measures' frames], 0 where the voice is off
    notes: tuple[TrueNote, ...] = ()
    breaths: tuple[TrueBreath, ...] = ()

    @property
    def pitch(self) -> Pitch:
        """The true one."""
        return Pitch(self.f0_hz, self.f0_hz > 0, np.ones(len(self.f0_hz), np.float32))

    def heard(self, *, pitch: Pitch | None = None, mix: Sound | None = None) -> Heard:
        wet = Frames.of(self.samples)
        return Heard(Frames.of(self.dry), wet, wet if mix is None else Frames.of(mix), pitch or self.pitch)


@dataclass(frozen=True)
class _Plan:
    motion: Motion  # its arrays are written tone by tone
    notes: list[TrueNote] = field(default_factory=list)
    breaths: list[TrueBreath] = field(default_factory=list)

    @classmethod
    def at_rest(cls, steps: int) -> "_Plan":
        formants = np.tile(np.asarray(Vowel.A.value, float), (steps, 1))
        gate, level_db, hiss, breath = np.zeros((4, steps))
        return cls(Motion(np.full(steps, 60.0), gate, level_db, formants, hiss, breath))


def sing(tones: Sequence[Tone], *, voice: Voice = Voice(), place: Place = Place(), seed: int = 0) -> Sung:
    rng = np.random.default_rng(seed)
    length_s = sum(tone.rest_s + tone.length_s for tone in tones)
    plan = _Plan.at_rest(steps_of(place.lead_s + length_s + place.tail_s))
    at_s = place.lead_s
    for tone in tones:
        start_s = at_s + tone.rest_s
        _sing_one(plan, tone, start_s, rng)
        at_s = start_s + tone.length_s
    _tie(plan)
    return _heard(plan, voice, place, rng)


def sing_curve(f0_hz: npt.ArrayLike, *, voice: Voice = Voice(), place: Place = Place(), seed: int = 0) -> Sung:
    """Of a pitch every 10 ms, 0 where the voice is off."""
    f0 = np.asarray(f0_hz, float)
    sung = np.flatnonzero(f0 > 0)
    lead = steps_of(place.lead_s)
    steps = lead + len(f0) * _STEPS_A_FRAME
    plan = _Plan.at_rest(steps + steps_of(place.tail_s))
    where = (np.arange(len(plan.motion.midi)) - lead) / _STEPS_A_FRAME
    if len(sung):
        plan.motion.midi[:] = np.interp(where, sung, midi_of(f0[sung]))
    plan.motion.gate[lead:steps] = np.interp(where[lead:steps], np.arange(len(f0)), (f0 > 0).astype(float))
    return _heard(plan, voice, place, np.random.default_rng(seed))


def _sing_one(plan: _Plan, tone: Tone, start_s: float, rng: np.random.Generator) -> None:
    first, last = steps_of(start_s), steps_of(start_s + tone.length_s)
    plan.motion.midi[first:] = tone.midi
    plan.motion.midi[first:last] += _ornaments(tone, last - first, rng)
    plan.motion.gate[first:last] = 1
    plan.motion.level_db[first:last] = tone.level_db + tone.swell_db * np.linspace(0, 1, last - first)
    plan.motion.formants_hz[first:] = tone.vowel.value
    before_s = _consonant(plan, tone, first)
    if before_s and plan.notes and not tone.rest_s:
        plan.notes[-1] = replace(plan.notes[-1], end_s=start_s - before_s)
    if tone.breath_s:
        end_s = start_s - max(_BREATH_BEFORE_NOTE_S, before_s)
        breath = slice(steps_of(end_s - tone.breath_s), steps_of(end_s))
        shape = np.sin(np.linspace(0, np.pi, breath.stop - breath.start)) ** 0.5
        plan.motion.breath[breath] = 10 ** (tone.breath_db / 20) * shape
        plan.breaths.append(TrueBreath(end_s - tone.breath_s, end_s, tone.breath_db))
    plan.notes.append(TrueNote(start_s, start_s + tone.length_s, tone))


def _consonant(plan: _Plan, tone: Tone, first: int) -> float:
    """Its seconds."""
    if tone.consonant is None:
        return 0.0
    there = slice(max(0, first - steps_of(tone.consonant.value)), first)
    if tone.consonant is Consonant.M:
        plan.motion.level_db[there] = tone.level_db - 9
        plan.motion.gate[there] = 1
        plan.motion.midi[there] = tone.midi
        plan.motion.formants_hz[there] = Vowel.HUM.value
    else:
        plan.motion.gate[there] = 0
        plan.motion.hiss[there] = 10 ** (-18 / 20)
        if tone.consonant is Consonant.T:  # silence, then a burst
            plan.motion.hiss[there.start : there.stop - steps_of(0.015)] = 0
    return tone.consonant.value


def _ornaments(tone: Tone, steps: int, rng: np.random.Generator) -> Curve:
    """In semitones."""
    at_s = np.arange(steps) * STEP_S
    cents = tone.drift_cents * (at_s / tone.length_s - 0.5)
    cents -= tone.scoop_cents * _eased(1 - at_s / tone.scoop_s)
    cents -= tone.fall_cents * _eased(1 - (tone.length_s - at_s) / tone.fall_s)
    cents += tone.turn_cents * _eased(1 - abs(at_s - tone.turn_at_s) / (tone.turn_s / 2))
    if tone.vibrato:
        grown = np.clip((at_s - tone.vibrato.onset_s) / 0.15, 0, 1)
        rate_hz = tone.vibrato.rate_hz * (1 + tone.vibrato.shake * wander(len(at_s), rng, wide_s=0.15))
        extent = tone.vibrato.extent_cents * (1 + tone.vibrato.shake * wander(len(at_s), rng, wide_s=0.15))
        turned = np.cumsum(rate_hz * (at_s >= tone.vibrato.onset_s)) * STEP_S
        cents += extent * grown * np.sin(2 * np.pi * turned)
    return cents / 100


def _eased(along: Curve) -> Curve:
    eased: Curve = (1 - np.cos(np.pi * np.clip(along, 0, 1))) / 2
    return eased


def _tie(plan: _Plan) -> None:
    """Glides between tied tones."""
    for note, after in zip(plan.notes, plan.notes[1:], strict=False):
        half = steps_of(min(after.tone.portamento_s, note.tone.length_s, after.tone.length_s) / 2)
        at = steps_of(after.start_s)
        if after.tone.rest_s or not half:
            continue
        along = _eased(np.linspace(0, 1, 2 * half))
        step = after.tone.midi - note.tone.midi
        if after.tone.consonant is Consonant.M:  # the pitch of the hum is the new one already
            at -= steps_of(Consonant.M.value)
        plan.motion.midi[at - half : at + half] += step * (along - (np.arange(2 * half) >= half))


def _heard(plan: _Plan, voice: Voice, place: Place, rng: np.random.Generator) -> Sung:
    plan.motion.midi[:] += voice.wobble_cents / 100 * wander(len(plan.motion.midi), rng, wide_s=0.2)
    dry = sound(plan.motion, voice, rng)
    dry = soxr.resample(dry, voice.rate_hz, RATE_HZ) * 10 ** (place.level_dbfs / 20)
    wet = np.repeat(dry[:, None], 2, axis=1)
    if place.t60_s:
        response = room(place.t60_s, place.drr_db, seed=int(rng.integers(1 << 31)), channels=2)
        wet = in_room(dry, response)
    wet = wet + rng.standard_normal(wet.shape) * 10 ** (place.noise_dbfs / 20)
    frames = len(dry) * 100 // RATE_HZ + 1
    on = np.pad(plan.motion.gate, (0, _STEPS_A_FRAME))[::_STEPS_A_FRAME][:frames] > 0.1
    f0 = hz_of(np.pad(plan.motion.midi, (0, _STEPS_A_FRAME), mode="edge")[::_STEPS_A_FRAME][:frames])
    f0_hz = np.where(on, f0, 0).astype(np.float32)
    dry_stereo = np.repeat(dry[:, None], 2, axis=1).astype(np.float32)
    return Sung(wet.astype(np.float32), dry_stereo, f0_hz, tuple(plan.notes), tuple(plan.breaths))
