"""The bench of the encoders: whom it times against whom, and that all of them hear the same."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner

from vocalverse.bench import encode, machine
from vocalverse.bench.figures import Figure
from vocalverse.bench.machine import Machine
from vocalverse.bench.unlearnt import random_net
from vocalverse.cli.bench import bench
from vocalverse.models.encoders.hubert_soft import HubertSize
from vocalverse.models.encoders.whisper_net import WhisperDims

EXTENT = encode.Extent(
    song_s=60,
    features_s=22,
    rounds=1,
    tiny=WhisperDims(width=64, heads=1, layers=2),
    large=WhisperDims(width=64, heads=1, layers=2),
    ppg=WhisperDims(width=64, heads=1, layers=4),
    units=HubertSize(channels=16, width=64, layers=2, inner=128, units=16),
)
MACHINE = Machine("some", 2, 400.0, 2500.0, 10.0, 1000.0, 1.0, 100.0)


@pytest.fixture(scope="module")
def figures(tmp_path_factory: pytest.TempPathFactory) -> list[Figure]:
    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.cuda, "is_available", lambda: False)
        return list(encode.measure(MACHINE, tmp_path_factory.mktemp("bench"), EXTENT))


def test_in_single_precision_all_ways_hear_the_same(figures: list[Figure]):
    differences = [figure for figure in figures if figure.name.strip() == "largest difference"]
    single = [differences[0], differences[2]]  # Whisper's and SaMoye's; the others are in bf16
    assert max(figure.value for figure in single) < 2e-3
    assert all(figure.note == "correlation 1.000000" for figure in single)
    assert all(float(figure.note.split()[-1]) > 0.98 for figure in differences)


def test_every_way_is_timed_beside_its_peer(figures: list[Figure]):
    names = [figure.name for figure in figures]
    for about, peer in (
        ("Whisper tiny, 60 s of song", "transformers in fp32"),
        ("SaMoye features, 22 s of song", "the public script's structure"),
    ):
        for way in (peer, "ours in fp32", "ours in bf16"):
            assert f"{about}, {way}, cpu" in names
    assert [figure.target for figure in figures if "public" in figure.name and figure.unit == "×"] == ["", "≥ 2"]


def test_the_large_ones_work_is_counted_and_held_against_the_machine(figures: list[Figure]):
    rate = next(figure for figure in figures if figure.name.startswith("Whisper large-v3"))
    share = next(figure for figure in figures if "share of the machine" in figure.name)
    assert share.value == pytest.approx(100 * rate.value / 2500)


def test_published_sizes_are_counted_as_they_are():
    """Per 30 s: 32 layers of 24 · 1280² · 1500 + 4 · 1500² · 1280, and two convolutions."""
    dims = encode.FULL.large
    with torch.device("meta"):
        shadow = encode.WhisperEncoder(dims)
    layers = 32 * (24 * 1280**2 * 1500 + 4 * 1500**2 * 1280)
    convolutions = 2 * 3 * 1280 * (128 * 3000 + 1280 * 1500)
    assert encode._gflop(shadow, torch.zeros(1, 128, 3000)) == pytest.approx((layers + convolutions) / 1e9)


def test_the_command_prints_what_was_found(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(machine, "measure", lambda _folder: MACHINE)
    monkeypatch.setattr(encode, "QUICK", replace(EXTENT, song_s=30, features_s=2))
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    told = CliRunner().invoke(bench, ["encode", "--quick", "--json"])
    assert told.exit_code == 0, told.output
    names = [figure["name"] for figure in json.loads(told.output)["figures"]]
    assert names[0] == "Whisper tiny, 30 s of song, transformers in fp32, cpu"
    assert names[-1] == "GPU"


def test_what_is_written_for_the_bench_stays_in_its_folder(tmp_path: Path):
    net = random_net(lambda: encode.WhisperEncoder(EXTENT.tiny))
    encode._publish(net, tmp_path / "here")
    assert sorted(path.name for path in tmp_path.rglob("*") if path.is_file()) == ["config.json", "model.safetensors"]
