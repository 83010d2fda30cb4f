"""VR and MDXC models run through audio-separator's own networks; what needs packages that we refuse is refused."""

import hashlib
import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml

from vocalverse.errors import DigestMismatch, ModelBroken, ModelRefused, ModelUnknown
from vocalverse.models.digest import pin
from vocalverse.models.peers import open_peer_model
from vocalverse.separate.backends.peer import Kind, kind_of, open_peer
from vocalverse.separate.stitch import separate_to_arrays

pytestmark = pytest.mark.filterwarnings("ignore:stft with return_complex=False:UserWarning")  # the package's

MDXC: dict[str, Any] = {
    "audio": {"num_channels": 2, "sample_rate": 44100, "n_fft": 512, "hop_length": 128, "dim_f": 256, "chunk_size": 0},
    "model": {
        "act": "gelu",
        "norm": "InstanceNorm",
        "num_subbands": 2,
        "num_scales": 2,
        "scale": [2, 2],
        "num_blocks_per_scale": 1,
        "num_channels": 8,
        "growth": 4,
        "bottleneck_factor": 2,
    },
    "training": {"instruments": ["Vocals", "Instrumental"], "target_instrument": None},
    "inference": {"dim_t": 64, "num_overlap": 2},
}
VR = {"vr_model_param": "1band_sr44100_hl512_nf1024", "primary_stem": "Vocals", "nout": 8, "nout_lstm": 16}


def noise(frames: int, channels: int = 2) -> np.ndarray:
    return (0.1 * np.random.default_rng(2).standard_normal((frames, channels))).astype(np.float32)


def theirs(settings: dict[str, Any]) -> torch.nn.Module:
    """The package's own network with random weights."""
    torch.manual_seed(1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        from audio_separator.separator.uvr_lib_v5.tfc_tdf_v3 import TFC_TDF_net
        from audio_separator.separator.uvr_lib_v5.vr_network.nets_new import CascadedNet
        from ml_collections import ConfigDict
    if "model" in settings:
        return TFC_TDF_net(ConfigDict(settings), torch.device("cpu")).eval()
    bins = {"1band_sr44100_hl512_nf1024": 512, "2band_48000": 768}[settings["vr_model_param"]]
    return CascadedNet(2 * bins, 0, nout=settings["nout"], nout_lstm=settings["nout_lstm"]).eval()


def written(folder: Path, settings: dict[str, Any]) -> tuple[Path, Path, str]:
    checkpoint = folder / "model.ckpt"
    torch.save(theirs(settings).state_dict(), checkpoint)
    (folder / "model.yaml").write_text(yaml.safe_dump(settings) if "model" in settings else json.dumps(settings))
    return checkpoint, folder / "model.yaml", hashlib.sha256(checkpoint.read_bytes()).hexdigest()


def test_an_mdxc_model_gives_what_its_own_network_gives(tmp_path: Path):
    checkpoint, settings, sha256 = written(tmp_path, MDXC)
    backend = open_peer_model(checkpoint, settings, pin=pin(sha256))
    assert backend.info.stems == ("voice", "backing")
    chunk = noise(backend.info.chunk).T[None]
    with torch.inference_mode():
        expected = theirs(MDXC)(torch.from_numpy(chunk)).numpy()
    assert backend.info.chunk == 128 * 63
    np.testing.assert_array_equal(backend(chunk), expected)


def test_an_mdxc_model_separates_a_whole_recording(tmp_path: Path):
    checkpoint, settings, sha256 = written(tmp_path, MDXC)
    backend = open_peer_model(checkpoint, settings, pin=pin(sha256))
    stems = separate_to_arrays(noise(20_001), backend)
    assert {name: stem.shape for name, stem in stems.items()} == {"voice": (20_001, 2), "backing": (20_001, 2)}


@pytest.mark.parametrize("bands", ["1band_sr44100_hl512_nf1024", "2band_48000"])
def test_the_stems_of_a_vr_model_add_up_to_what_it_heard(tmp_path: Path, bands: str):
    """A mask and the rest of it."""
    checkpoint, settings, sha256 = written(tmp_path, {**VR, "vr_model_param": bands})
    backend = open_peer_model(checkpoint, settings, pin=pin(sha256))
    assert backend.info.stems == ("voice", "backing")
    time_s = np.arange(30_000) / 44100
    tone = np.stack([0.3 * np.sin(2 * np.pi * 440 * time_s), 0.2 * np.sin(2 * np.pi * 660 * time_s)]).astype(np.float32)
    stems = backend(tone[None])[0]
    error = (stems.sum(axis=0) - tone)[:, 2000:-2000]
    assert np.square(error).sum() < 1e-4 * np.square(tone).sum()
    assert np.square(stems).sum() > 0
    np.testing.assert_array_equal(backend(tone[None])[0], stems)


def test_silence_stays_silent_in_a_vr_model(tmp_path: Path):
    checkpoint, settings, sha256 = written(tmp_path, VR)
    backend = open_peer_model(checkpoint, settings, pin=pin(sha256))
    assert not backend(np.zeros((1, 2, 5000), np.float32)).any()


@pytest.mark.parametrize(("file", "package"), [("UVR-MDX-NET.onnx", "torchvision"), ("f7e0c4bc.th", "diffq")])
def test_what_needs_a_package_that_we_do_without_is_refused(tmp_path: Path, file: str, package: str):
    (tmp_path / "model.yaml").write_text("model: {}\n")
    with pytest.raises(ModelRefused, match=package):
        open_peer_model(tmp_path / file, tmp_path / "model.yaml", pin=pin("0" * 64))


def test_a_foreign_pickle_is_read_only_where_its_hash_matches(tmp_path: Path):
    checkpoint, settings, _ = written(tmp_path, MDXC)
    with pytest.raises(DigestMismatch):
        open_peer_model(checkpoint, settings, pin=pin("0" * 64))


@pytest.mark.parametrize(
    ("section", "change"),
    [
        ("model", {"num_scales": 10**9}),
        ("model", {"num_channels": 16}),
        ("model", {"act": "softmax"}),
        ("model", {"scale": [0, 0]}),
        ("model", {"growth": "much"}),
        ("audio", {"dim_f": None}),
        ("inference", {"dim_t": None}),
    ],
)
def test_settings_that_lie_are_refused(section: str, change: dict[str, Any]):
    settings = {**MDXC, section: {**MDXC[section], **change}}
    with pytest.raises(ModelBroken):
        open_peer(Kind.MDXC, settings, theirs(MDXC).state_dict(), file=Path("model.ckpt"))


def test_a_vr_model_names_no_file_outside_the_package():
    with pytest.raises(ModelBroken):
        open_peer(Kind.VR, {**VR, "vr_model_param": "../../../etc/passwd"}, {}, file=Path("model.pth"))
    with pytest.raises(ModelBroken):
        open_peer(Kind.VR, {**VR, "vr_model_param": "none"}, {}, file=Path("model.pth"))


def test_an_architecture_that_nobody_knows_is_said_to_be_so():
    with pytest.raises(ModelUnknown):
        kind_of("model.ckpt", {"model": {"dim": 3}})
