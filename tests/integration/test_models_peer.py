"""VR and MDXC models run through audio-separator's own networks; what needs packages that we refuse is refused."""

import hashlib
import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch
import yaml
from click.testing import CliRunner, Result

from vocalverse.cli import main
from vocalverse.errors import BadInput, DigestMismatch, ModelBroken, ModelRefused, ModelUnknown, NotFound
from vocalverse.models.digest import pin
from vocalverse.models.intake import recognise, take_in
from vocalverse.separate import ear
from vocalverse.separate.backends import open_backend
from vocalverse.separate.backends.backend import Backend
from vocalverse.separate.backends.peer import Kind, kind_of, open_peer
from vocalverse.separate.backends.peer_file import open_peer_file
from vocalverse.separate.ear import Ear
from vocalverse.separate.options import EarOptions
from vocalverse.separate.precision import Precision
from vocalverse.separate.purpose import Purpose
from vocalverse.separate.stitch import separate_to_arrays

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


@pytest.fixture(autouse=True)
def plainly_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which backend of our own networks is the quickest here is measured elsewhere."""
    monkeypatch.setattr(
        ear, "open_fastest", lambda network, precision, **_: open_backend(network, "torch", precision, 1)
    )


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


def kept(folder: Path, settings: dict[str, Any]) -> Path:
    """A random network of this kind as it lies on the shelf."""
    checkpoint, yaml_path, sha256 = written(folder, settings)
    take_in(recognise(checkpoint, yaml_path), folder / "kept.safetensors", pin=pin(sha256), licence="MIT")
    return folder / "kept.safetensors"


def opened(folder: Path, settings: dict[str, Any]) -> Backend:
    return open_peer_file(kept(folder, settings))


@pytest.mark.filterwarnings("ignore:stft with return_complex=False:UserWarning")
def test_an_mdxc_model_gives_what_its_own_network_gives(tmp_path: Path):
    backend = opened(tmp_path, MDXC)
    assert backend.info.stems == ("voice", "backing")
    chunk = noise(backend.info.chunk).T[None]
    with torch.inference_mode():
        expected = theirs(MDXC)(torch.from_numpy(chunk)).numpy()
    assert backend.info.chunk == 128 * 63
    np.testing.assert_array_equal(backend(chunk), expected)


def test_an_mdxc_model_separates_a_whole_recording(tmp_path: Path):
    backend = opened(tmp_path, MDXC)
    stems = separate_to_arrays(noise(20_001), backend)
    assert {name: stem.shape for name, stem in stems.items()} == {"voice": (20_001, 2), "backing": (20_001, 2)}


@pytest.mark.parametrize("bands", ["1band_sr44100_hl512_nf1024", "2band_48000"])
def test_the_stems_of_a_vr_model_add_up_to_what_it_heard(tmp_path: Path, bands: str):
    """A mask and the rest of it."""
    backend = opened(tmp_path, {**VR, "vr_model_param": bands})
    assert backend.info.stems == ("voice", "backing")
    time_s = np.arange(30_000) / 44100
    tone = np.stack([0.3 * np.sin(2 * np.pi * 440 * time_s), 0.2 * np.sin(2 * np.pi * 660 * time_s)]).astype(np.float32)
    stems = backend(tone[None])[0]
    error = (stems.sum(axis=0) - tone)[:, 2000:-2000]
    assert np.square(error).sum() < 1e-4 * np.square(tone).sum()
    assert np.square(stems).sum() > 0
    np.testing.assert_array_equal(backend(tone[None])[0], stems)


def test_silence_stays_silent_in_a_vr_model(tmp_path: Path):
    backend = opened(tmp_path, VR)
    assert not backend(np.zeros((1, 2, 5000), np.float32)).any()


@pytest.mark.parametrize(("file", "package"), [("UVR-MDX-NET.onnx", "torchvision"), ("f7e0c4bc.th", "diffq")])
def test_what_needs_a_package_that_we_do_without_is_refused(tmp_path: Path, file: str, package: str):
    """Before anything else is asked for."""
    with pytest.raises(ModelRefused, match=package):
        recognise(tmp_path / file)


def test_a_foreign_pickle_is_read_only_where_its_hash_matches(tmp_path: Path):
    checkpoint, settings, _ = written(tmp_path, MDXC)
    with pytest.raises(DigestMismatch):
        take_in(recognise(checkpoint, settings), tmp_path / "kept.safetensors", pin=pin("0" * 64), licence="MIT")
    assert not (tmp_path / "kept.safetensors").exists()


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


def test_an_architecture_that_nobody_knows_is_said_to_be_so(tmp_path: Path):
    assert kind_of("model.ckpt", {"model": {"dim": 3}}) is None
    (tmp_path / "model.yaml").write_text("model: {dim: 3}")
    with pytest.raises(ModelBroken, match=r"model\.yaml.*RoFormer"):
        recognise(tmp_path / "model.ckpt")


@pytest.mark.parametrize(
    ("settings", "purpose"),
    [
        (MDXC, Purpose.SEPARATE),
        (VR, Purpose.SEPARATE),
        ({**VR, "primary_stem": "Instrumental"}, Purpose.SEPARATE),
        ({**VR, "primary_stem": "No Reverb"}, Purpose.DEREVERBERATE),
        ({**VR, "primary_stem": "Echo"}, Purpose.DEREVERBERATE),
    ],
)
def test_what_it_is_for_is_told_by_its_stems(tmp_path: Path, settings: dict[str, Any], purpose: Purpose):
    (tmp_path / "model.json").write_text(json.dumps(settings))
    assert recognise(tmp_path / "model.pth").purpose is purpose


def test_of_a_json_of_all_models_those_settings_are_taken_that_are_of_this_file(tmp_path: Path):
    """UVR names them by the md5 of the last ten megabytes."""
    (tmp_path / "model.pth").write_bytes(bytes(10) + b"x" * 10_240_000)
    name = hashlib.md5(b"x" * 10_240_000).hexdigest()
    (tmp_path / "all.json").write_text(json.dumps({"0" * 32: {}, name: {**VR, "primary_stem": "Dry"}}))
    assert recognise(tmp_path / "model.pth", tmp_path / "all.json").stems == ("dry",)
    (tmp_path / "all.json").write_text(json.dumps({"0" * 32: VR}))
    with pytest.raises(ModelUnknown, match=r"model\.pth"):
        recognise(tmp_path / "model.pth", tmp_path / "all.json")


def test_settings_that_unfold_without_end_are_refused(tmp_path: Path):
    checkpoint, settings, sha256 = written(tmp_path, MDXC)
    laughs = "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 30))
    settings.write_text(f"a0: &a0 [ha]\n{laughs}{settings.read_text()}")
    with pytest.raises(ModelBroken, match="longer than"):
        take_in(recognise(checkpoint, settings), tmp_path / "kept.safetensors", pin=pin(sha256), licence="MIT")


def test_a_file_of_the_shelf_that_is_cut_short_is_refused(tmp_path: Path):
    path = kept(tmp_path, MDXC)
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(ModelBroken, match="fetch or convert it again"):
        open_peer_file(path)


def test_in_half_precision_it_is_not_run(tmp_path: Path):
    with pytest.raises(BadInput, match="bf16"):
        Ear.open(EarOptions(separator=kept(tmp_path, MDXC), precision=Precision.BF16))


# --- as an operator meets it ------------------------------------------------------------------------------------


def said(data: Path, *arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments], env={"VOCALVERSE_DATA": str(data)})


def imported(tmp_path: Path, settings: dict[str, Any], name: str) -> dict[str, Any]:
    checkpoint, _, sha256 = written(tmp_path, settings)
    asked = ("models", "import", checkpoint, "--sha256", sha256, "--licence", "MIT", "--commercial", "yes")
    done = said(tmp_path / "data", *asked, "--name", name, "--json")
    assert done.exit_code == 0, done.output
    facts: dict[str, Any] = json.loads(done.stdout)
    return facts


@pytest.fixture
def take(tmp_path: Path) -> Path:
    soundfile.write(tmp_path / "take.wav", noise(44_100), 44_100)
    return tmp_path / "take.wav"


@pytest.mark.parametrize("settings", [MDXC, VR], ids=["MDXC", "VR"])
def test_an_imported_separator_separates_and_is_checked(tmp_path: Path, take: Path, settings: dict[str, Any]):
    facts = imported(tmp_path, settings, "mine")
    assert (facts["purpose"], facts["architecture"]) == ("separate", "MDXC" if settings is MDXC else "VR")
    done = said(tmp_path / "data", "separate", take, "--model", "mine", "-o", tmp_path / "out", "--json")
    assert done.exit_code == 0, done.output
    voice, _ = soundfile.read(tmp_path / "out" / "take.voice.flac")
    assert np.square(voice).sum() > 0
    checked = said(tmp_path / "data", "models", "check", "mine", "--json")
    assert checked.exit_code == 1  # it was never trained
    assert json.loads(checked.stdout)["passed"] is False
    assert said(tmp_path / "data", "models", "verify", "mine").exit_code == 0
    other = said(tmp_path / "data", "models", "check", "mine", "--backend", "openvino")
    assert other.exit_code == 2
    assert "audio-separator" in other.stderr


def test_an_imported_dereverberator_takes_the_room_out_and_is_no_separator(tmp_path: Path, take: Path):
    assert imported(tmp_path, {**VR, "primary_stem": "No Reverb"}, "dry")["purpose"] == "dereverberate"
    asked = ("separate", take, "-o", tmp_path / "out", "--json")
    done = said(tmp_path / "data", *asked, "--dereverb-model", "dry")
    assert done.exit_code == 0, done.output
    refused = said(tmp_path / "data", *asked, "--model", "dry")
    assert refused.exit_code == 6
    assert "takes the room out" in json.loads(refused.stderr)["message"]


def test_without_its_yaml_it_is_said_what_is_needed(tmp_path: Path):
    (tmp_path / "model.pth").write_bytes(b"x")
    with pytest.raises(NotFound, match="--yaml"):
        recognise(tmp_path / "model.pth")
