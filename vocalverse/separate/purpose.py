"""What a network is for, and under which names it gives that: the one place that knows how others call their stems."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from vocalverse.errors import ModelRefused

if TYPE_CHECKING:
    from vocalverse.audio.waveform import Samples
    from vocalverse.separate.stitch import Stems

VOICE, BACKING, DRY, REVERBERATION = "voice", "backing", "dry", "reverb"

# Our word → what others say for it, in small letters and nothing else.
_WORDS = {
    VOICE: frozenset({"voice", "vocals", "vocal", "singing"}),
    BACKING: frozenset({"backing", "instrumental", "accompaniment", "novocals"}),
    DRY: frozenset({"dry", "noreverb", "noecho", "dereverb"}),
    REVERBERATION: frozenset({"reverb", "reverberation", "echo", "wet", "nodry"}),
}
_OURS = {said: ours for ours, all_said in _WORDS.items() for said in all_said}


class Purpose(StrEnum):
    SEPARATE = "separate"
    DEREVERBERATE = "dereverberate"

    @property
    def wanted(self) -> str:
        """The stem that it is all about."""
        return VOICE if self is Purpose.SEPARATE else DRY

    @property
    def unwanted(self) -> str:
        return BACKING if self is Purpose.SEPARATE else REVERBERATION


@dataclass(frozen=True)
class Part:
    """Where what is wanted lies in a network's answer."""

    stem: int
    rest: bool = False  # that stem is what has to go

    def of(self, block: "Stems", source: "Samples") -> "Samples":
        """`block` [stems, frames, channels] is the answer to `source` [frames, channels]."""
        stem: Samples = block[self.stem]
        return source - stem if self.rest else stem


def in_our_word(name: str) -> str:
    """A stem's name as VocalVerse says it, or in small letters where it has no word for it."""
    return _OURS.get("".join(filter(str.isalpha, name.lower())), name.lower())


def part_of(stems: Sequence[str], purpose: Purpose) -> Part:
    """`ModelRefused` where a network with these stems was not made for that."""
    part = _part_of([in_our_word(stem) for stem in stems], purpose)
    if part is None:
        raise ModelRefused(
            f"A network that gives {' and '.join(stems)} does not {purpose}: for that it would have to give"
            f" {purpose.wanted} or {purpose.unwanted}."
        )
    return part


def purpose_of(stems: Sequence[str]) -> Purpose:
    """What a network with these stems is for."""
    for purpose in Purpose:
        if _part_of([in_our_word(stem) for stem in stems], purpose):
            return purpose
    raise ModelRefused(f"A network that gives {' and '.join(stems)} neither separates a voice nor takes its room away.")


def _part_of(stems: Sequence[str], purpose: Purpose) -> Part | None:
    if purpose is Purpose.SEPARATE and {DRY, REVERBERATION} & {*stems}:
        return None  # what is parted there is a voice already
    if purpose.wanted in stems:
        return Part(stems.index(purpose.wanted))
    if len(stems) == 1 and stems[0] == purpose.unwanted:
        return Part(0, rest=True)
    if purpose is Purpose.DEREVERBERATE and VOICE in stems and BACKING not in stems:
        return Part(stems.index(VOICE))  # some call it so when nothing but voices is heard
    return None
