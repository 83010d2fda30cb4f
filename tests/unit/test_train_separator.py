"""`vocalverse train separator`: manifests, mixtures, and a loop that can be stopped anywhere."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch
from click.testing import CliRunner, Result

from vocalverse.cli import main
from vocalverse.errors import BadInput, ModelBroken, VocalVerseError
from vocalverse.separate import weights
from vocalverse.training.separator import manifest as manifests
from vocalverse.training.separator import objective, sources
from vocalverse.training.separator.job import RESULT_FILE, Job, run
from vocalverse.training.separator.loop import STATE_FILE, Step
from vocalverse.training.separator.manifest import Entry, Folder, Role, Split
from vocalverse.training.separator.mixtures import Augmentation, Mixer
from vocalverse.training.separator.recipe import Recipe

RATE_HZ = 16000
SAMPLES = 8192
NETWORK: tuple[str, dict[str, Any]] = (
    "refined_unet",
    {
        "unet": {"widths": [4, 8], "bins": 64, "n_fft": 256, "hop": 64, "frames": 256, "sample_rate_hz": 44100},
        "level": 1.0,
    },
)


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    """Two singers to learn from, one kept back, a backing and a room, all of half a second."""
    rng = np.random.default_rng(11)
    time_s = np.arange(RATE_HZ // 2) / RATE_HZ
    voice = 0.3 * np.sin(2 * np.pi * 220 * time_s)
    backing = 0.1 * rng.standard_normal(len(time_s))
    room = np.exp(-np.arange(800) / 100) * rng.standard_normal(800) * 0.1
    files = {
        "ann_1.wav": (voice, Role.VOICE, Split.TRAIN),
        "bea_1.wav": (np.stack([backing, voice], axis=1), Role.BOTH, Split.TRAIN),
        "cai_1.wav": (np.stack([backing, voice], axis=1), Role.BOTH, Split.VALIDATION),
        "band.wav": (np.stack([backing, -backing], axis=1), Role.BACKING, Split.TRAIN),
        "hall.wav": (room, Role.ROOM, Split.TRAIN),
    }
    for name, (sound, _, _) in files.items():
        soundfile.write(tmp_path / name, sound, RATE_HZ)
    entries = [Entry(Path(n), role, n[:3], "CC0-1.0", split) for n, (_, role, split) in files.items()]
    manifests.write(tmp_path / "manifest.csv", entries)
    return tmp_path / "manifest.csv"


def job(manifest: Path, folder: str, **changes: Any) -> Job:
    wanted: dict[str, Any] = {"steps": 3, "batch": 2, "samples": SAMPLES, "network": NETWORK}
    return Job(manifest=manifest, folder=manifest.parent / folder, **(wanted | changes))


def nobody(_step: Step) -> None:
    return


def stop_after(steps: int) -> Any:
    def heard(step: Step) -> None:
        if step.step == steps:
            raise KeyboardInterrupt

    return heard


def invoke(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def change(manifest: Path, before: str, after: str) -> Path:
    manifest.write_text(manifest.read_text(encoding="utf-8").replace(before, after), encoding="utf-8")
    return manifest


# --- the loop ---


def test_a_run_that_was_stopped_and_resumed_ends_on_the_same_bits(manifest: Path) -> None:
    whole = run(job(manifest, "whole"), heard=nobody)
    with pytest.raises(KeyboardInterrupt):
        run(job(manifest, "parts"), heard=stop_after(1))
    parts = run(job(manifest, "parts", resume=True), heard=nobody)
    assert (whole.step, parts.step) == (3, 3)
    assert whole.path.read_bytes() == parts.path.read_bytes()


def test_steps_change_the_network(manifest: Path) -> None:
    one, three = (weights.load(run(job(manifest, f"{n}", steps=n), heard=nobody).path) for n in (1, 3))
    changed = {name for name, p in one.state_dict().items() if not p.equal(three.state_dict()[name])}
    assert {"voice.downs.0.weight", "backing.out.bias"} <= changed
    assert "voice.ups.0.weight" not in changed


@pytest.mark.parametrize("channels", [1, 2])
def test_a_roformer_learns_by_the_same_loop(manifest: Path, channels: int) -> None:
    shape = {"dim": 8, "depth": 1, "heads": 1, "head_dim": 4, "channels": channels, "mel_bands": 8, "mask_depth": 1}
    transform = {"n_fft": 512, "window": 512, "hop": 128, "chunk": SAMPLES, "sample_rate_hz": 44100}
    network = ("mel_band_roformer", {**shape, **transform, "stems": ["vocals"]})
    result = run(job(manifest, "out", network=network, steps=1, batch=1), heard=nobody)
    assert weights.load(result.path).info.stems == ("vocals",)
    assert result.voice_db is not None


def test_the_result_says_how_it_does_on_the_singer_kept_back(manifest: Path) -> None:
    result = run(job(manifest, "out", steps=1), heard=nobody)
    assert result.songs == 1
    assert result.mix_db == pytest.approx(0, abs=0.5)
    assert result.voice_db is not None


def test_out_of_time_it_stops_and_can_go_on(manifest: Path) -> None:
    first = run(job(manifest, "out", longest_s=1e-9), heard=nobody)
    assert first.step == 0
    assert run(job(manifest, "out", resume=True, steps=1), heard=nobody).step == 1


def test_a_folder_with_a_run_is_not_overwritten_unasked(manifest: Path) -> None:
    run(job(manifest, "out", steps=1), heard=nobody)
    with pytest.raises(BadInput, match="--resume"):
        run(job(manifest, "out", steps=1), heard=nobody)


def test_resuming_another_run_is_refused(manifest: Path) -> None:
    run(job(manifest, "out", steps=1), heard=nobody)
    with pytest.raises(BadInput, match="another seed"):
        run(job(manifest, "out", resume=True, seed=4), heard=nobody)
    with pytest.raises(BadInput, match="nothing to resume"):
        run(job(manifest, "elsewhere", resume=True), heard=nobody)


def test_a_checkpoint_cut_short_is_named(manifest: Path) -> None:
    run(job(manifest, "out", steps=1), heard=nobody)
    state = manifest.parent / "out" / STATE_FILE
    state.write_bytes(state.read_bytes()[:1000])
    with pytest.raises(ModelBroken, match=r"state\.pt is cut short"):
        run(job(manifest, "out", resume=True), heard=nobody)


def test_an_unknown_device_is_named(manifest: Path) -> None:
    with pytest.raises(BadInput, match="no device abacus"):
        run(job(manifest, "out", device="abacus"), heard=nobody)


def test_the_rate_climbs_stays_and_falls_to_nothing() -> None:
    recipe = Recipe(steps=100, warm_up_steps=10, cool_down_share=0.2, learning_rate=1.0)
    assert [recipe.rate_at(step) for step in (0, 9, 50, 80, 90, 99)] == pytest.approx([0.1, 1, 1, 1, 0.5, 0.05])


def test_the_loss_is_least_at_the_voice() -> None:
    mix = torch.randn(2, 2, 8192, generator=torch.Generator().manual_seed(1)) * 0.1
    voice = torch.sin(torch.arange(8192) * 0.03).expand(2, 2, -1) * 0.1
    losses = [float(objective.loss(estimate, voice, mix + voice)) for estimate in (voice, 0.8 * voice, mix + voice)]
    assert losses == sorted(losses)
    assert losses[0] == pytest.approx(-30, abs=0.1)


# --- mixtures ---


def mixer(manifest: Path, **how: Any) -> Mixer:
    found = sources.load(manifests.read(manifest), Split.TRAIN, sample_rate_hz=44100)
    return Mixer(found, Augmentation(**how), sample_rate_hz=44100, samples=SAMPLES)


def test_a_mixture_depends_on_seed_step_and_place_alone(manifest: Path) -> None:
    one, other = mixer(manifest), mixer(manifest)
    other.draw(seed=1, step=4, size=2)
    first, again = one.draw(seed=1, step=5, size=3), other.draw(seed=1, step=5, size=3)
    assert np.array_equal(first.mix, again.mix)
    assert not np.array_equal(first.mix, one.draw(seed=2, step=5, size=3).mix)
    assert not np.array_equal(first.mix[0], first.mix[1])


def test_mixtures_keep_the_asked_ratio_and_level(manifest: Path) -> None:
    batch = mixer(manifest, snr_db=(3.0, 3.0), easy_share=0, level_dbfs=(-20, -20)).draw(seed=3, step=0, size=8)
    for mix, voice in zip(batch.mix, batch.voice, strict=True):
        ratio_db = 10 * np.log10(np.sum(voice**2) / np.sum((mix - voice) ** 2))
        assert ratio_db == pytest.approx(3, abs=0.1)
        assert 10 * np.log10(np.mean(mix**2)) == pytest.approx(-20, abs=0.1)


def test_mixtures_are_stereo_as_often_as_asked(manifest: Path) -> None:
    mixes = [mixer(manifest, stereo_share=share, room_share=0).draw(seed=1, step=0, size=4).mix for share in (0, 1)]
    sides = [np.abs(mix[:, 0] - mix[:, 1]).max(axis=1) for mix in mixes]
    assert not sides[0].any()
    assert sides[1].all()


# --- the manifest ---


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("CC0-1.0,train", "CC0-1.0,test", "no voices"),
        ("ann_1.wav,voice", "ann_1.wav,singer", "line 2: 'singer' is not a valid Role"),
        ("ann_1.wav,voice,ann,CC0-1.0", "ann_1.wav,voice,ann,", "line 2: no licence"),
        ("ann_1.wav", "gone.wav", "there is no file"),
        ("both,cai", "both,bea", "bea would be trained on and judged on"),
        ("train,1\nbea", "train,-1\nbea", "a weight lies above 0"),
        ("bea_1.wav,both", "ann_1.wav,both", "1 channels; the role `both` has two"),
        ("path,role", "path;role", "line 2: no path"),
    ],
)
def test_a_wrong_manifest_says_where_and_what(manifest: Path, before: str, after: str, said: str) -> None:
    wrong = change(manifest, before, after)
    with pytest.raises(BadInput, match=said):
        run(job(wrong, "out", steps=1), heard=nobody)


def test_the_least_free_licence_decides(manifest: Path) -> None:
    assert manifests.read(manifest).restricting_licences == ()
    change(manifest, "cai,CC0-1.0", "cai,all-rights-reserved")
    assert manifests.read(manifest).restricting_licences == ()  # judged by, not learnt from
    change(manifest, "ann,CC0-1.0", "ann,CC-BY-NC-4.0")
    result = run(job(manifest, "out", steps=1), heard=nobody)
    assert result.restricting_licences == ("CC-BY-NC-4.0",)
    assert weights.describe(result.path).licence == "research only; learnt from recordings under CC-BY-NC-4.0"


def test_folders_become_a_manifest_split_by_singer(tmp_path: Path) -> None:
    (tmp_path / "mir").mkdir()
    for name in ("ann_1_01", "ann_2_01", "bea_1_01", "cai_1_01"):
        soundfile.write(tmp_path / "mir" / f"{name}.wav", np.zeros((100, 2)), RATE_HZ)
    folders = [Folder("mir/*.wav", Role.BOTH, "research", weight=2)]
    entries = manifests.from_folders(tmp_path, folders, validation=["bea"], test=["cai"])
    assert [(e.singer, e.split, e.weight) for e in entries] == [
        ("ann", Split.TRAIN, 2),
        ("ann", Split.TRAIN, 2),
        ("bea", Split.VALIDATION, 2),
        ("cai", Split.TEST, 2),
    ]


# --- the command ---


def test_the_command_trains_and_says_what_came_out(manifest: Path, tmp_path: Path) -> None:
    network = tmp_path / "net.json"
    network.write_text(json.dumps({"architecture": NETWORK[0], "config": NETWORK[1]}), encoding="utf-8")
    asked = ("train", "separator", "--manifest", manifest, "--out", tmp_path / "o", "--network", network)
    done = invoke(*asked, "--steps", 1, "--batch", 1, "--json")
    assert done.exit_code == 0, done.output
    said = json.loads(done.output)
    assert (said["step"], said["songs"]) == (1, 1)
    assert Path(said["path"]).name == RESULT_FILE
    assert weights.load(Path(said["path"])).info.architecture == "refined_unet"


@pytest.mark.parametrize("text", ["", "[]", '{"architecture": "refined_unet"}'])
def test_a_wrong_network_file_is_named(manifest: Path, tmp_path: Path, text: str) -> None:
    (tmp_path / "net.json").write_text(text, encoding="utf-8")
    asked = ("train", "separator", "--manifest", manifest, "--out", tmp_path / "o", "--network", tmp_path / "net.json")
    done = invoke(*asked)
    assert done.exit_code == BadInput.exit_status
    assert "net.json is no JSON of the form" in done.output


def test_errors_are_ours(manifest: Path) -> None:
    assert issubclass(BadInput, VocalVerseError)
    done = invoke("train", "separator", "--manifest", manifest.parent / "none.csv", "--out", manifest.parent / "o")
    assert done.exit_code == BadInput.exit_status
    assert "There is no manifest" in done.output
