"""What a head is built from; kept with its weights, so that a file of weights alone rebuilds it."""

from dataclasses import dataclass
from enum import StrEnum


class HeadKind(StrEnum):
    LINEAR = "linear"
    MLP = "mlp"
    BILSTM = "bilstm"
    TRANSFORMER = "transformer"


class Pooling(StrEnum):
    """How frames become one vector; each frame counts for the seconds that it stands for."""

    MEAN = "mean"
    STATISTICS = "statistics"  # mean and standard deviation
    ATTENTION = "attention"
    SCORES = "scores"  # every frame is scored, and the scores are averaged


class OutputKind(StrEnum):
    SCALAR = "scalar"
    ORDINAL = "ordinal"  # cumulative logits
    DISTRIBUTION = "distribution"  # over bins between low and high
    PAIRWISE = "pairwise"  # a strength that only comparisons fix


@dataclass(frozen=True)
class EncoderInput:
    """Frames of one encoder as the head takes them."""

    name: str  # the encoder's in the release
    width: int
    layers: int = 1  # more: a mix of them is learnt
    normalise: bool = False  # each pooled vector to length 1, before they are joined


@dataclass(frozen=True)
class TextInput:
    """Text that is held against the sound."""

    width: int
    cross_attention: bool = True


@dataclass(frozen=True)
class Output:
    kind: OutputKind = OutputKind.SCALAR
    low: float = 1.0
    high: float = 5.0
    bins: int = 20  # of a distribution; of an ordinal output there is a class for every whole number


@dataclass(frozen=True)
class HeadConfig:
    kind: HeadKind
    dimensions: tuple[str, ...]  # what it judges, in the order of its outputs
    encoders: tuple[EncoderInput, ...] = ()
    measures: tuple[str, ...] = ()  # columns of `sung.Figures` and `records.Measures` that go in beside the frames
    text: TextInput | None = None
    pooling: Pooling = Pooling.MEAN
    output: Output = Output()
    hidden: int = 64
    depth: int = 1
    dropout: float = 0.0
    domains: tuple[str, ...] = ()  # known ones; any other is the unknown one, which is what serving uses
    annotators: tuple[str, ...] = ()  # likewise
    embedding: int = 128  # width of domains' and annotators'
