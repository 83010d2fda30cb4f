"""How fast encoders hear on random weights, beside transformers' class and the public script's structure in one run."""

import itertools
import json
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from safetensors.torch import save_file
from torch import nn
from torch.utils.flop_counter import FlopCounterMode
from transformers import WhisperConfig, WhisperFeatureExtractor
from transformers.models.whisper.modeling_whisper import WhisperEncoder as TheirWhisper

from vocalverse.bench.encoders_plain import PlainSamoye
from vocalverse.bench.figures import Figure
from vocalverse.bench.machine import Machine
from vocalverse.bench.separate import gpu_gflops
from vocalverse.bench.unlearnt import RATE_HZ, made_voice, random_net
from vocalverse.models.encoders.encoder import Encoder, Family, whole
from vocalverse.models.encoders.hubert_soft import HubertSize, HubertSoft
from vocalverse.models.encoders.open import open_encoder
from vocalverse.models.encoders.opening import Opening
from vocalverse.models.encoders.samoye import Ears, ppg_ear, units_ear
from vocalverse.models.encoders.sound import Mono, Sound
from vocalverse.models.encoders.whisper_net import WhisperDims, WhisperEncoder
from vocalverse.separate.backends.backend import DTYPES
from vocalverse.separate.precision import Precision

_WINDOW = 30 * RATE_HZ

_Array = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Extent:
    """What is heard, by networks of which size."""

    song_s: int  # whole windows of 30 s, as transformers fills them up
    features_s: int  # of a song, through SaMoye's networks
    rounds: int
    tiny: WhisperDims
    large: WhisperDims
    ppg: WhisperDims
    units: HubertSize


FULL = Extent(
    song_s=240,
    features_s=60,
    rounds=5,
    tiny=WhisperDims(),
    large=WhisperDims(mels=128, width=1280, heads=20, layers=32),
    ppg=WhisperDims(width=1280, heads=20, layers=32),
    units=HubertSize(),
)
QUICK = replace(FULL, song_s=60, features_s=20, rounds=2)


@dataclass(frozen=True)
class Way:
    """One way to the same frames."""

    name: str
    hear: Callable[[], _Array]


def measure(machine: Machine, folder: Path, extent: Extent) -> Iterator[Figure]:
    for device in ("cpu", "cuda") if torch.cuda.is_available() else ("cpu",):
        yield from _whisper(device, folder / device, extent)
        yield from _large(device, machine, extent)
        yield from _samoye(device, extent)
    if not torch.cuda.is_available():
        yield Figure("GPU", 0, "", note="none here: run this where torch sees CUDA")


# --- the smallest Whisper over a song ---------------------------------------------------------------------------


def _whisper(device: str, folder: Path, extent: Extent) -> Iterator[Figure]:
    net, voice = random_net(lambda: WhisperEncoder(extent.tiny)), made_voice(extent.song_s)
    _publish(net, folder)
    ways = [
        way
        for precision in (Precision.FP32, Precision.BF16)
        for way in (through_transformers(net, voice, precision, device), _ours(folder, voice, precision, device))
    ]
    seconds, frames = _in_turn(ways, extent.rounds)
    targets = {ways[1].name: "≤ 1.2 at 400 GF/s in fp32", ways[3].name: "≤ 0.5 with bf16 hardware"}
    for way in ways:
        asked = targets.get(way.name, "") if device == "cpu" and extent.song_s == FULL.song_s else ""
        yield _time(f"Whisper tiny, {extent.song_s} s of song, {way.name}, {device}", seconds[way.name], target=asked)
    for theirs, ours in (ways[:2], ways[2:]):
        yield _ratio(f"  {ours.name} faster than transformers", seconds[theirs.name], seconds[ours.name])
        yield _difference(frames[theirs.name], frames[ours.name])


def _ours(folder: Path, voice: Mono, precision: Precision, device: str) -> Way:
    encoder = open_encoder(Family.WHISPER, folder, layer=-1, precision=precision, device=device)
    return Way(f"ours in {precision}", lambda: _heard(encoder, voice))


def _heard(encoder: Encoder, voice: Mono) -> _Array:
    sound = Sound(voice, RATE_HZ)
    return encoder.encode(sound, whole(sound)).values


def through_transformers(net: WhisperEncoder, voice: Mono, precision: Precision, device: str) -> Way:
    """Window by window on a CPU, where a batch would gain nothing; all at once on a GPU."""
    dims, dtype = net.dims, DTYPES[precision]
    config = WhisperConfig(
        num_mel_bins=dims.mels,
        max_source_positions=dims.positions,
        d_model=dims.width,
        encoder_layers=dims.layers,
        encoder_attention_heads=dims.heads,
        encoder_ffn_dim=dims.inner_width,
    )
    theirs = TheirWhisper(config).eval()  # type: ignore[no-untyped-call]
    theirs.load_state_dict(net.state_dict())
    theirs.to(device, dtype)
    extract = WhisperFeatureExtractor(feature_size=dims.mels)  # type: ignore[no-untyped-call]
    windows = [voice[at : at + _WINDOW] for at in range(0, len(voice), _WINDOW)]
    batches = [[window] for window in windows] if device == "cpu" else [windows]

    @torch.inference_mode()
    def hear() -> _Array:
        told = []
        for batch in batches:
            mel = extract(batch, sampling_rate=RATE_HZ, return_tensors="pt").input_features
            told.append(theirs(mel.to(device, dtype)).last_hidden_state.float().flatten(0, 1).cpu().numpy())
        return np.concatenate(told)

    return Way(f"transformers in {precision}", hear)


# --- the largest against the machine ----------------------------------------------------------------------------


def _large(device: str, machine: Machine, extent: Extent) -> Iterator[Figure]:
    with torch.device("meta"):
        shadow = WhisperEncoder(extent.large)
    mel = torch.zeros(1 if device == "cpu" else 8, extent.large.mels, 2 * extent.large.positions, dtype=torch.bfloat16)
    gflop = len(mel) * _gflop(shadow, mel[:1])
    net = random_net(lambda: shadow.to(torch.bfloat16).to_empty(device=device))
    mel = mel.to(device)

    @torch.inference_mode()
    def hear() -> _Array:
        told: _Array = net(mel).float().cpu().numpy()
        return told

    seconds, _ = _in_turn([Way("bf16", hear)], extent.rounds)
    took_s = statistics.median(seconds["bf16"])
    rate = machine.bf16_gflops if device == "cpu" else gpu_gflops(Precision.BF16)
    note = f"{gflop:,.0f} GF in {took_s:.2f} s"
    yield Figure(f"Whisper large-v3 in bf16, {device}: matrix products", gflop / took_s, "GF/s", note=note)
    if rate:
        yield Figure("  share of the machine's bf16 rate", 100 * gflop / took_s / rate, "%", target="≥ 50")


def _gflop(shadow: nn.Module, mel: torch.Tensor) -> float:
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        shadow(mel.to("meta", torch.float32))
    return float(counter.get_total_flops()) / 1e9


# --- what SaMoye scores with ------------------------------------------------------------------------------------


def _samoye(device: str, extent: Extent) -> Iterator[Figure]:
    """Without F0, which is tracked once for all who want it."""
    voice = made_voice(extent.features_s)
    ears = {
        precision: Ears(
            ppg_ear(random_net(lambda: WhisperEncoder(extent.ppg)), Opening(Family.SAMOYE, -1, precision, device)),
            units_ear(random_net(lambda: HubertSoft(extent.units)), Opening(Family.SAMOYE, -1, precision, device)),
        )
        for precision in (Precision.FP32, Precision.BF16)
    }
    exact = ears[Precision.FP32]
    assert isinstance(exact.ppg.net, WhisperEncoder)
    assert isinstance(exact.units.net, HubertSoft)
    plain = PlainSamoye(exact.ppg.net, exact.units.net, device)
    public = Way("the public script's structure", lambda: plain.hear(voice))
    ours = [Way(f"ours in {precision}", _featured(ear, voice)) for precision, ear in ears.items()]
    seconds, frames = _in_turn([public, *ours], extent.rounds)
    for way in (public, *ours):
        yield _time(f"SaMoye features, {extent.features_s} s of song, {way.name}, {device}", seconds[way.name])
    for way in ours:
        name = f"  {way.name} faster than {public.name}"
        target = "≥ 2" if way is ours[-1] else ""  # in fp32 both spend their time in the same matrix products
        yield replace(_ratio(name, seconds[public.name], seconds[way.name]), target=target)
        yield _difference(frames[public.name], frames[way.name])


def _featured(ears: Ears, voice: Mono) -> Callable[[], _Array]:
    def hear() -> _Array:
        return np.concatenate((_heard(ears.ppg, voice), _heard(ears.units, voice)), axis=1)

    return hear


# --- what they share --------------------------------------------------------------------------------------------


def _publish(net: WhisperEncoder, folder: Path) -> None:
    """As transformers would lay it out, to come in by the door that all come in by."""
    dims = net.dims
    folder.mkdir(parents=True, exist_ok=True)
    save_file({f"model.encoder.{name}": one for name, one in net.state_dict().items()}, folder / "model.safetensors")
    config = {
        "model_type": "whisper",
        "num_mel_bins": dims.mels,
        "max_source_positions": dims.positions,
        "d_model": dims.width,
        "encoder_attention_heads": dims.heads,
        "encoder_layers": dims.layers,
        "encoder_ffn_dim": dims.inner_width,
    }
    (folder / "config.json").write_text(json.dumps(config))


def _in_turn(ways: Sequence[Way], rounds: int) -> tuple[Mapping[str, list[float]], Mapping[str, _Array]]:
    """Seconds in every round, each round all of them in turn: what disturbs the machine disturbs all."""
    frames = {way.name: way.hear() for way in ways}  # warm
    seconds: dict[str, list[float]] = {way.name: [] for way in ways}
    for _, way in itertools.product(range(rounds), ways):
        began = time.perf_counter()
        way.hear()
        seconds[way.name].append(time.perf_counter() - began)
    return seconds, frames


def _time(name: str, seconds: Sequence[float], *, target: str = "") -> Figure:
    note = f"{min(seconds):.3f}–{max(seconds):.3f} s"
    return Figure(name, statistics.median(seconds), "s", target=target, note=note)


def _ratio(name: str, theirs: Sequence[float], ours: Sequence[float]) -> Figure:
    ratios = sorted(one / other for one, other in zip(theirs, ours, strict=True))
    return Figure(name, statistics.median(ratios), "×", note=f"min {ratios[0]:.2f}, max {ratios[-1]:.2f}")


def _difference(theirs: _Array, ours: _Array) -> Figure:
    correlation = np.corrcoef(theirs.ravel(), ours.ravel())[0, 1]
    largest = float(np.abs(theirs - ours).max())
    return Figure("  largest difference", largest, "", note=f"correlation {correlation:.6f}")
