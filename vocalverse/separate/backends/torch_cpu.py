"""Plain torch: runs everywhere, in every precision. What everything else is measured against."""

import torch
from torch import Tensor

from vocalverse.separate.backends.backend import DTYPES, Backend, CpuBackend, narrowed, set_threads
from vocalverse.separate.networks.network import Network
from vocalverse.separate.precision import Precision


def open_torch(network: Network, precision: Precision, threads: int | None) -> Backend:
    set_threads(threads)
    if precision is Precision.FP32:
        return CpuBackend("torch", precision, network, network.core)
    narrow = narrowed(network, precision)

    def core(features: Tensor) -> Tensor:
        # The weights are narrow already: a cache of cast ones would only hold a second copy.
        with torch.autocast("cpu", DTYPES[precision], cache_enabled=False):
            return narrow.core(features)

    return CpuBackend("torch", precision, narrow, core)
