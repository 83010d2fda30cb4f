"""Who runs against whom: audio-separator's network the way its code runs it, and ours, on the same random weights."""

import copy
import logging
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch.utils.flop_counter import FlopCounterMode

from vocalverse.errors import BackendFailed, Unavailable
from vocalverse.separate.backends import open_backend
from vocalverse.separate.networks import build, configs
from vocalverse.separate.networks.configs import Architecture, RoformerConfig
from vocalverse.separate.networks.network import Network
from vocalverse.separate.precision import Precision

_log = logging.getLogger(__name__)

Audio = npt.NDArray[np.float32]
Run = Callable[[Audio], Audio]  # [batch, channels, samples] → stems


def _config(dim: int, depth: int, *, mel_bands: int = 60, chunk: int = 352_800, head_dim: int = 64) -> RoformerConfig:
    return RoformerConfig(
        Architecture.MEL_BAND,
        dim=dim,
        depth=depth,
        stems=("voice",),
        chunk=chunk,
        mask_depth=2,
        hop=441,
        head_dim=head_dim,
        channels=2,
        time_depth=1,
        frequency_depth=1,
        mel_bands=mel_bands,
    )


# The published shapes of speed.md, and one that takes a second.
CONFIGS: Mapping[str, RoformerConfig] = {
    "published": _config(384, 6),
    "dereverb": _config(256, 8),
    "small": _config(192, 6),
    "smaller": _config(128, 3, mel_bands=40),
    "tiny": _config(32, 1, chunk=66_150, head_dim=16),
}


@dataclass(frozen=True)
class Separator:
    """One way of running the weights that all share."""

    name: str
    precision: Precision
    run: Run
    ours: bool


def random_network(config: RoformerConfig) -> Network:
    """Speed does not depend on the weights."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return build(config.architecture, configs.to_config(config)).eval().requires_grad_(False)


def matmul_gflop(network: Network) -> float:
    """Of all matrix products over one chunk, counted without doing them."""
    features, _ = network.analyse(torch.zeros(1, network.info.channels, network.info.chunk))
    shadow = copy.deepcopy(network).to("meta")
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        shadow.core(features.to("meta"))
    return float(counter.get_total_flops()) / 1e9


def peers(network: Network, config: RoformerConfig, device: str) -> Sequence[Separator]:
    """Its default, and the best that its code can be made to do. None where the package is not installed."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the packages that it stands on
            from audio_separator.separator.uvr_lib_v5.roformer.mel_band_roformer import MelBandRoformer
    except ImportError as missing:
        _log.warning("no peer to measure against: %s", missing, extra={"action": "bench_without_peer"})
        return ()
    theirs = MelBandRoformer(
        dim=config.dim,
        depth=config.depth,
        stereo=config.channels == 2,
        num_stems=len(config.stems),
        time_transformer_depth=config.time_depth,
        freq_transformer_depth=config.frequency_depth,
        num_bands=config.mel_bands,
        dim_head=config.head_dim,
        heads=config.heads,
        stft_hop_length=config.hop,
        mask_estimator_depth=config.mask_depth,
    )
    theirs.load_state_dict(network.state_dict())
    theirs = theirs.eval().to(device)
    half = Precision.BF16 if device == "cpu" else Precision.FP16
    # Taken apart for the compiler, spectra cost minutes of compiling and gain nothing.
    for spectrum in (torch.stft, torch.istft):
        torch._dynamo.disallow_in_graph(spectrum)  # noqa: SLF001 - it has no public name
    best = torch.compile(theirs)
    return (
        Separator("audio-separator, default", Precision.FP32, _eager(theirs, device, None), ours=False),
        Separator("audio-separator, autocast + compile", half, _eager(best, device, half), ours=False),
    )


def _eager(model: Callable[[torch.Tensor], torch.Tensor], device: str, half: Precision | None) -> Run:
    """As in its `demix`: one chunk at a time, and down to the CPU before the next."""
    dtype = torch.bfloat16 if half is Precision.BF16 else torch.float16

    def run(chunks: Audio) -> Audio:
        with warnings.catch_warnings(), torch.no_grad(), torch.autocast(device, dtype, enabled=half is not None):
            warnings.simplefilter("ignore")  # of its spectrum and of torch's compiler
            stems = [model(torch.from_numpy(chunk)[None].to(device)).float().cpu().numpy() for chunk in chunks]
        joined = np.concatenate(stems)
        return joined if joined.ndim == 4 else joined[:, None]

    return run


def ours(network: Network, names: Sequence[tuple[str, Precision]]) -> Sequence[Separator]:
    """Those of `names` that this machine can have."""
    able = []
    for name, precision in names:
        try:
            backend = open_backend(network, name, precision)
        except (Unavailable, BackendFailed) as trouble:
            _log.warning("%s %s left out: %s", name, precision, trouble, extra={"action": "bench_left_out"})
            continue
        able.append(Separator(f"ours, {name} {precision}", precision, backend, ours=True))
    return able
