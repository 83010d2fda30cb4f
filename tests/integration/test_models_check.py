"""`vocalverse models check`: a model proves itself on parts that are known."""

import json
from pathlib import Path

import numpy as np
import torch
from click.testing import CliRunner

from vocalverse.cli import main
from vocalverse.models.catalogue import find
from vocalverse.models.check import check, trial_of
from vocalverse.models.shelf import Shelf
from vocalverse.separate.purpose import Purpose
from vocalverse.separate.weights import load, save


def test_the_bundled_separator_passes(tmp_path: Path):
    result = CliRunner().invoke(main, ["models", "check", "spleeter-2stems", "--folder", str(tmp_path), "--json"])
    assert result.exit_code == 0, result.output
    checked = json.loads(result.stdout)
    assert checked["passed"]
    assert checked["gain_db"] >= checked["needed_db"] > 0


def test_the_bundled_ear_for_research_passes_once_its_licence_is_accepted(tmp_path: Path):
    asked = ["models", "check", "lite-research", "--folder", str(tmp_path), "--json"]
    refused = CliRunner().invoke(main, asked)
    assert refused.exit_code == 6
    assert json.loads(refused.stderr)["error"] == "model_refused"
    accepted = CliRunner().invoke(main, [*asked, "--accept-licence"])
    assert accepted.exit_code == 0, accepted.output
    assert json.loads(accepted.stdout)["passed"]


def test_a_network_whose_weights_say_nothing_fails(tmp_path: Path):
    network = load(Shelf(tmp_path).path_of("spleeter-2stems"))
    generator = torch.Generator().manual_seed(4)
    with torch.no_grad():
        for weight in network.parameters():
            if weight.ndim > 1:
                weight.copy_(weight[torch.randperm(len(weight), generator=generator)])
    save(network, tmp_path / "shuffled.safetensors", licence="MIT")
    checked = check("shuffled", tmp_path / "shuffled.safetensors", find("spleeter-2stems").purpose)
    assert not checked.passed


def test_the_mix_is_the_same_every_time_and_its_parts_are_far_apart():
    for purpose in Purpose:
        first, second = trial_of(purpose), trial_of(purpose)
        assert np.array_equal(first.given, second.given)
        assert np.array_equal(first.wanted, second.wanted)
        rest = first.given - first.wanted
        assert 0.3 < np.linalg.norm(rest) / np.linalg.norm(first.wanted) < 2
