"""What runs a network on this machine. The release pins the precision; the backend only decides how fast it goes."""

import importlib
from collections.abc import Callable
from typing import TYPE_CHECKING

from vocalverse.separate.precision import Precision

if TYPE_CHECKING:
    from vocalverse.separate.backends.backend import Backend
    from vocalverse.separate.networks.network import Network

    Opener = Callable[[Network, Precision, int | None], Backend]

# Name → the function that opens it: (network, precision, threads) -> Backend. The last one runs everywhere.
_OPENERS = {
    "cuda": "vocalverse.separate.backends.cuda:open_cuda",
    "openvino": "vocalverse.separate.backends.openvino:open_openvino",
    "torch-compiled": "vocalverse.separate.backends.compiled:open_compiled",
    "torch": "vocalverse.separate.backends.torch_cpu:open_torch",
}
NAMES = tuple(_OPENERS)


def open_backend(network: "Network", name: str, precision: Precision, threads: int | None = None) -> "Backend":
    """A backend of that name and precision. `Unavailable` where this machine cannot have it.

    `threads` are the process's for all of torch; None leaves them as they are.
    """
    module, _, function = _OPENERS[name].partition(":")
    opener: Opener = getattr(importlib.import_module(module), function)
    return opener(network, precision, threads)
