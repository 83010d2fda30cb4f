"""RoFormers' configs: from public yamls, and from and to what our own files hold. Either may lie."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any

from vocalverse.errors import ModelBroken
from vocalverse.separate.networks import yamls
from vocalverse.separate.purpose import BACKING, VOICE, in_our_word

_MOST_NAMED = 3  # keys that a message lists before it only counts


class Architecture(StrEnum):
    MEL_BAND = "mel_band_roformer"
    BAND_SPLIT = "bs_roformer"


# The bands of BS-RoFormer where a yaml names none: 1025 bins in 62 bands.
USUAL_BAND_BINS = (2,) * 24 + (4,) * 12 + (12,) * 8 + (24,) * 8 + (48,) * 8 + (128, 129)

# Field → least and most. Beyond them nothing was ever trained, and a lie could exhaust the memory.
_LIMITS = {
    "dim": (1, 4096),
    "depth": (1, 64),
    "heads": (1, 128),
    "head_dim": (2, 512),
    "channels": (1, 2),
    "time_depth": (1, 16),
    "frequency_depth": (1, 16),
    "linear_depth": (0, 16),
    "mel_bands": (0, 512),
    "mask_depth": (1, 8),
    "mask_expansion": (1, 16),
    "sample_rate_hz": (8000, 192_000),
    "n_fft": (64, 32768),
    "hop": (1, 16384),
    "window": (16, 32768),
    "chunk": (64, 192_000 * 60),
}


@dataclass(frozen=True)
class RoformerConfig:
    """All that it takes to build a RoFormer without weights."""

    architecture: Architecture
    dim: int
    depth: int
    stems: tuple[str, ...]
    chunk: int  # samples that it is given at once
    mask_depth: int  # as yamls count it: Mel-Band has one matrix more than that
    hop: int
    heads: int = 8
    head_dim: int = 64
    channels: int = 1
    time_depth: int = 2
    frequency_depth: int = 2
    linear_depth: int = 0  # BS-RoFormer only
    band_bins: tuple[int, ...] = ()  # BS-RoFormer only: bins per band
    mel_bands: int = 0  # Mel-Band RoFormer only
    mask_expansion: int = 4
    sample_rate_hz: int = 44100
    n_fft: int = 2048
    window: int = 2048
    normalised: bool = False  # the spectrum, by the square root of the window's length

    def __post_init__(self) -> None:
        for name, (least, most) in _LIMITS.items():
            value = getattr(self, name)
            if type(value) is not int or not least <= value <= most:
                raise ModelBroken(
                    f"A model's {name} has to be a whole number from {least} to {most}, not {yamls.say(value)}."
                )
        if not 0 < len(self.stems) <= 16 or not all(map(_is_name, self.stems)):
            raise ModelBroken(f"A model has to name 1 to 16 stems, not {yamls.say(self.stems)}.")
        self._check_spectrum()
        self._check_bands()

    @property
    def mask_widths(self) -> tuple[int, ...]:
        """Hidden layers of each band's mask estimator."""
        hidden = self.mask_depth if self.architecture is Architecture.MEL_BAND else self.mask_depth - 1
        return (self.dim * self.mask_expansion,) * hidden

    def _check_spectrum(self) -> None:
        if self.head_dim % 2 or self.n_fft % 2:
            raise ModelBroken(f"dim_head ({self.head_dim}) and stft_n_fft ({self.n_fft}) have to be even.")
        if not self.hop * 2 <= self.window <= self.n_fft:
            raise ModelBroken(
                f"The hop of {self.hop} samples has to be at most half of the window of {self.window}, and that at most "
                f"stft_n_fft, {self.n_fft}."
            )
        if self.chunk <= self.n_fft:
            raise ModelBroken(f"A chunk of {self.chunk} samples is shorter than one spectrum of {self.n_fft}.")

    def _check_bands(self) -> None:
        spectrum_bins = self.n_fft // 2 + 1
        if self.architecture is Architecture.MEL_BAND:
            if not self.mel_bands or self.band_bins or self.linear_depth:
                raise ModelBroken("A Mel-Band RoFormer has num_bands, and neither freqs_per_bands nor linear layers.")
        elif self.mel_bands or not all(type(bins) is int and bins > 0 for bins in self.band_bins):
            raise ModelBroken(
                f"A BS-RoFormer's freqs_per_bands are whole numbers above 0, not {yamls.say(self.band_bins)}."
            )
        elif sum(self.band_bins) != spectrum_bins:
            raise ModelBroken(
                f"freqs_per_bands add up to {sum(self.band_bins)} bins, but stft_n_fft {self.n_fft} gives {spectrum_bins}."
            )


def to_config(config: RoformerConfig) -> dict[str, Any]:
    """JSON's types only."""
    return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(config).items()}


def from_config(config: Mapping[str, Any], architecture: Architecture) -> RoformerConfig:
    """What `to_config` gave, with anything that is not so refused."""
    named: dict[str, Any] = {**config, "architecture": architecture}
    known = {field.name for field in fields(RoformerConfig)}
    if unknown := sorted(set(map(str, named)) - known):
        raise ModelBroken(f"The model's config holds fields that no RoFormer has: {yamls.say(unknown)}.")
    if config.get("architecture", architecture) != architecture:
        raise ModelBroken(
            f"The model's config is of {yamls.say(config['architecture'])}, its file says {architecture}."
        )
    values: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in named.items()}
    try:
        return RoformerConfig(**values)
    except TypeError as error:  # a field is missing
        raise ModelBroken(f"The model's config is not whole: {error}.") from error


def read_yaml(text: str) -> RoformerConfig:
    """A public yaml, with its sections model, audio, training and inference."""
    document = yamls.parse(text)
    model = yamls.section(document, "model") or document
    architecture = _architecture(document, model)
    audio, training, inference = (yamls.section(document, name) for name in ("audio", "training", "inference"))
    mel = architecture is Architecture.MEL_BAND
    hop = yamls.whole(model, "stft_hop_length", 512)
    n_fft = yamls.whole(model, "stft_n_fft", 2048)
    # The public classes' own defaults, each. Mel-Band's ignores an mlp_expansion_factor; so do we.
    return RoformerConfig(
        architecture=architecture,
        dim=yamls.whole(model, "dim"),
        depth=yamls.whole(model, "depth"),
        heads=yamls.whole(model, "heads", 8),
        head_dim=yamls.whole(model, "dim_head", 64),
        channels=2 if yamls.flag(model, "stereo") else 1,
        stems=_stems(training, yamls.whole(model, "num_stems", 1)),
        time_depth=yamls.whole(model, "time_transformer_depth", 2),
        frequency_depth=yamls.whole(model, "freq_transformer_depth", 2),
        linear_depth=0 if mel else yamls.whole(model, "linear_transformer_depth", 0),
        band_bins=() if mel else yamls.wholes(model, "freqs_per_bands", USUAL_BAND_BINS),
        mel_bands=yamls.whole(model, "num_bands", 60) if mel else 0,
        mask_depth=yamls.whole(model, "mask_estimator_depth", 1 if mel else 2),
        mask_expansion=4 if mel else yamls.whole(model, "mlp_expansion_factor", 4),
        sample_rate_hz=_sample_rate(model, audio),
        n_fft=n_fft,
        hop=hop,
        window=yamls.whole(model, "stft_win_length", 2048),
        normalised=yamls.flag(model, "stft_normalized"),
        chunk=_chunk(audio, inference, hop),
    )


def check_shapes(wanted: Mapping[str, Sequence[int]], given: Mapping[str, Sequence[int]], *, name: str) -> None:
    """That a checkpoint holds the tensors that its config promises, and no others."""
    missing = [key for key in wanted if key not in given]
    unexpected = [key for key in given if key not in wanted]
    wrong = [
        f"{key} {list(given[key])} instead of {list(shape)}"
        for key, shape in wanted.items()
        if key in given and tuple(given[key]) != tuple(shape)
    ]
    faults = [
        f"{len(keys)} {what} ({', '.join(keys[:_MOST_NAMED])}{', …' if len(keys) > _MOST_NAMED else ''})"
        for what, keys in (("missing", missing), ("not of the network", unexpected), ("of another shape", wrong))
        if keys
    ]
    if faults:
        raise ModelBroken(
            f"{name}: weights and config do not belong together. Of {len(wanted)} tensors {'; '.join(faults)}."
        )


def _architecture(document: Mapping[Any, Any], model: Mapping[Any, Any]) -> Architecture:
    found = {
        architecture
        for field, architecture in (("num_bands", Architecture.MEL_BAND), ("freqs_per_bands", Architecture.BAND_SPLIT))
        if field in model
    }
    for place, field in (
        (place, field) for place in (document, model) for field in ("model_type", "type", "architecture")
    ):
        words = str(place.get(field, "")).lower()
        if "roformer" in words and ("mel" in words or "bs" in words):
            found.add(Architecture.MEL_BAND if "mel" in words else Architecture.BAND_SPLIT)
    if len(found) != 1:
        raise ModelBroken(
            "The yaml's model has to have either num_bands (Mel-Band RoFormer) or freqs_per_bands (BS-RoFormer); it "
            f"has {'signs of both' if found else 'neither, nor what tells an MDXC or VR model'}."
        )
    return found.pop()


def _stems(training: Mapping[Any, Any], count: int) -> tuple[str, ...]:
    """In our words: the public yamls say vocals, instrumental or other."""
    names = training.get("instruments") or []
    if not isinstance(names, list):
        raise ModelBroken(f"The yaml's training.instruments has to be a list, not {yamls.say(names)}.")
    target = training.get("target_instrument")
    if target is not None:
        names, every = [target], names
    else:
        every = names
    if count == 1 and len(names) != 1:
        names = names[:1] or ["vocals"]
    if len(names) != count:
        raise ModelBroken(
            f"The yaml's model.num_stems is {count}, but training names {len(names)} stems: {yamls.say(names)}."
        )
    pair = {in_our_word(str(name)) for name in every} <= {VOICE, "other"}
    words = (in_our_word(str(name)) for name in names)
    return tuple(BACKING if pair and word == "other" else word for word in words)


def _sample_rate(model: Mapping[Any, Any], audio: Mapping[Any, Any]) -> int:
    rate_hz = yamls.whole(audio, "sample_rate", yamls.whole(model, "sample_rate", 44100))
    if (stated := yamls.whole(model, "sample_rate", rate_hz)) != rate_hz:
        raise ModelBroken(f"The yaml's model.sample_rate is {stated}, its audio.sample_rate {rate_hz}.")
    return rate_hz


def _chunk(audio: Mapping[Any, Any], inference: Mapping[Any, Any], hop: int) -> int:
    """What it is best run with, which may be more than it was trained on."""
    if "dim_t" in inference:
        return hop * (yamls.whole(inference, "dim_t") - 1)
    return yamls.whole(audio, "chunk_size", hop * 800)


def _is_name(value: object) -> bool:
    return isinstance(value, str) and bool(value)
