"""What people, and those who test a judge, hand in for singing that is none. Each generator makes one kind its own way.

Thresholds are set on the generators in CALIBRATION; the others are kept out of it, to tell how the rules do on what they
were not made for.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from vocalverse.errors import Unavailable
from vocalverse.synthesis import machines, mouths
from vocalverse.synthesis.material import Maker, Material, over
from vocalverse.synthesis.singing import Sound
from vocalverse.synthesis.speech import MANDARIN, Program, Speaker, rap, talk, talk_of_the_singer

__all__ = ["CALIBRATION", "GENERATORS", "Attack", "Generator", "Kind", "Material", "attacks", "over"]


class Kind(StrEnum):
    WHISTLE = "whistle"
    HUM = "hum"
    MONOTONE = "monotone"
    TALK = "talk"
    RAP = "rap"
    NOISE = "noise"
    BLEED = "bleed"  # a microphone that nobody sings to, and the backing from afar
    BACKING = "backing"
    LOOP = "loop"
    PLAYBACK = "playback"


@dataclass(frozen=True)
class Attack:
    kind: Kind
    generator: str
    samples: Sound
    guide: Sound | None = None  # the recording that is played back, where that is the attack


@dataclass(frozen=True)
class Generator:
    kind: Kind
    make: Maker


def attacks(material: Material, *, seed: int = 0, only: frozenset[str] | None = None) -> Iterator[Attack]:
    """One of each generator; those whose speech program is not installed are left out."""
    for number, (name, generator) in enumerate(GENERATORS.items()):
        if only is not None and name not in only:
            continue
        try:
            made = generator.make(material, np.random.default_rng([seed, number]))
        except Unavailable:
            continue
        guide = material.sung if generator.kind is Kind.PLAYBACK else None
        yield Attack(generator.kind, name, made.astype(np.float32, copy=False), guide)


_ESPEAK = [Speaker(Program.ESPEAK, voice) for voice in ("en-us", "en-gb+f3", "en+m3")]
_FLITE = [Speaker(Program.FLITE, voice) for voice in ("slt", "rms", "awb", "kal16")]

GENERATORS: Mapping[str, Generator] = {
    "sine_whistle": Generator(Kind.WHISTLE, mouths.sine_whistle),
    "breathy_whistle": Generator(Kind.WHISTLE, mouths.breathy_whistle),
    "hum_of_one_note": Generator(Kind.HUM, mouths.hum_of_one_note),
    "hum_of_the_melody": Generator(Kind.HUM, mouths.hum_of_the_melody),
    "muffled_hum": Generator(Kind.HUM, mouths.muffled_hum),
    "muffled_hum_of_one_note": Generator(Kind.HUM, mouths.muffled_hum_of_one_note),
    "vowel_on_one_note": Generator(Kind.MONOTONE, mouths.vowel_on_one_note),
    "words_on_one_note": Generator(Kind.MONOTONE, mouths.words_on_one_note),
    "made_talk": Generator(Kind.TALK, talk_of_the_singer),
    "espeak": Generator(Kind.TALK, talk(*_ESPEAK)),
    "espeak_mandarin": Generator(Kind.TALK, talk(Speaker(Program.ESPEAK, "cmn"), sentences=MANDARIN)),
    "flite": Generator(Kind.TALK, talk(*_FLITE)),
    "festival": Generator(Kind.TALK, talk(Speaker(Program.FESTIVAL))),
    "espeak_rap": Generator(Kind.RAP, rap(Speaker(Program.ESPEAK, "en-us+m3", words_per_min=230))),
    "flite_rap": Generator(Kind.RAP, rap(Speaker(Program.FLITE, "rms"))),
    "white_noise": Generator(Kind.NOISE, machines.white_noise),
    "pink_noise": Generator(Kind.NOISE, machines.pink_noise),
    "applause": Generator(Kind.NOISE, machines.applause),
    "distant_backing": Generator(Kind.BLEED, machines.distant_backing),
    "backing": Generator(Kind.BACKING, machines.backing),
    "backing_in_a_room": Generator(Kind.BACKING, machines.backing_in_a_room),
    "loop": Generator(Kind.LOOP, machines.loop),
    "loop_in_a_room": Generator(Kind.LOOP, machines.loop_in_a_room),
    "playback": Generator(Kind.PLAYBACK, machines.playback),
    "playback_in_a_room": Generator(Kind.PLAYBACK, machines.playback_in_a_room),
}
CALIBRATION = frozenset(
    (
        "sine_whistle",
        "hum_of_one_note",
        "hum_of_the_melody",
        "vowel_on_one_note",
        "made_talk",
        "espeak",
        "espeak_mandarin",
        "espeak_rap",
        "white_noise",
        "pink_noise",
        "distant_backing",
        "backing",
        "loop",
        "playback",
    )
)
