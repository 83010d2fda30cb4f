"""Models that are not of our architectures, run by audio-separator's own networks: VR and MDXC.

Its MDX needs onnx2torch and torchvision, its Demucs diffq, which no business may use: both are refused.
"""

import importlib
import logging
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from vocalverse.errors import ModelBroken, ModelRefused
from vocalverse.separate.backends.backend import Backend, Chunks, check_chunks, check_stems, failures_named
from vocalverse.separate.networks.network import NetworkInfo
from vocalverse.separate.precision import Precision
from vocalverse.separate.purpose import in_our_word
from vocalverse.separate.weights import Hollow, assign

NAME = "audio-separator"

_PACKAGE = "audio_separator.separator"
_RATE_HZ = 44_100
_VR_CHUNK_S = 20
_RESAMPLER = "soxr_hq"  # in place of libsamplerate, which is not installed
_LARGEST = {"num_scales": 12, "num_blocks_per_scale": 64, "num_channels": 2048, "growth": 2048, "num_subbands": 64}
_LARGEST_SCALE = 8
_ACTIVATIONS = ("gelu", "relu", "elu")
_VR_SIZES = (31191, 33966, 56817, 123821, 123812, 129605, 218409, 537238, 537227)  # KiB of the public files
_WRONG = (
    FileNotFoundError,
    KeyError,
    TypeError,
    ValueError,
    AttributeError,
    IndexError,
    ZeroDivisionError,
    OverflowError,
    RuntimeError,
)


class Kind(StrEnum):
    VR = "VR"
    MDXC = "MDXC"
    MDX = "MDX"
    DEMUCS = "Demucs"


_REFUSED = {Kind.MDX: "onnx2torch, which needs torchvision", Kind.DEMUCS: "diffq, whose licence forbids business use"}


def kind_of(file: str, settings: Mapping[str, Any]) -> Kind | None:
    """Told from the file's name and what its yaml holds; None where audio-separator has no other network for it."""
    if file.endswith(".onnx"):
        return Kind.MDX
    if file.endswith(".th") or "demucs" in file.lower():
        return Kind.DEMUCS
    if "vr_model_param" in settings:
        return Kind.VR
    model = settings.get("model")
    return Kind.MDXC if isinstance(model, Mapping) and {"num_subbands", "bottleneck_factor"} <= model.keys() else None


def require_known(kind: Kind, file: str) -> None:
    """What we could run only with packages that we do without is refused."""
    if kind in _REFUSED:
        raise ModelRefused(
            f"{file} is {'an' if kind is Kind.MDX else 'a'} {kind} model: audio-separator runs it with {_REFUSED[kind]}. VocalVerse does without: take a"
            " RoFormer, MDXC or VR model."
        )


def stems_of(kind: Kind, settings: Mapping[str, Any]) -> tuple[str, ...]:
    """In our words, as far as they are known before the network is built."""
    if kind is Kind.VR:
        return _in_our_words([settings.get("primary_stem", "Vocals")])
    training = settings.get("training")
    named = training if isinstance(training, Mapping) else {}
    target = named.get("target_instrument")
    return _in_our_words([target] if target else named.get("instruments") or [])


def open_peer(
    kind: Kind, settings: Mapping[str, Any], tensors: Mapping[str, Tensor], *, file: Path, file_bytes: int = 0
) -> Backend:
    """`settings` as the model's yaml or json has them; `file` and its size only name it and tell its variant."""
    require_known(kind, file.name)
    try:
        opened = (
            _open_vr(settings, tensors, file, file_bytes) if kind is Kind.VR else _open_mdxc(settings, tensors, file)
        )
    except _WRONG as error:
        raise ModelBroken(f"{file.name}: no {kind} network can be built from its settings ({error}).") from error
    return opened


@dataclass(frozen=True)
class PeerBackend:
    """One chunk at a time, in fp32."""

    info: NetworkInfo
    hear: Callable[[Chunks], Chunks]  # [channels, samples] → [stems, channels, samples]
    name: str = NAME
    precision: Precision = Precision.FP32
    batch: int = 1

    def __call__(self, chunks: Chunks) -> Chunks:
        check_chunks(chunks, self.info, fixed_shape=False)
        samples = chunks.shape[-1]
        with failures_named(self.name, self.precision), torch.inference_mode(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of older ways to call torch
            stems = np.stack([_of_length(self.hear(chunk), samples) for chunk in chunks])
            check_stems(stems)
        return stems


# --- MDXC: a network from waveform to waveform ------------------------------------------------------------------


def _open_mdxc(settings: Mapping[str, Any], tensors: Mapping[str, Tensor], file: Path) -> PeerBackend:
    model, audio = settings["model"], settings["audio"]
    for name, most in _LARGEST.items():
        if not 0 < int(model[name]) <= most:
            raise ModelBroken(f"{file.name}: its {name} has to be 1 to {most}, not {model[name]}.")
    if not all(0 < int(factor) <= _LARGEST_SCALE for factor in model["scale"]):
        raise ModelBroken(f"{file.name}: its scale has to be 1 to {_LARGEST_SCALE} each way, not {model['scale']}.")
    if not str(model["act"]).startswith(_ACTIVATIONS):
        raise ModelBroken(f"{file.name}: {model['act']!r} is no activation that is known.")
    net = _module("uvr_lib_v5.tfc_tdf_v3")
    config = importlib.import_module("ml_collections").ConfigDict(dict(settings))
    with Hollow():
        network: nn.Module = net.TFC_TDF_net(config, torch.device("cpu"))
    assign(network, tensors, file)
    network.eval().requires_grad_(False)
    names = stems_of(Kind.MDXC, settings)
    chunk = int(audio["hop_length"]) * (int(settings["inference"]["dim_t"]) - 1)
    info = NetworkInfo(Kind.MDXC.value, int(audio.get("sample_rate", _RATE_HZ)), 2, names, chunk)

    def hear(samples: Chunks) -> Chunks:
        short = chunk - samples.shape[-1]
        given = np.pad(samples, ((0, 0), (0, max(short, 0))))
        stems: Chunks = network(torch.from_numpy(given)[None])[0].numpy()
        return stems.reshape(len(names), 2, -1)

    return PeerBackend(info, hear)


# --- VR: a mask on a spectrum of several bands, through audio-separator's own way there and back -----------------


def _open_vr(settings: Mapping[str, Any], tensors: Mapping[str, Tensor], file: Path, file_bytes: int) -> PeerBackend:
    parameters = str(settings["vr_model_param"])
    if not parameters.replace("_", "").isalnum():  # it becomes the name of a file of the package
        raise ModelBroken(f"{file.name}: {parameters!r} is no set of VR parameters.")
    package = _module("architectures.vr_separator")
    package.tqdm = iter  # its bars would fill our logs
    _module("uvr_lib_v5.spec_utils").wav_resolution = _RESAMPLER
    separator = package.VRSeparator(
        {
            "logger": logging.getLogger(f"{__name__}.vr"),
            "torch_device": torch.device("cpu"),
            "model_name": file.stem,
            "model_path": str(file),
            "model_data": dict(settings),
        },
        {"aggression": settings.get("aggression", 5)},
    )
    network = _vr_network(separator, min(_VR_SIZES, key=lambda size: abs(size - file_bytes / 1024)))
    assign(network, tensors, file)
    separator.model_run = network.eval().requires_grad_(False)
    names = (separator.primary_stem_name, separator.secondary_stem_name)
    info = NetworkInfo(Kind.VR.value, _RATE_HZ, 2, _in_our_words(names), _VR_CHUNK_S * _RATE_HZ)

    def hear(samples: Chunks) -> Chunks:
        if not samples.any():  # it divides by the loudest bin
            return np.zeros((2, *samples.shape), np.float32)
        spectra = separator.inference_vr(_spectrum(separator, samples), torch.device("cpu"), separator.aggressiveness)
        return np.stack([_of_length(_at_rate(separator, spectrum), samples.shape[-1]) for spectrum in spectra])

    return PeerBackend(info, hear)


def _vr_network(separator: Any, size: int) -> nn.Module:
    bins = separator.model_params.param["bins"] * 2
    network: nn.Module
    separator.is_vr_51_model = separator.is_vr_51_model or size in {56817, 218409}
    with Hollow():
        if separator.is_vr_51_model:
            nout, nout_lstm = separator.model_capacity
            network = _module("uvr_lib_v5.vr_network.nets_new").CascadedNet(bins, size, nout=nout, nout_lstm=nout_lstm)
        else:
            network = _module("uvr_lib_v5.vr_network.nets").determine_model_capacity(bins, size)
    return network


def _spectrum(separator: Any, samples: Chunks) -> np.ndarray[Any, Any]:
    """As its `loading_mix`, which reads a file: from the highest band down, each from the one above it."""
    utils, librosa = _module("uvr_lib_v5.spec_utils"), importlib.import_module("librosa")
    bands, newer = separator.model_params.param["band"], separator.is_vr_51_model
    rate_hz, wave, spectra = _RATE_HZ, samples, {}
    for number in sorted(bands, reverse=True):
        band = bands[number]
        if band["sr"] != rate_hz:
            wave = librosa.resample(wave, orig_sr=rate_hz, target_sr=band["sr"], res_type=_RESAMPLER)
            rate_hz = band["sr"]
        spectra[number] = utils.wave_to_spectrogram(
            wave, band["hl"], band["n_fft"], separator.model_params, band=number, is_v51_model=newer
        )
    spectrum: np.ndarray[Any, Any] = utils.combine_spectrograms(spectra, separator.model_params, is_v51_model=newer)
    return spectrum


def _at_rate(separator: Any, spectrum: np.ndarray[Any, Any]) -> Chunks:
    wave = separator.spec_to_wav(spectrum)
    if separator.model_samplerate != _RATE_HZ:
        soxr = importlib.import_module("soxr")
        wave = soxr.resample(wave.T, separator.model_samplerate, _RATE_HZ).T
    return np.asarray(wave, np.float32)


# --- both -------------------------------------------------------------------------------------------------------


def _module(name: str) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of pydub, which wants ffmpeg and audioop; neither is used
            return importlib.import_module(f"{_PACKAGE}.{name}")
    except ModuleNotFoundError as error:
        raise ModelRefused(f"This model is run by audio-separator, and {error.name} is not installed.") from error


def _in_our_words(names: Iterable[Any]) -> tuple[str, ...]:
    return tuple(in_our_word(str(name)) for name in names)


def _of_length(audio: Chunks, samples: int) -> Chunks:
    missing = samples - audio.shape[-1]
    edges = [(0, 0)] * (audio.ndim - 1)
    return np.pad(audio, [*edges, (0, missing)]) if missing > 0 else audio[..., :samples]
