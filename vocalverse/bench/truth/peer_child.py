"""A peer on WAVs at 16 kHz: one JSON line each. Run as a file by another Python, which need not know this package.

A pitch every 10 ms, 0 where there is none, or notes: from, to, MIDI.
"""

import importlib
import json
import pathlib
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import soundfile

_HOP_S = 0.01
_LOWEST_HZ, _HIGHEST_HZ = 60.0, 1_200.0
_SWIFT_STEP_S, _SWIFT_SURE = 0.016, 0.9

Said = dict[str, Any]
Hear = Callable[[str], Said]


def fcpe() -> Hear:
    import torch

    torch.set_num_threads(1)
    model = importlib.import_module("torchfcpe").spawn_bundled_infer_model(device="cpu")

    def hear(path: str) -> Said:
        signal, rate_hz = soundfile.read(path, dtype="float32")
        hz = model.infer(
            torch.from_numpy(signal)[None, :, None],
            sr=rate_hz,
            decoder_mode="local_argmax",
            threshold=0.006,
            f0_min=_LOWEST_HZ,
            f0_max=_HIGHEST_HZ,
            interp_uv=False,
            output_interp_target_length=int(len(signal) / rate_hz / _HOP_S) + 1,
        )
        return {"hz": hz[0, :, 0].tolist()}

    return hear


def swift_f0() -> Hear:
    """As it comes, at the confidence that it advises."""
    detector = importlib.import_module("swift_f0").SwiftF0(threads=1, spin=False)

    def hear(path: str) -> Said:
        signal, rate_hz = soundfile.read(path, dtype="float32")
        found = detector.detect(signal, rate_hz, _LOWEST_HZ, _HIGHEST_HZ)
        at = np.arange(int(len(signal) / rate_hz / _HOP_S) + 1) * _HOP_S / _SWIFT_STEP_S
        nearest = np.minimum(np.rint(at).astype(int), len(found.pitch_hz) - 1)
        return {"hz": np.where(found.confidence[nearest] > _SWIFT_SURE, found.pitch_hz[nearest], 0).tolist()}

    return hear


def pyin() -> Hear:
    import librosa

    def hear(path: str) -> Said:
        signal, rate_hz = soundfile.read(path, dtype="float32")
        hop = round(_HOP_S * rate_hz)
        hz, voiced, _ = librosa.pyin(
            signal, fmin=_LOWEST_HZ, fmax=_HIGHEST_HZ, sr=rate_hz, frame_length=1024, hop_length=hop, fill_na=0
        )
        return {"hz": np.where(voiced, hz, 0).tolist()}

    return hear


def basic_pitch() -> Hear:
    inference = importlib.import_module("basic_pitch.inference")
    weights = importlib.import_module("basic_pitch").ICASSP_2022_MODEL_PATH
    model = inference.Model(str(pathlib.Path(weights).parent / "nmp.onnx"))

    def hear(path: str) -> Said:
        *_, events = inference.predict(path, model)
        return {"notes": sorted([float(start_s), float(end_s), float(midi)] for start_s, end_s, midi, *_ in events)}

    return hear


PEERS = {"torchfcpe": fcpe, "swift_f0": swift_f0, "librosa": pyin, "basic_pitch": basic_pitch}


def main() -> None:
    """A module and WAVs."""
    hear = PEERS[sys.argv[1]]()
    for path in sys.argv[2:]:
        print(f"\n{json.dumps(hear(path))}", flush=True)  # some print bars of their own


if __name__ == "__main__":
    main()
