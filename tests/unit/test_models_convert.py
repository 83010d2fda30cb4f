"""From a public checkpoint to our own file: what goes over, and what must never happen on the way."""

import io
import os
import pickle
import struct
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from vocalverse.errors import BadInput, DigestMismatch, ModelBroken, NotFound
from vocalverse.models.convert import convert
from vocalverse.models.digest import Pin, pin, sha256_of_path
from vocalverse.models.unpickle import ReadLimits, read_tensors
from vocalverse.separate.networks import build
from vocalverse.separate.networks.configs import read_yaml, to_config
from vocalverse.separate.weights import describe, load

YAML = """
audio: {chunk_size: 13230, num_channels: 2, sample_rate: 44100}
model:
  dim: 16
  depth: 1
  stereo: true
  num_stems: 1
  time_transformer_depth: 1
  freq_transformer_depth: 1
  num_bands: 20
  dim_head: 8
  heads: 2
  stft_n_fft: 512
  stft_win_length: 512
  stft_hop_length: 256
  mask_estimator_depth: 1
  multi_stft_resolutions_window_sizes: !!python/tuple [4096, 2048]
training: {instruments: [vocals, other], target_instrument: vocals}
inference: {dim_t: 51, num_overlap: 2}
"""
LEGACY = {"_use_new_zipfile_serialization": False}


@pytest.fixture(scope="module")
def state_dict() -> dict[str, Tensor]:
    torch.manual_seed(5)
    config = read_yaml(YAML)
    return build(config.architecture.value, to_config(config)).state_dict()


@pytest.fixture
def yaml(tmp_path: Path) -> Path:
    (tmp_path / "model.yaml").write_text(YAML)
    return tmp_path / "model.yaml"


def tensors_in(path: Path, **limits: Any) -> dict[str, Tensor]:
    with path.open("rb") as file:
        return read_tensors(file, limits=ReadLimits(**limits))


def converted(checkpoint: Path, yaml: Path) -> Any:
    into = checkpoint.with_name("ours.safetensors")
    convert(checkpoint, yaml, into, pin=pin(sha256_of_path(checkpoint)), licence="MIT")
    return load(into)


@pytest.mark.parametrize("options", [{}, LEGACY], ids=["zip", "legacy"])
def test_tensors_of_every_kind_come_over(tmp_path: Path, options: dict[str, Any]):
    base = torch.arange(60.0).reshape(3, 4, 5)
    given = {
        "whole": base,
        "turned": base.permute(2, 0, 1),
        "part": base[1, :, 2:4],
        "spread": torch.ones(1).expand(7),
        "scalar": torch.tensor(3),
        "empty": torch.zeros(0, 3),
        "half": torch.randn(4, generator=torch.Generator().manual_seed(1)).half(),
        "brain": torch.tensor([1.5, -2.0]).bfloat16(),
        "flags": torch.tensor([True, False]),
        "parameter": torch.nn.Parameter(torch.ones(2)),
    }
    torch.save({"state_dict": OrderedDict(given), "epoch": 3, "lr": 1e-4}, tmp_path / "all.ckpt", **options)
    found = tensors_in(tmp_path / "all.ckpt")
    assert found.keys() == given.keys()
    for name, tensor in given.items():
        assert found[name].dtype == tensor.dtype
        assert torch.equal(found[name], tensor), name


@pytest.mark.parametrize("options", [{}, LEGACY], ids=["zip", "legacy"])
def test_a_checkpoint_becomes_the_same_network(
    tmp_path: Path, yaml: Path, state_dict: dict[str, Tensor], options: dict[str, Any]
):
    torch.save(state_dict, tmp_path / "public.ckpt", **options)
    network = converted(tmp_path / "public.ckpt", yaml)
    assert network.info.stems == ("voice",)
    assert network.state_dict().keys() == state_dict.keys()
    assert all(torch.equal(network.state_dict()[name], tensor) for name, tensor in state_dict.items())
    description = describe(tmp_path / "ours.safetensors")
    assert description.source_sha256 == sha256_of_path(tmp_path / "public.ckpt")
    assert description.licence == "MIT"


@pytest.mark.parametrize(
    "wrap",
    [
        lambda weights: {"state_dict": {f"model.{name}": one for name, one in weights.items()}, "epoch": 4},
        lambda weights: {"model": {f"module.model.{name}": one for name, one in weights.items()}},
        lambda weights: {"model_state_dict": weights, "optimizer": {"state": {}, "param_groups": [{"lr": 0.1}]}},
    ],
)
def test_what_trainers_wrap_around_the_weights_is_taken_off(
    tmp_path: Path, yaml: Path, state_dict: dict[str, Tensor], wrap: Callable[[dict[str, Tensor]], Any]
):
    torch.save(wrap(state_dict), tmp_path / "public.ckpt")
    network = converted(tmp_path / "public.ckpt", yaml)
    assert all(torch.equal(network.state_dict()[name], tensor) for name, tensor in state_dict.items())


def test_published_safetensors_come_over_too(tmp_path: Path, yaml: Path, state_dict: dict[str, Tensor]):
    save_file({name: tensor.clone() for name, tensor in state_dict.items()}, tmp_path / "public.safetensors")
    assert converted(tmp_path / "public.safetensors", yaml).state_dict().keys() == state_dict.keys()
    whole = (tmp_path / "public.safetensors").read_bytes()
    (tmp_path / "public.safetensors").write_bytes(whole[:-5])
    with pytest.raises(ModelBroken):
        converted(tmp_path / "public.safetensors", yaml)


class Marks:
    """Touches a file when it is unpickled."""

    def __init__(self, marker: Path, how: Callable[..., Any], *arguments: Any) -> None:
        self.marker, self.how, self.arguments = marker, how, arguments

    def __reduce__(self) -> Any:
        return self.how, (*self.arguments,)


def attacks(marker: Path) -> dict[str, Any]:
    code = f"open({str(marker)!r}, 'w').close()"
    return {
        "system": Marks(marker, os.system, f"touch {marker}"),
        "exec": Marks(marker, exec, code),
        "eval": Marks(marker, eval, code),
        "open": Marks(marker, open, str(marker), "w"),
        "getattr": Marks(marker, getattr, "text", "upper"),
        "bytes": Marks(
            marker, torch.storage._load_from_bytes, pickle.dumps(Marks(marker, os.system, f"touch {marker}"))
        ),
    }


@pytest.mark.parametrize(
    ("attack", "options"),
    [*((attack, {}) for attack in ("system", "exec", "eval", "open", "getattr", "bytes")), ("system", LEGACY)],
)
def test_code_in_a_checkpoint_is_never_run(tmp_path: Path, attack: str, options: dict[str, Any]):
    evil = {"weight": torch.ones(3), "extra": attacks(tmp_path / "marker")[attack]}
    torch.save(evil, tmp_path / "evil.ckpt", **options)
    with pytest.raises(ModelBroken, match="attack"):
        tensors_in(tmp_path / "evil.ckpt")
    assert not (tmp_path / "marker").exists()
    if attack == "system":  # and the attack is real: without a guard it is run
        torch.load(tmp_path / "evil.ckpt", weights_only=False)
        assert (tmp_path / "marker").exists()


def test_code_is_not_run_where_the_hash_does_not_match(tmp_path: Path, yaml: Path):
    torch.save({"weight": attacks(tmp_path / "marker")["system"]}, tmp_path / "evil.ckpt")
    with pytest.raises(DigestMismatch):
        convert(tmp_path / "evil.ckpt", yaml, tmp_path / "ours.safetensors", pin=pin("0" * 64), licence="MIT")
    assert not (tmp_path / "marker").exists()
    assert not (tmp_path / "ours.safetensors").exists()


def in_zip(path: Path, program: bytes, **storages: bytes) -> Path:
    """A checkpoint whose pickle is this program."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", program)
        for key, numbers in storages.items():
            archive.writestr(f"archive/data/{key}", numbers)
    return path


def tensor_program(*, count: int, offset: int, shape: tuple[int, ...], strides: tuple[int, ...]) -> bytes:
    """A pickle of one tensor on the storage `k` that says these things of itself."""

    class Pickler(pickle.Pickler):
        def persistent_id(self, value: Any) -> Any:
            return ("storage", torch.FloatStorage, "k", "cpu", count) if isinstance(value, Storage) else None

    class Storage: ...

    class Tensor:
        def __reduce__(self) -> Any:
            return torch._utils._rebuild_tensor_v2, (Storage(), offset, shape, strides, False, OrderedDict())

    out = io.BytesIO()
    Pickler(out, 2).dump({"weight": Tensor()})
    return out.getvalue()


def hash_bomb() -> bytes:
    """A key of tuples nested in themselves: hashing it would take longer than the universe has left."""
    return b"\x80\x02}" + b")" + b"2\x86" * 200 + b"K\x01s."


@pytest.mark.parametrize(
    "program",
    [
        pytest.param(hash_bomb(), id="endless"),
        pytest.param(b"\x80\x04\x96" + struct.pack("<Q", 2**40) + b"x.", id="a string of a terabyte"),
        pytest.param(b"\x80\x02Nr\xff\xff\xff\x7f.", id="a memo of billions"),
        pytest.param(b"\x80\x04\x8c\x0bcollections\x8c\x18OrderedDict.__init__.sys\x93.", id="a way through attributes"),
        pytest.param(b"", id="nothing"),
        pytest.param(b"\x80\x02}.", id="no weights"),
        pytest.param(b"\x80\x02]" + b"]" * 100_000 + b"a" * 100_000 + b".", id="a deep nest"),
        pytest.param(tensor_program(count=4, offset=0, shape=(5,), strides=(1,)), id="beyond its storage"),
        pytest.param(tensor_program(count=4, offset=3, shape=(2, 2), strides=(0, 1)), id="shifted beyond"),
        pytest.param(tensor_program(count=4, offset=-1, shape=(1,), strides=(1,)), id="before its storage"),
        pytest.param(tensor_program(count=4, offset=0, shape=(2**20, 2**20), strides=(0, 0)), id="one number as a terabyte"),
        pytest.param(tensor_program(count=9, offset=0, shape=(9,), strides=(1,)), id="a storage that is shorter"),
        pytest.param(tensor_program(count=4, offset=0, shape=(1,) * 9, strides=(1,) * 9), id="nine dimensions"),
    ],
)  # fmt: skip
def test_a_pickle_that_only_wastes_or_lies_ends_in_a_sentence(tmp_path: Path, program: bytes):
    checkpoint = in_zip(tmp_path / "evil.ckpt", program, k=bytes(16))
    with pytest.raises(ModelBroken):
        tensors_in(checkpoint, cpu_s=1, memory_bytes=2**29)


def test_a_checkpoint_whose_entries_are_packed_is_refused(tmp_path: Path):
    """torch.save packs nothing: a packed entry is a bomb."""
    with zipfile.ZipFile(tmp_path / "bomb.ckpt", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", tensor_program(count=2**22, offset=0, shape=(2**22,), strides=(1,)))
        archive.writestr("archive/data/k", bytes(2**24))
    with pytest.raises(ModelBroken, match="compressed"):
        tensors_in(tmp_path / "bomb.ckpt")


@pytest.mark.parametrize("options", [{}, LEGACY], ids=["zip", "legacy"])
@pytest.mark.parametrize("share", [0.0, 0.02, 0.5, 0.999])
def test_a_checkpoint_cut_short_is_refused(
    tmp_path: Path, state_dict: dict[str, Tensor], options: dict[str, Any], share: float
):
    torch.save(state_dict, tmp_path / "whole.ckpt", **options)
    whole = (tmp_path / "whole.ckpt").read_bytes()
    (tmp_path / "cut.ckpt").write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(ModelBroken, match="cut short" if share and not options else None):
        tensors_in(tmp_path / "cut.ckpt")


def test_a_flipped_bit_in_the_weights_is_noticed(tmp_path: Path, state_dict: dict[str, Tensor]):
    torch.save(state_dict, tmp_path / "whole.ckpt")
    raw = bytearray((tmp_path / "whole.ckpt").read_bytes())
    raw[len(raw) // 2] ^= 1
    (tmp_path / "whole.ckpt").write_bytes(raw)
    with pytest.raises(ModelBroken):
        tensors_in(tmp_path / "whole.ckpt")


@pytest.mark.parametrize(
    ("line", "instead", "said"),
    [
        ("dim: 16", "dim: 24", r"instead of.*model\.yaml belong to it"),
        ("depth: 1", "depth: 2", "lacks"),
        ("num_bands: 20", "num_bands: 30", "lacks"),
        ("dim: 16", "dim: -3", "dim"),
        ("dim: 16", "dim: 99999999999", "dim"),
        ("dim: 16", "dim: !!python/object/apply:os.system [touch marker]", "dim"),
        ("num_bands: 20", "no_bands: 20", "num_bands"),
    ],
)
def test_a_yaml_that_lies_leaves_nothing_behind(
    tmp_path: Path, yaml: Path, state_dict: dict[str, Tensor], line: str, instead: str, said: str
):
    torch.save(state_dict, tmp_path / "public.ckpt")
    yaml.write_text(YAML.replace(line, instead))
    with pytest.raises(ModelBroken, match=said):
        converted(tmp_path / "public.ckpt", yaml)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model.yaml", "public.ckpt"]


def test_absent_files_are_named(tmp_path: Path, yaml: Path):
    with pytest.raises(NotFound, match=r"none\.ckpt"):
        convert(tmp_path / "none.ckpt", yaml, tmp_path / "x", pin=pin("0" * 64), licence="MIT")
    with pytest.raises(NotFound, match=r"none\.yaml"):
        convert(tmp_path / "none.ckpt", tmp_path / "none.yaml", tmp_path / "x", pin=pin("0" * 64), licence="MIT")


def test_a_pin_may_be_a_beginning_and_an_end():
    assert Pin("87201f4d", "7559e").matches("87201f4d" + "0" * 51 + "7559e")
    assert not Pin("87201f4d", "7559e").matches("87201f4d" + "0" * 56)
    assert not Pin("87201f4d", "7559e").whole
    assert pin(" SHA256:" + "AB" * 32).matches("ab" * 32)
    for wrong in ("", "12", "xy" * 32, "0" * 65):
        with pytest.raises(BadInput):
            pin(wrong)
    with pytest.raises(BadInput):
        Pin("1234")
