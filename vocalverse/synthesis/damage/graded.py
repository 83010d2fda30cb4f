"""Faults by the dimension of singing that they should hurt: each is made in two ways, to learn from and to report on.

| fault     | hurts     | to learn from                           | to report on                              |
|-----------|-----------|-----------------------------------------|-------------------------------------------|
| pitch     | technique | notes moved in WORLD's pitch            | notes' periods laid anew (TD-PSOLA)       |
| timing    | technique | WORLD's steps warped between notes      | notes hurried and dragged by TD-PSOLA     |
| vibrato   | technique | WORLD's pitch swings unevenly           | a delay that swings like narrow noise     |
| breath    | breath    | WORLD's own noise along with the voice  | noise through linear prediction           |
| gasps     | breath    | noise in a fixed band before phrases    | noise that rises, shaped bin by bin       |
| ends      | breath    | phrase ends faded to nothing            | phrase ends thinned from the top down     |
| nasal     | timbre    | WORLD's envelope: nose, hole, blur      | notches and a resonance in time           |
| muffled   | timbre    | WORLD's envelope tilted                 | a low pass in time                        |
| dynamics  | emotion   | level drawn to its median, centred      | a compressor with attack and release      |
"""

from dataclasses import dataclass

from vocalverse.synthesis.damage import kinds, other, sound
from vocalverse.synthesis.damage.family import Generator
from vocalverse.synthesis.damage.kinds import Damage

_LEVELLED = Damage("level flattened", (0.35, 0.7, 1.0), "of it", sound.levelled)


@dataclass(frozen=True)
class Fault:
    """`grades` of the two ways are no equal ones: they are other algorithms."""

    kind: str
    dimension: str  # that it should hurt
    train: Damage
    report: Damage

    def by(self, generator: Generator) -> Damage:
        return self.train if generator is Generator.TRAIN else self.report


FAULTS = (
    Fault("pitch", "technique", kinds.OUT_OF_TUNE, Damage("off pitch", (20, 50, 100), "cents", other.off_pitch)),
    Fault("timing", "technique", kinds.NOTES_OFF_TIME, Damage("off time", (50, 100, 200), "ms", other.off_time)),
    Fault("vibrato", "technique", kinds.VIBRATO_SHAKEN, Damage("wobbly", (15, 35, 80), "cents", other.wobbly)),
    Fault("breath", "breath", kinds.BREATHIER, Damage("airy", (0.06, 0.18, 0.5), "of the voice", other.airy)),
    Fault("gasps", "breath", kinds.BREATHS, Damage("gasping", (0.06, 0.15, 0.4), "of the voice", other.gasping)),
    Fault("ends", "breath", kinds.ENDS_CUT, Damage("ends lost", (0.15, 0.3, 0.6), "s", other.ends_lost)),
    Fault("nasal", "timbre", kinds.NASAL, Damage("nosey", (0.3, 0.6, 1.0), "of it", other.nosey)),
    Fault("muffled", "timbre", kinds.MUFFLED, Damage("dull", (1.0, 1.7, 2.5), "octaves", other.dull)),
    Fault("dynamics", "emotion", _LEVELLED, Damage("squeezed", (0.4, 0.7, 0.95), "of it", other.squeezed)),
)
