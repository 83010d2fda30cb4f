"""What a head is built from; kept with its weights, so that a file of weights alone rebuilds it."""

from dataclasses import dataclass
from enum import StrEnum

from vocalverse.errors import BadInput

# Encoders look around themselves already, and what is quicker than this (vibrato) is told by measures: a song of four
# minutes stays 2,400 steps.
_STEPS_PER_S = 10.0
_LOOKS_PER_S = 5.0  # where every frame looks at every other one
ATTENDING = 4  # heads of attention


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
    standardised: bool = False  # what is pooled goes in as standard deviations from what is usual
    frames_per_s: float | None = None  # frames are averaged to so many a second; None: `grid_hz` says how many

    @property
    def needs_frames(self) -> bool:
        """Whether the mean and the deviation over time are not enough for it."""
        mixes = any(encoder.layers > 1 for encoder in self.encoders)
        return (
            self.kind in (HeadKind.BILSTM, HeadKind.TRANSFORMER)
            or self.pooling in (Pooling.ATTENTION, Pooling.SCORES)
            or (self.pooling is Pooling.STATISTICS and mixes)
            or (self.text is not None and self.text.cross_attention)
        )

    @property
    def in_row(self) -> bool:
        """Whether frames of all encoders are laid side by side before they are pooled."""
        return (
            self.kind in (HeadKind.BILSTM, HeadKind.TRANSFORMER)
            or self.pooling is Pooling.SCORES
            or (self.text is not None and self.text.cross_attention)
        )

    @property
    def grid_hz(self) -> float | None:
        """How many frames a second it is given; None: as many as the encoder makes."""
        if self.frames_per_s or not self.in_row:
            return self.frames_per_s
        if self.kind is HeadKind.TRANSFORMER:
            return _LOOKS_PER_S
        alone = len(self.encoders) == 1 and self.text is None
        return None if alone and self.kind is not HeadKind.BILSTM else _STEPS_PER_S


def require_possible(config: HeadConfig) -> None:
    """Raises `BadInput` where no head can be like that."""
    wrong = next((what for what, is_so in _impossible(config) if is_so), None)
    if wrong:
        raise BadInput(f"No head can be built: {wrong}.")


def _impossible(config: HeadConfig) -> tuple[tuple[str, bool], ...]:
    output, text = config.output, config.text
    sizes = (
        config.hidden,
        config.depth,
        config.embedding,
        *(e.width for e in config.encoders),
        text.width if text else 1,
    )
    names = (config.dimensions, config.measures, config.domains, config.annotators)
    steps = output.high - output.low
    ordinal, distribution = output.kind is OutputKind.ORDINAL, output.kind is OutputKind.DISTRIBUTION
    return (
        ("it judges no dimension", not config.dimensions),
        ("it has neither an encoder nor a measure to go by", not config.encoders and not config.measures),
        ("a width, a depth or a number of layers is below 1", min(*sizes, *(e.layers for e in config.encoders)) < 1),
        ("a name comes twice", any(len(set(said)) < len(said) for said in names)),
        ("its scale does not rise", not output.low < output.high),
        ("an ordinal output has a class for every whole number, and its scale has none", ordinal and steps % 1 != 0),
        ("a distribution needs 2 bins or more", distribution and output.bins < 2),
        ("dropout lies between 0 and 1", not 0 <= config.dropout < 1),
        ("what is read in order is not standardised", config.standardised and config.in_row),
        ("frames_per_s is above 0", config.frames_per_s is not None and not config.frames_per_s > 0),
        ("without an encoder there are no frames for it", not config.encoders and config.needs_frames),
        (
            f"hidden is a multiple of {ATTENDING} where frames attend",
            _attends(config) and config.hidden % ATTENDING != 0,
        ),
    )


def _attends(config: HeadConfig) -> bool:
    return config.kind is HeadKind.TRANSFORMER or (config.text is not None and config.text.cross_attention)
