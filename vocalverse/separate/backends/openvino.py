"""OpenVINO: the quickest way over a RoFormer that CPUs have, above all those with AMX."""

import ctypes
import sys
import warnings
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from vocalverse.errors import BackendFailed, Unavailable
from vocalverse.separate.backends.backend import Backend, CpuBackend, failures_named, set_threads
from vocalverse.separate.networks.network import Network
from vocalverse.separate.precision import Precision

_NAME = "openvino"
_M_MMAP_THRESHOLD = -3  # of malloc.h
_LARGE_BYTES = 2**20
_TRACED = 2**15  # samples; no window is longer
# Precision → what OpenVINO calls it, as a hint and among what the CPU can do.
_HINTS = {Precision.FP32: ("f32", "FP32"), Precision.BF16: ("bf16", "BF16"), Precision.FP16: ("f16", "FP16")}


def open_openvino(network: Network, precision: Precision, threads: int | None) -> Backend:
    """`core` converted for the network's own chunk, which takes a few seconds."""
    ov = _library()
    _return_large_blocks()
    set_threads(threads)
    runtime = ov.Core()
    hint, capability = _HINTS[precision]
    if capability not in runtime.get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
        raise Unavailable(f"OpenVINO has no {precision} on this CPU: another backend reckons in it.")
    options = {
        "INFERENCE_PRECISION_HINT": hint,
        "INFERENCE_NUM_THREADS": torch.get_num_threads(),
        "NUM_STREAMS": 1,
        "PERFORMANCE_HINT": "LATENCY",
        "ENABLE_CPU_PINNING": False,  # every worker of a machine would pin itself to the same cores
    }
    with failures_named(_NAME, precision), torch.inference_mode():
        model = _converted(ov, network)
        request = runtime.compile_model(model, "CPU", options).create_infer_request()

    def core(features: Tensor) -> Tensor:
        request.infer([np.ascontiguousarray(features.numpy())], share_inputs=True)
        return torch.from_numpy(request.get_output_tensor(0).data.copy())

    return CpuBackend(_NAME, precision, network, core, fixed_shape=True)


def _library() -> Any:
    """The package without its telemetry, which otherwise calls home and writes into the home folder when imported."""
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]  # None forbids the import
    try:
        import openvino as ov
        import openvino.frontend.pytorch.ts_decoder
    except ImportError as missing:
        raise Unavailable(f"OpenVINO is not installed here ({missing}): pip install 'vocalverse[hear]'.") from missing
    return ov


def _return_large_blocks() -> None:
    """To the system as soon as they are freed: OpenVINO keeps its own, and what glibc would hoard beside is 200 MB."""
    set_option = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if set_option is not None:
        set_option(_M_MMAP_THRESHOLD, _LARGE_BYTES)


def _converted(ov: Any, network: Network) -> Any:
    """Through the frontend itself: `openvino.convert_model` would bring the telemetry back.

    Traced on a short chunk, because tracing is reckoning, and then made for whole ones.
    """
    info = network.info
    short, whole = (
        network.analyse(torch.zeros(1, info.channels, samples))[0] for samples in (min(_TRACED, info.chunk), info.chunk)
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about tracing, which is deprecated and the only way in
        decoder = ov.frontend.pytorch.ts_decoder.TorchScriptPythonDecoder(
            _Core(network), example_input=short, trace_kwargs={"check_trace": False}
        )
    frontend = ov.frontend.FrontEndManager().load_by_framework("pytorch")
    try:
        model = frontend.convert(frontend.load(decoder))
    except (ov.frontend.OpConversionFailure, ov.frontend.GeneralFailure) as failure:
        raise BackendFailed(f"OpenVINO cannot convert {info.architecture} ({failure}).") from failure
    model.reshape(list(whole.shape))
    return model


class _Core(nn.Module):
    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, features: Tensor) -> Tensor:
        return self.network.core(features)
