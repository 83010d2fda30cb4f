"""Torch's own compiler: fuses what lies between the matrix products. Needs a C++ compiler on the machine."""

import shutil
import warnings
from collections.abc import Callable

import torch
from torch import Tensor

from vocalverse.errors import Unavailable
from vocalverse.separate.backends.backend import DTYPES, Backend, CpuBackend, failures_named, narrowed, set_threads
from vocalverse.separate.networks.network import Network
from vocalverse.separate.precision import Precision

_NAME = "torch-compiled"
_COMPILERS = ("g++", "clang++", "c++")


def open_compiled(network: Network, precision: Precision, threads: int | None) -> Backend:
    """Compiled for the network's own chunk before this returns: a minute or so, seconds where torch's cache has it."""
    if not any(map(shutil.which, _COMPILERS)):
        raise Unavailable("torch.compile needs a C++ compiler, and none is installed here: install g++, or do without.")
    set_threads(threads)
    narrow = narrowed(network, precision)
    with warnings.catch_warnings(), failures_named(_NAME, precision), torch.inference_mode():
        warnings.simplefilter("ignore")  # torch's own modules use what torch deprecates
        core = _compiled(narrow, precision)
        features, _ = narrow.analyse(torch.zeros(1, network.info.channels, network.info.chunk))
        core(features)
    return CpuBackend(_NAME, precision, narrow, core, fixed_shape=True)


def _compiled(narrow: Network, precision: Precision) -> Callable[[Tensor], Tensor]:
    quick = torch.compile(narrow.core, dynamic=False)

    def core(features: Tensor) -> Tensor:
        with torch.autocast("cpu", DTYPES[precision], enabled=precision is not Precision.FP32, cache_enabled=False):
            masks: Tensor = quick(features)
            return masks

    return core
