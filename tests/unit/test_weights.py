import json
import struct
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from vocalverse.errors import ModelBroken, NotFound
from vocalverse.separate import networks
from vocalverse.separate.networks.network import Network, NetworkInfo
from vocalverse.separate.weights import describe, load, save


class Toy(Network):
    """Something of everything that networks hold: layers, norms, a shared parameter, a table that is not stored."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width
        self.info = NetworkInfo("toy", 44100, 2, ("voice",), 1000)
        self.inner = nn.Linear(width, width)
        self.outer = nn.ConvTranspose2d(4, 64, 5)
        self.norm = nn.BatchNorm1d(width)
        self.bands = nn.Parameter(torch.randn(3, width, 2) / width)
        self.first = nn.Parameter(torch.ones(4))
        self.second = self.first
        self.register_buffer("window", torch.hann_window(8), persistent=False)

    def to_config(self) -> Mapping[str, Any]:
        return {"width": self.width}

    def analyse(self, audio: Tensor) -> tuple[Tensor, Tensor]:
        return audio, audio

    def core(self, features: Tensor) -> Tensor:
        return self.inner(features)

    def synthesise(self, spectrum: Tensor, masks: Tensor, samples: int) -> Tensor:
        return (spectrum * masks)[:, None]


@pytest.fixture(autouse=True)
def toy_architecture(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("toy_network")
    module.build = lambda config: Toy(config["width"])  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "toy_network", module)
    monkeypatch.setitem(networks._BUILDERS, "toy", "toy_network:build")


def toy(width: int = 80) -> Toy:
    torch.manual_seed(7)
    return Toy(width).eval()


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    save(toy(), tmp_path / "toy.safetensors", licence="MIT", source_sha256="ab" * 32)
    return tmp_path / "toy.safetensors"


def rewritten(path: Path, change: Any) -> Path:
    """The same file with other tensors."""
    described = {"vocalverse": json.dumps({"architecture": "toy", "config": {"width": 80}})}
    tensors = load_file(path)
    change(tensors)
    save_file(tensors, path, metadata=described)
    return path


def test_a_network_comes_back_as_it_was_saved(saved: Path):
    network, expected = load(saved), toy()
    assert network.state_dict().keys() == expected.state_dict().keys()
    for name, tensor in expected.state_dict().items():
        assert torch.equal(network.state_dict()[name], tensor), name
    audio = torch.randn(1, 2, 80, generator=torch.Generator().manual_seed(1))
    assert torch.equal(network.separate(audio), expected.separate(audio))
    assert torch.equal(network.window, torch.hann_window(8))
    assert not network.training
    assert not any(parameter.requires_grad for parameter in network.parameters())


def test_a_file_says_what_it_is_and_under_which_licence(saved: Path):
    description = describe(saved)
    assert (description.architecture, description.config) == ("toy", {"width": 80})
    assert (description.licence, description.source_sha256) == ("MIT", "ab" * 32)


def test_int8_is_small_and_near(tmp_path: Path):
    save(toy(400), tmp_path / "whole.safetensors", licence="MIT")
    save(toy(400), tmp_path / "small.safetensors", licence="MIT", int8=True)
    assert (tmp_path / "small.safetensors").stat().st_size < 0.3 * (tmp_path / "whole.safetensors").stat().st_size
    expected, network = toy(400).state_dict(), load(tmp_path / "small.safetensors").state_dict()
    for name in ("inner.weight", "outer.weight"):
        error = (network[name] - expected[name]).norm() / expected[name].norm()
        assert 0 < error < 0.01, name
        assert network[name].dtype == torch.float32
    assert torch.equal(network["inner.bias"], expected["inner.bias"])


def test_int8_takes_the_axis_that_loses_less(tmp_path: Path):
    """A transposed layer's output channels lie second."""
    network = toy()
    with torch.no_grad():
        network.outer.weight *= torch.logspace(-3, 0, 64)[None, :, None, None]
    save(network, tmp_path / "small.safetensors", licence="MIT", int8=True)
    assert load_file(tmp_path / "small.safetensors")["outer.weight.scale"].shape == (1, 64, 1, 1)
    expected = network.outer.weight.detach()
    error = (load(tmp_path / "small.safetensors").outer.weight - expected).square().sum((0, 2, 3))
    error /= expected.square().sum((0, 2, 3))
    assert float(error.max()) < 1e-4


def test_named_tensors_stay_exact_under_int8(tmp_path: Path):
    save(toy(), tmp_path / "small.safetensors", licence="MIT", int8=True, exact=["inner.weight"])
    assert torch.equal(load(tmp_path / "small.safetensors").inner.weight, toy().inner.weight)


def test_half_precision_files_are_widened(saved: Path):
    def halve(tensors: dict[str, Tensor]) -> None:
        tensors["inner.weight"] = tensors["inner.weight"].half()

    weight = load(rewritten(saved, halve)).inner.weight
    assert torch.equal(weight, toy().inner.weight.half().float())


def test_weights_are_mapped_and_not_read(tmp_path: Path):
    """The tensors lie in the file's own pages, which all workers share."""
    save(toy(2000), tmp_path / "big.safetensors", licence="MIT")
    load(tmp_path / "big.safetensors")
    started = time.perf_counter()
    network = load(tmp_path / "big.safetensors")
    assert time.perf_counter() - started < 0.2
    place = network.inner.weight.untyped_storage().data_ptr()
    mapped = [line for line in Path("/proc/self/maps").read_text().splitlines() if "big.safetensors" in line]
    ranges = [tuple(int(end, 16) for end in line.split()[0].split("-")) for line in mapped]
    assert any(first <= place < last for first, last in ranges)


def test_saving_twice_gives_the_same_bytes(tmp_path: Path, saved: Path):
    save(toy(), tmp_path / "again.safetensors", licence="MIT", source_sha256="ab" * 32)
    assert (tmp_path / "again.safetensors").read_bytes() == saved.read_bytes()


def test_a_failed_save_leaves_what_was_there(saved: Path):
    before = saved.read_bytes()
    network = toy()
    with torch.no_grad():
        network.inner.weight[0, 0] = torch.nan
    with pytest.raises(ModelBroken, match=r"inner\.weight"):
        save(network, saved, licence="MIT")
    assert saved.read_bytes() == before
    assert list(saved.parent.iterdir()) == [saved]


def test_every_cut_is_noticed(saved: Path, tmp_path: Path):
    whole = saved.read_bytes()
    generator = np.random.default_rng(3)
    for length in [0, 1, 7, 8, 9, 100, len(whole) - 1, *generator.integers(9, len(whole), 20)]:
        (tmp_path / "cut.safetensors").write_bytes(whole[:length])
        with pytest.raises(ModelBroken, match=r"cut\.safetensors"):
            load(tmp_path / "cut.safetensors")


@pytest.mark.parametrize("size", [2**63, 2**40, 200 * 2**20, 3])
def test_a_header_that_lies_about_its_size_is_refused(saved: Path, size: int):
    saved.write_bytes(struct.pack("<Q", size) + saved.read_bytes()[8:])
    with pytest.raises(ModelBroken):
        load(saved)


def test_a_header_whose_offsets_lie_is_refused(saved: Path):
    raw = saved.read_bytes()
    (size,) = struct.unpack("<Q", raw[:8])
    header = json.loads(raw[8 : 8 + size])
    header["inner.weight"]["data_offsets"][1] += 4
    text = json.dumps(header).encode()
    saved.write_bytes(struct.pack("<Q", len(text)) + text + raw[8 + size :])
    with pytest.raises(ModelBroken):
        load(saved)


def test_missing_surplus_and_misshapen_tensors_are_named(saved: Path):
    with pytest.raises(ModelBroken, match=r"lacks inner\.bias"):
        load(rewritten(saved, lambda tensors: tensors.pop("inner.bias")))
    with pytest.raises(ModelBroken, match="no place for: extra"):
        load(rewritten(saved, lambda t: t.update({"inner.bias": torch.zeros(80), "extra": torch.zeros(1)})))
    with pytest.raises(ModelBroken, match=r"inner\.weight \[80, 79\] instead of \[80, 80\]"):
        load(rewritten(saved, lambda t: (t.pop("extra"), t.update({"inner.weight": torch.zeros(80, 79)}))))


@pytest.mark.parametrize("scale", [None, torch.ones(81, 1), torch.ones(80), torch.ones(80, 1, dtype=torch.int32)])
def test_int8_without_a_fitting_scale_is_refused(saved: Path, scale: Tensor | None):
    def change(tensors: dict[str, Tensor]) -> None:
        tensors["inner.weight"] = tensors["inner.weight"].to(torch.int8)
        if scale is not None:
            tensors["inner.weight.scale"] = scale

    with pytest.raises(ModelBroken, match=r"inner\.weight"):
        load(rewritten(saved, change))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        "null",
        "[" * 100_000,
        '{"architecture": "toy"}',
        '{"architecture": "toy", "config": []}',
        '{"architecture": 3, "config": {}}',
        '{"architecture": "toy", "config": {}}',
        '{"architecture": "toy", "config": {"width": "wide"}}',
        '{"architecture": "toy", "config": {"width": -1}}',
        '{"architecture": "toy", "config": {"width": 80}, "licence": 5}',
        '{"architecture": "os.system", "config": {}}',
        '{"architecture": "toy", "config": "' + "x" * 300_000 + '"}',
    ],
)
def test_a_description_that_makes_no_sense_is_refused(saved: Path, text: str):
    save_file(load_file(saved), saved, metadata={"vocalverse": text})
    with pytest.raises(ModelBroken):
        load(saved)


def test_a_file_of_somebody_else_is_refused_with_what_to_do(saved: Path):
    save_file(load_file(saved), saved)
    with pytest.raises(ModelBroken, match="models import"):
        load(saved)


def test_an_absent_file_is_not_found(tmp_path: Path):
    with pytest.raises(NotFound):
        load(tmp_path / "none.safetensors")
    with pytest.raises(NotFound):
        load(tmp_path)
