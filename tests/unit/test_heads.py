"""Heads: what goes in changes what comes out as it should, and padding never does."""

from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from vocalverse.errors import BadInput, ModelBroken
from vocalverse.models.encoders.encoder import Frames
from vocalverse.models.heads import file
from vocalverse.models.heads.batch import Batch, Estimate
from vocalverse.models.heads.build import Head, build
from vocalverse.models.heads.collate import Heard, collate
from vocalverse.models.heads.config import (
    EncoderInput,
    HeadConfig,
    HeadKind,
    Output,
    OutputKind,
    Pooling,
    TextInput,
)
from vocalverse.models.heads.grid import on_grid

KINDS = list(product(HeadKind, Pooling))
PLAIN = HeadConfig(HeadKind.MLP, ("breath", "timbre"), (EncoderInput("one", 8),), hidden=12)
FULL = replace(
    PLAIN,
    encoders=(EncoderInput("one", 8, layers=3, normalise=True), EncoderInput("other", 5)),
    measures=("vibrato_rate_hz", "dynamics_db"),
    domains=("studio", "stage"),
    annotators=("ann",),
    text=TextInput(6),
    embedding=4,
)


def frames(count: int, width: int, rate_hz: float, *, seed: int, layers: int = 1) -> Frames:
    shape = (count, width) if layers == 1 else (count, layers, width)
    values = np.random.default_rng(seed).standard_normal(shape, np.float32)
    return Frames(values, np.arange(count) / rate_hz, np.full(count, 1 / rate_hz, np.float32))


def take(config: HeadConfig, seconds: float, *, seed: int = 0) -> Heard:
    rates_hz = (50.0, 20.0)
    return Heard(
        frames=tuple(
            frames(round(seconds * rate), encoder.width, rate, seed=seed, layers=encoder.layers)
            for encoder, rate in zip(config.encoders, rates_hz, strict=False)
        ),
        figures={name: float(seed) for name in config.measures},
        text=np.random.default_rng(seed).standard_normal((3 + seed, 6), np.float32) if config.text else None,
        domain="stage",
    )


@torch.inference_mode()
def judged(head: Head, *takes: Heard) -> Estimate:
    return head.eval()(collate(head.config, takes))


def same(one: Estimate, other: Estimate) -> None:
    torch.testing.assert_close(one.value, other.value, atol=2e-6, rtol=1e-5)
    torch.testing.assert_close(one.spread, other.spread, atol=2e-6, rtol=1e-5)


@pytest.mark.parametrize(("kind", "pooling"), KINDS)
@pytest.mark.parametrize("output", OutputKind)
def test_padding_and_batch_mates_change_nothing(kind: HeadKind, pooling: Pooling, output: OutputKind):
    config = replace(FULL, kind=kind, pooling=pooling, output=Output(output))
    head = build(config, seed=1)
    short, long = take(config, 0.3, seed=1), take(config, 4.0, seed=2)
    together = judged(head, short, long)
    assert together.value.shape == together.spread.shape == (2, 2)
    assert bool((together.spread > 0).all())
    for at, alone in enumerate((judged(head, short), judged(head, long))):
        row = slice(at, at + 1)
        same(alone, Estimate(together.value[row], together.spread[row]))


@pytest.mark.parametrize(("kind", "pooling"), KINDS)
def test_what_stands_in_the_padding_is_not_heard(kind: HeadKind, pooling: Pooling):
    config = replace(PLAIN, kind=kind, pooling=pooling)
    head = build(config).eval()
    batch = collate(config, [take(config, 1.0), take(config, 3.0)])
    padded = batch.seconds[0][..., None] == 0
    spoiled = replace(batch, frames=(batch.frames[0].masked_fill(padded, 1e3),))
    with torch.inference_mode():
        same(head(spoiled), head(batch))


@pytest.mark.parametrize("pooling", Pooling)
def test_a_frame_cut_in_two_counts_as_much_as_before(pooling: Pooling):
    head = build(replace(PLAIN, pooling=pooling))
    whole = frames(40, 8, 50.0, seed=3)
    halves = Frames(whole.values.repeat(2, 0), whole.start_s.repeat(2), whole.seconds.repeat(2) / 2)
    same(judged(head, Heard((whole,))), judged(head, Heard((halves,))))


@pytest.mark.parametrize("pooling", [Pooling.MEAN, Pooling.STATISTICS])
def test_two_frames_with_the_mean_and_the_spread_of_all_are_judged_like_all(pooling: Pooling):
    head = build(replace(PLAIN, pooling=pooling))
    assert not head.config.needs_frames
    every = frames(400, 8, 50.0, seed=4)
    mean, spread = every.values.mean(0), every.values.std(0)
    two = Frames(np.stack([mean - spread, mean + spread]), np.zeros(2), np.full(2, 4.0, np.float32))
    same(judged(head, Heard((every,))), judged(head, Heard((two,))))


@pytest.mark.parametrize(("kind", "pooling"), KINDS)
@pytest.mark.parametrize("output", OutputKind)
def test_nothing_heard_is_judged_by_a_number(kind: HeadKind, pooling: Pooling, output: OutputKind):
    config = replace(PLAIN, kind=kind, pooling=pooling, output=Output(output))
    empty = Frames(np.zeros((0, 8), np.float32), np.zeros(0), np.zeros(0, np.float32))
    told = judged(build(config), Heard((empty,)), take(config, 1.0))
    assert bool(torch.isfinite(told.value).all())
    assert bool(torch.isfinite(told.spread).all())


@pytest.mark.parametrize(("kind", "pooling"), KINDS)
@pytest.mark.parametrize("output", OutputKind)
def test_everything_that_a_head_has_can_be_learnt(kind: HeadKind, pooling: Pooling, output: OutputKind):
    config = replace(FULL, kind=kind, pooling=pooling, output=Output(output), depth=2)
    head = build(config).train()
    told = head(collate(config, [take(config, 1.0, seed=1), take(config, 2.0, seed=2)]))
    weights = torch.rand(told.value.shape, generator=torch.Generator().manual_seed(0))
    assert told.similarity is not None
    (told.value * weights + told.spread + told.similarity[:, None]).sum().backward()
    still = {name for name, p in head.named_parameters() if p.grad is None or not bool(p.grad.any())}
    # The same shift of all that is attended to is no shift, so keys' biases alone may stay.
    assert {name for name in still if not name.endswith("weigh.bias")} == set()


@pytest.mark.parametrize("pooling", Pooling)
def test_values_stay_on_their_scale(pooling: Pooling):
    for output in (OutputKind.SCALAR, OutputKind.ORDINAL, OutputKind.DISTRIBUTION):
        config = replace(PLAIN, pooling=pooling, output=Output(output, low=0.0, high=10.0))
        head = build(config)
        with torch.no_grad():
            head.last.weight.mul_(1e4)
        value = judged(head, take(config, 1.0, seed=1), take(config, 1.0, seed=2)).value
        assert float(value.min()) >= 0.0
        assert float(value.max()) <= 10.0


def test_a_scalar_is_twice_a_tanh_about_three():
    head = build(PLAIN)
    with torch.no_grad():
        head.last.weight.zero_()
        head.last.bias.copy_(torch.tensor([0.5, 0.0, -0.5, 0.0]))
    told = judged(head, take(PLAIN, 1.0))
    torch.testing.assert_close(
        told.value, torch.tensor([[2 * np.tanh(0.5) + 3, 3 - 2 * np.tanh(0.5)]], dtype=torch.float32)
    )
    torch.testing.assert_close(told.spread, torch.full((1, 2), 2 * np.log(2) + 2e-3, dtype=torch.float32))


def test_scores_of_frames_are_averaged_after_their_tanh():
    config = replace(
        PLAIN, dimensions=("breath",), kind=HeadKind.LINEAR, pooling=Pooling.SCORES, encoders=(EncoderInput("one", 1),)
    )
    head = build(config)
    with torch.no_grad():
        head.last.weight.copy_(torch.tensor([[1.0], [0.0]]))
        head.last.bias.zero_()
    heard = Frames(np.array([[2.0], [-1.0]], np.float32), np.zeros(2), np.array([1.0, 3.0], np.float32))
    expected = 3 + 2 * (np.tanh(2.0) + 3 * np.tanh(-1.0)) / 4
    assert float(judged(head, Heard((heard,))).value) == pytest.approx(expected, abs=1e-6)


def test_a_strength_may_be_of_any_size():
    config = replace(PLAIN, output=Output(OutputKind.PAIRWISE))
    head = build(config)
    with torch.no_grad():
        head.last.weight.mul_(1e3)
    assert float(judged(head, take(config, 1.0)).value.abs().max()) > 20


def test_ordinal_logits_fall_from_class_to_class_and_say_the_value():
    config = replace(PLAIN, output=Output(OutputKind.ORDINAL))
    told = judged(build(config), *(take(config, 1.0, seed=seed) for seed in range(5)))
    assert told.logits is not None
    assert told.logits.shape == (5, 2, 4)
    assert bool((told.logits.diff(dim=-1) < 0).all())
    torch.testing.assert_close(told.value, 1 + torch.sigmoid(told.logits).sum(-1))


def test_a_distribution_tells_its_mean_and_its_deviation():
    config = replace(PLAIN, output=Output(OutputKind.DISTRIBUTION, bins=20))
    told = judged(build(config), take(config, 1.0))
    assert told.logits is not None
    shares = torch.softmax(told.logits, -1).double().numpy()
    bins = np.linspace(1, 5, 20)
    mean = (shares * bins).sum(-1)
    deviation = np.sqrt((shares * (bins - mean[..., None]) ** 2).sum(-1))
    np.testing.assert_allclose(told.value.numpy(), mean, rtol=1e-5)
    np.testing.assert_allclose(told.spread.numpy(), deviation + 2e-3, rtol=1e-5)


def test_a_measure_counts_in_its_own_deviations_and_an_unknown_one_is_said_to_be_unknown():
    config = replace(PLAIN, encoders=(), measures=("a", "b"))
    head = build(config)
    head.fit_measures(np.array([[1.0, 5.0], [3.0, np.nan], [np.inf, 5.0]]))
    assert head.measures is not None
    given = head.measures(torch.tensor([[4.0, 7.0], [float("nan"), 1e9]]))
    torch.testing.assert_close(given, torch.tensor([[2.0, 2.0, 1.0, 1.0], [0.0, 6.0, 0.0, 1.0]]))


def test_measures_alone_can_judge():
    config = replace(PLAIN, encoders=(), measures=("a",))
    head = build(config)
    one, other = (judged(head, Heard(figures={"a": value})) for value in (0.0, 3.0))
    assert not torch.equal(one.value, other.value)
    assert bool(torch.isfinite(judged(head, Heard()).value).all())


def test_an_unknown_domain_or_annotator_is_none_at_all():
    config = replace(PLAIN, domains=("studio",), annotators=("ann",))
    head = build(config)
    heard = take(config, 1.0)
    unknown = judged(head, replace(heard, domain="the moon", annotator="somebody"))
    assert torch.equal(unknown.value, judged(head, replace(heard, domain="", annotator="")).value)
    assert not torch.equal(unknown.value, judged(head, replace(heard, domain="studio", annotator="")).value)
    assert not torch.equal(unknown.value, judged(head, replace(heard, domain="", annotator="ann")).value)


def test_a_mix_of_layers_begins_as_their_mean():
    config = replace(PLAIN, encoders=(EncoderInput("one", 8, layers=4),))
    plain = build(PLAIN)
    mixed = build(config)
    mixed.load_state_dict({**plain.state_dict(), "mixes.0.weights": torch.zeros(4)})
    heard = frames(50, 8, 50.0, seed=1, layers=4)
    mean = Frames(heard.values.mean(1), heard.start_s, heard.seconds)
    same(judged(mixed, Heard((heard,))), judged(plain, Heard((mean,))))


def test_a_normalised_encoder_may_be_as_loud_as_it_likes():
    config = replace(PLAIN, encoders=(EncoderInput("one", 8, normalise=True),))
    heard = frames(50, 8, 50.0, seed=1)
    louder = replace(heard, values=heard.values * 7)
    head = build(config)
    same(judged(head, Heard((heard,))), judged(head, Heard((louder,))))


@pytest.mark.parametrize("pooling", [Pooling.MEAN, Pooling.STATISTICS])
def test_a_standardised_head_hears_the_same_in_any_unit(pooling: Pooling):
    config = replace(PLAIN, pooling=pooling, standardised=True)
    takes = [take(config, 1.0 + seed, seed=seed) for seed in range(6)]
    louder = [replace(one, frames=tuple(replace(f, values=100 * f.values + 7) for f in one.frames)) for one in takes]
    said = []
    for some in (takes, louder):
        head = build(config, seed=1).eval()
        head.fit_usual([collate(config, [one]) for one in some])
        said.append(head(collate(config, some)).value)
    torch.testing.assert_close(said[0], said[1], rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("cross", [True, False])
def test_text_is_heard_against_the_sound_word_by_word_where_asked(cross: bool):
    config = replace(PLAIN, text=TextInput(6, cross_attention=cross))
    head = build(config)
    heard = take(config, 1.0)
    assert heard.text is not None
    told = judged(head, heard)
    assert told.similarity is not None
    assert -1 <= float(told.similarity) <= 1
    other = judged(head, replace(heard, text=heard.text[::-1] + 1))
    assert not torch.equal(other.value, told.value)
    with pytest.raises(BadInput):
        judged(head, replace(heard, text=None))


def test_the_order_of_frames_matters_to_what_reads_them_in_order():
    heard = frames(60, 8, 10.0, seed=1)
    backwards = replace(heard, values=heard.values[::-1].copy())
    for kind in HeadKind:
        head = build(replace(PLAIN, kind=kind))
        one, other = (judged(head, Heard((of,))).value for of in (heard, backwards))
        in_order = kind in (HeadKind.BILSTM, HeadKind.TRANSFORMER)
        assert torch.allclose(one, other, atol=1e-6) != in_order


def test_both_directions_of_a_bilstm_are_heard_over_the_whole_take():
    """The mistake of `out[:, -1]`: the backward direction would be one frame's."""
    head = build(replace(PLAIN, kind=HeadKind.BILSTM))
    heard = frames(50, 8, 10.0, seed=1)
    for at in (0, 25, 49):
        changed = heard.values.copy()
        changed[at] += 1
        told = judged(head, Heard((replace(heard, values=changed),))).value
        assert float((told - judged(head, Heard((heard,))).value).abs().max()) > 1e-5


def test_the_same_seed_is_the_same_head_and_nobody_elses_dice_are_thrown():
    torch.manual_seed(5)
    before = torch.rand(1)
    torch.manual_seed(5)
    one, again, other = build(FULL, seed=1), build(FULL, seed=1), build(FULL, seed=2)
    assert torch.equal(torch.rand(1), before)
    assert all(torch.equal(a, b) for a, b in zip(one.state_dict().values(), again.state_dict().values(), strict=True))
    assert not torch.equal(one.last.weight, other.last.weight)


@pytest.mark.parametrize(("kind", "steps"), [(HeadKind.BILSTM, 9000), (HeadKind.TRANSFORMER, 4500)])
def test_a_quarter_of_an_hour_stays_bounded(kind: HeadKind, steps: int):
    config = replace(PLAIN, kind=kind, hidden=8)
    batch = collate(config, [Heard((frames(90_000, 8, 100.0, seed=0),))])
    assert batch.frames[0].shape == (1, steps, 8)
    with torch.inference_mode():
        assert bool(torch.isfinite(build(config).eval()(batch).value).all())


def test_frames_on_a_grid_keep_their_time_and_their_mean():
    heard = frames(101, 4, 50.0, seed=0)
    coarse, fine = on_grid(heard, 7.0), on_grid(heard, 130.0)
    for other in (coarse, fine):
        assert other.seconds.sum() == pytest.approx(heard.seconds.sum(), rel=1e-5)
        mean = (other.values * other.seconds[:, None]).sum(0) / other.seconds.sum()
        np.testing.assert_allclose(mean, heard.values.mean(0), atol=1e-5)
    assert len(coarse.values) == 15
    np.testing.assert_allclose(coarse.start_s, np.arange(15) / 7, atol=1e-6)
    same_rate = on_grid(heard, 50.0)
    np.testing.assert_allclose(same_rate.values, heard.values, atol=1e-4)


def test_a_grid_over_spans_knows_where_each_begins():
    heard = frames(20, 4, 10.0, seed=0)
    apart = replace(heard, start_s=np.concatenate([np.arange(10), np.arange(10) + 50]) / 10 + 3)
    np.testing.assert_allclose(on_grid(apart, 5.0).start_s[[0, 4, 5, 9]], [3.0, 3.8, 8.0, 8.8], atol=1e-6)


def test_frames_of_another_width_or_without_layers_are_refused():
    for wrong in (frames(5, 7, 10.0, seed=0), frames(5, 8, 10.0, seed=0, layers=2)):
        with pytest.raises(BadInput, match="width, layers"):
            collate(PLAIN, [Heard((wrong,))])


@pytest.mark.parametrize("kind", HeadKind)
def test_a_file_alone_rebuilds_its_head(tmp_path: Path, kind: HeadKind):
    config = replace(
        FULL, kind=kind, pooling=Pooling.ATTENTION, output=Output(OutputKind.ORDINAL, 0.0, 3.0), frames_per_s=7.5
    )
    head = build(config, seed=9)
    head.fit_measures(np.random.default_rng(0).standard_normal((9, 2)))
    file.save(head, tmp_path / "head.safetensors")
    again = file.load(tmp_path / "head.safetensors")
    assert again.config == config == file.config_of(tmp_path / "head.safetensors")
    heard = take(config, 2.0)
    assert torch.equal(judged(again, heard).value, judged(head, heard).value)


@pytest.mark.parametrize("kind", HeadKind)
def test_a_file_pins_the_rate_of_its_frames(tmp_path: Path, kind: HeadKind):
    config = replace(PLAIN, kind=kind)
    file.save(build(config), tmp_path / "head.safetensors")
    assert file.config_of(tmp_path / "head.safetensors").frames_per_s == config.grid_hz


def test_a_file_that_is_not_what_its_config_says_is_refused_by_name(tmp_path: Path):
    path = tmp_path / "head.safetensors"
    file.save(build(PLAIN), path)
    tensors, metadata = load_file(path), {"vocalverse": _metadata(path)}

    def refused(changed: dict[str, torch.Tensor], because: str) -> None:
        save_file(changed, path, metadata=metadata)
        with pytest.raises(ModelBroken, match=because):
            file.load(path)

    refused({k: v for k, v in tensors.items() if k != "last.bias"}, r"lacks last\.bias")
    refused({**tensors, "last.more": torch.ones(1)}, r"no place for: last\.more")
    refused({**tensors, "last.bias": torch.ones(3)}, r"last\.bias \[3\] instead of \[4\]")
    refused({**tensors, "last.bias": torch.tensor([0, 0, 0, float("nan")])}, r"no numbers, in last\.bias")
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(ModelBroken):
        file.load(path)


def _metadata(path: Path) -> str:
    from safetensors import safe_open

    with safe_open(path, framework="pt") as opened:
        said: str = opened.metadata()["vocalverse"]
        return said


@pytest.mark.parametrize(
    ("config", "because"),
    [
        (replace(PLAIN, dimensions=()), "no dimension"),
        (replace(PLAIN, encoders=()), "neither an encoder nor a measure"),
        (replace(PLAIN, dimensions=("a", "a")), "twice"),
        (replace(PLAIN, hidden=0), "below 1"),
        (replace(PLAIN, kind=HeadKind.TRANSFORMER, hidden=6), "multiple of 4"),
        (replace(PLAIN, output=Output(low=5.0, high=1.0)), "rise"),
        (replace(PLAIN, output=Output(OutputKind.ORDINAL, 1.0, 4.5)), "whole number"),
        (replace(PLAIN, output=Output(OutputKind.DISTRIBUTION, bins=1)), "bins"),
        (replace(PLAIN, dropout=1.0), "dropout"),
        (replace(PLAIN, frames_per_s=0.0), "frames_per_s"),
        (replace(PLAIN, encoders=(), measures=("a",), kind=HeadKind.BILSTM), "without an encoder"),
    ],
)
def test_a_head_that_cannot_be_is_refused_in_words(config: HeadConfig, because: str):
    with pytest.raises(BadInput, match=because):
        build(config)


def test_a_head_with_measures_wants_them():
    config = replace(PLAIN, measures=("a",))
    heard = collate(PLAIN, [take(PLAIN, 1.0)])
    with pytest.raises(BadInput, match="goes by measures"):
        build(config)(Batch(heard.frames, heard.seconds))
