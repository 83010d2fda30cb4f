"""What `release.toml` says, as data. What reads it checks it; nothing here opens a file."""

from dataclasses import dataclass, field

from vocalverse.models.catalogue import Commercial
from vocalverse.models.encoders.encoder import Family
from vocalverse.records import TextKind, WorkerClass
from vocalverse.separate.options import EarOptions
from vocalverse.separate.precision import Precision

FORMAT = 1  # of release.toml; a newer one is refused with the advice to update


@dataclass(frozen=True)
class Part:
    """Where something in a release comes from, and who may use it."""

    name: str
    licence: str
    commercial: Commercial
    source: str  # a page, or what it was learnt from


@dataclass(frozen=True)
class EncoderSpec:
    """An encoder of a release. Its weights lie in the release, or on this machine's models shelf, pinned by hash."""

    name: str  # how routes call it
    family: Family
    revision: str  # sha256 that the weights must have
    folder: str | None = None  # in the release
    model: str | None = None  # on the shelf
    layer: int | None = None  # None: all of them, for a mix that is learnt
    voice: bool = True  # hears the voice alone; else the whole recording


@dataclass(frozen=True)
class TextEncoderSpec:
    """What reads lyrics or descriptions. Its weights lie where an encoder's may."""

    name: str
    revision: str
    folder: str | None = None
    model: str | None = None


@dataclass(frozen=True)
class Calibration:
    """From what a head says to what is told: straight pieces between `at` and `to`; then the interval."""

    at: tuple[float, ...] = ()  # rising; none: told as the head says it
    to: tuple[float, ...] = ()
    reach: float = 1.0  # times the spread, on either side: conformal, by dimension
    coverage: float = 0.9  # what share of judgements the interval is to hold


HEARD = "heard"  # evidence by this name is what the heads say


@dataclass(frozen=True)
class EvidenceSpec:
    """What a measurement is worth, as somebody reasoned or learnt it: straight pieces between `at` and `to`."""

    name: str  # of a kind in `vocalverse.evidence`, or `heard`
    weight: float  # among those of its dimension; in the overall mark it adds so much for each point of worth
    at: tuple[float, ...]  # of the measurement, rising
    to: tuple[float, ...]  # on the scale that is told
    enough: float = 0.0  # of its amount, where it counts half


@dataclass(frozen=True)
class DimensionSpec:
    """Judged by heads, by evidence, or by both: then what the heads say is evidence among other."""

    key: str  # breath, technique, timbre, emotion; or another release's own
    title: str
    heads: tuple[str, ...] = ()  # files; more than one are an ensemble, their mean is told
    encoders: tuple[str, ...] = ()  # names, in the order in which the heads take them
    evidence: tuple[EvidenceSpec, ...] = ()
    usual: float = 3.0  # what of which nothing is known is worth
    low: float = 1.0  # of the scale that is told
    high: float = 5.0
    text: TextKind | None = None  # what the heads read, where they take text
    text_encoder: str | None = None  # the name of what reads it to them
    calibration: Calibration = Calibration()


@dataclass(frozen=True)
class Weighed:
    """A measure in the overall mark: weight · (value - mean) / scale. Where it is not known it counts as its mean."""

    weight: float
    mean: float
    scale: float


@dataclass(frozen=True)
class OverallSpec:
    """Composed of dimensions, measures and evidence, apart from them: intercept + Σ weight · dimension + Σ of weighed
    measures + Σ weight · (worth - usual).
    """

    weights: dict[str, float] = field(default_factory=dict)  # of dimensions by key
    measures: dict[str, Weighed] = field(default_factory=dict)  # by column of `release.figures`
    evidence: tuple[EvidenceSpec, ...] = ()
    usual: float = 3.0
    intercept: float = 0.0
    low: float = 1.0
    high: float = 5.0
    calibration: Calibration = Calibration()


@dataclass(frozen=True)
class EarSpec:
    """The separator and the dereverberator, by name on the models shelf."""

    separator: str = "spleeter-2stems"
    separator_sha256: str | None = None  # that it must have; None: whatever is called so
    dereverberator: str | None = None
    dereverberator_sha256: str | None = None
    precision: Precision = Precision.FP32
    overlap: int = EarOptions.overlap  # how many chunks hear each moment


@dataclass(frozen=True)
class ReleaseSpec:
    name: str
    title: str
    dimensions: tuple[DimensionSpec, ...]
    encoders: tuple[EncoderSpec, ...] = ()
    text_encoders: tuple[TextEncoderSpec, ...] = ()
    overall: OverallSpec | None = None
    ear: EarSpec = EarSpec()
    rules: str | None = None  # the prescreen's, a file in the release; None: those that come with VocalVerse
    precision: Precision = Precision.FP32  # of encoders and heads
    worker_class: WorkerClass = WorkerClass.CPU
    parts: tuple[Part, ...] = ()  # provenance of every part
    measured_on: str = ""  # in words; the card says more
    made_by: str = ""  # version of VocalVerse

    @property
    def weights(self) -> tuple[EncoderSpec | TextEncoderSpec, ...]:
        """Of all that hears and reads: where they are."""
        return (*self.encoders, *self.text_encoders)

    @property
    def commercial(self) -> Commercial:
        """As free as the least free of its parts."""
        said = {part.commercial for part in self.parts}
        for least in (Commercial.NO, Commercial.UNKNOWN):
            if least in said:
                return least
        return Commercial.YES if said else Commercial.UNKNOWN
