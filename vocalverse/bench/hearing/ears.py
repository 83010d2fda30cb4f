"""Who is compared: the bundled ear, the research ear, and the bundled ear that knows the backing."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Self

from vocalverse.bench.hearing.data import Stereo
from vocalverse.bench.hearing.scenes import Recording
from vocalverse.records import Progress
from vocalverse.separate.ear import Ear
from vocalverse.separate.options import BUNDLED, EarOptions

RESEARCH = BUNDLED / "research" / "lite_research.safetensors"


class Contender(StrEnum):
    MIX = "mix"
    BUNDLED = "Spleeter (bundled)"
    RESEARCH = "lite-research"
    KNOWN = "known backing"  # taken out first; then the bundled ear


Hear = Callable[[Recording, Progress], Stereo]  # → the voice
Contenders = Mapping[Contender, Hear]


@dataclass(frozen=True)
class Ears:
    """Loaded once for all recordings."""

    bundled: Ear
    research: Ear | None

    @classmethod
    def open(cls, trials: Path, *, research: bool) -> Self:
        """`research`: its licence was accepted."""
        own = Ear.open(options(Contender.BUNDLED), trials=trials)
        return cls(own, Ear.open(options(Contender.RESEARCH), trials=trials) if research else None)

    def contenders(self) -> Contenders:
        hearers: dict[Contender, Hear] = {
            Contender.MIX: lambda recording, _: recording.mix,
            Contender.BUNDLED: lambda recording, progress: _voice(self.bundled, recording, progress),
        }
        if (research := self.research) is not None:
            hearers[Contender.RESEARCH] = lambda recording, progress: _voice(research, recording, progress)
        hearers[Contender.KNOWN] = lambda recording, progress: _voice(
            self.bundled, recording, progress, backing=recording.backing
        )
        return hearers


def _voice(ear: Ear, recording: Recording, progress: Progress, *, backing: Stereo | None = None) -> Stereo:
    return ear.separate(recording.mix, backing=backing, progress=progress).voice


def options(contender: Contender) -> EarOptions:
    """What its ear is opened with."""
    return EarOptions(separator=RESEARCH) if contender is Contender.RESEARCH else EarOptions()
