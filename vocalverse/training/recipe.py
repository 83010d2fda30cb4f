"""What a recipe says, as data: what hears, what judges, what is learnt and how. A TOML file says it."""

from dataclasses import dataclass, field
from enum import StrEnum

from vocalverse.models.encoders.encoder import Family
from vocalverse.models.heads.config import HeadKind, OutputKind, Pooling
from vocalverse.records import TextKind
from vocalverse.release.spec import DimensionSpec, OverallSpec, Part
from vocalverse.separate.precision import Precision
from vocalverse.training.splits import Apart


class Finetune(StrEnum):
    """What of an encoder is learnt."""

    FROZEN = "frozen"
    LORA = "lora"  # small matrices beside the large ones
    FULL = "full"


class Optimiser(StrEnum):
    ADAM = "adam"
    ADAMW = "adamw"
    SGD = "sgd"


class Target(StrEnum):
    """What one example is."""

    MEAN = "mean"  # a clip and the mean of its raters
    RATERS = "raters"  # a clip and one rater, whom the head knows by name
    PAIRS = "pairs"  # two clips, of which one was found better


class SelectOn(StrEnum):
    """The clips on which members of an ensemble are chosen."""

    ALL = "all"
    NATURAL = "natural"
    SYNTHETIC = "synthetic"
    BOTH = "both"  # good on the natural ones and on the synthetic ones


@dataclass(frozen=True)
class Lora:
    rank: int = 8
    alpha: int = 16
    targets: tuple[str, ...] = ()  # the ends of modules' names; none: queries and values


@dataclass(frozen=True)
class EncoderRecipe:
    family: Family
    model: str | None = None  # on the models shelf
    folder: str | None = None  # in its place; seen from the recipe where it is not absolute
    licence: str = ""  # of weights in a folder; the shelf knows those of its own
    layer: int | None = None  # none: the last
    mix: bool = False  # all layers, and how they are mixed is learnt
    normalise: bool = False  # to length 1, once pooled
    voice: bool = True  # hears the voice alone; else the whole recording
    finetune: Finetune = Finetune.FROZEN
    rate: float = 1e-5  # of learning, where it is learnt
    lora: Lora = Lora()


@dataclass(frozen=True)
class Reader:
    """A text encoder."""

    model: str | None = None  # on the models shelf
    folder: str | None = None
    licence: str = ""


@dataclass(frozen=True)
class Loss:
    """One of `objective.LOSSES`. What is not said is as its paper has it."""

    name: str
    weight: float = 1.0
    margin: float | None = None
    temperature: float | None = None
    sigma: float | None = None


@dataclass(frozen=True)
class OutputRecipe:
    kind: OutputKind = OutputKind.SCALAR
    bins: int = 20


@dataclass(frozen=True)
class HeadRecipe:
    """A head for each member of the ensemble. What it judges has its names in the manifest."""

    dimensions: tuple[str, ...]
    kind: HeadKind
    encoders: tuple[str, ...] = ()
    measures: tuple[str, ...] = ()
    text: TextKind | None = None  # what the clips' text is
    cross_attention: bool = True
    pooling: Pooling = Pooling.MEAN
    output: OutputRecipe = OutputRecipe()
    losses: tuple[Loss, ...] = (Loss("clipped_l1"),)
    hidden: int = 64
    depth: int = 1
    dropout: float = 0.0
    domains: bool = False  # it is told which standard a clip was rated under
    embedding: int = 128
    standardised: bool = False  # what is pooled goes in as standard deviations from what is usual
    share: float = (
        0.2  # of a score, where reasoned evidence has the rest; and what the least, the middle and the most …
    )
    worth: tuple[float, ...] = (1.0, 3.3, 5.0)  # … that it hears are worth: who was not damaged is better than usual


@dataclass(frozen=True)
class Warmup:
    """Multi-domain finetuning: first what was rated under one standard, then all."""

    domain: str
    epochs: int


@dataclass(frozen=True)
class Training:
    target: Target = Target.MEAN
    optimiser: Optimiser = Optimiser.ADAM
    rate: float = 1e-4
    momentum: float = 0.9  # of SGD
    weight_decay: float = 0.0
    longest_gradient: float | None = None
    epochs: int = 50
    batch: int = 16  # clips in a step
    pieces: int = 1  # in which a step is reckoned: the same step in less memory
    patience: int = 10  # epochs without a better validation
    precision: Precision = Precision.FP32
    standardised: bool = False  # losses see scores less their mean, in their standard deviations
    forgotten: float = 0.2  # how often a domain or a rater goes untold, so that the unknown one is learnt too
    warmup: Warmup | None = None


@dataclass(frozen=True)
class Ensemble:
    """Every seed with every kind and every loss is a member; the best are kept."""

    seeds: tuple[int, ...] = (1,)
    kinds: tuple[HeadKind, ...] = ()  # none: the head's own
    losses: tuple[Loss, ...] = ()  # each instead of the head's own; none: those
    keep: int | None = None  # none: all
    select_on: SelectOn = SelectOn.ALL


@dataclass(frozen=True)
class Shares:
    """Of clips, where the manifest does not split itself."""

    validation: float = 0.15
    calibration: float = 0.15
    test: float = 0.15
    apart: tuple[Apart, ...] = tuple(Apart)  # what may not lie in two parts
    seed: int = 0


@dataclass(frozen=True)
class Hearing:
    ear: bool = False  # the voice is taken out of its backing first; false: clips are voices alone
    crop_s: float | None = None  # only so much from the middle; none: the whole song


@dataclass(frozen=True)
class Reasoned:
    """What evidence is worth, as somebody reasoned it: each dimension, and the overall mark."""

    dimensions: tuple[DimensionSpec, ...]
    overall: OverallSpec


@dataclass(frozen=True)
class Recipe:
    name: str
    title: str
    about: str
    heads: dict[str, HeadRecipe]
    encoders: dict[str, EncoderRecipe] = field(default_factory=dict)
    text_encoder: Reader | None = None
    titles: dict[str, str] = field(default_factory=dict)  # of dimensions
    training: Training = Training()
    ensemble: Ensemble = Ensemble()
    shares: Shares = Shares()
    hearing: Hearing = Hearing()
    overall: dict[str, float] = field(
        default_factory=dict
    )  # weights of dimensions in it; none: there is no overall mark
    coverage: float = 0.9  # of intervals
    reasoned: Reasoned | None = (
        None  # in a file it is a folder of tables; what heads hear is evidence beside others then
    )
    parts: tuple[Part, ...] = ()  # what releases judge with beside encoders and heads

    @property
    def dimensions(self) -> tuple[str, ...]:
        return tuple(key for head in self.heads.values() for key in head.dimensions)
