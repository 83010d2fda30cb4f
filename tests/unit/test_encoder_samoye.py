"""SaMoye's features and its prior encoder over whole songs."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.golden_rule import arrays, filled, wave, weight
from tests.tiny_encoders import SAMOYE_HUBERT, SAMOYE_WHISPER, in_openais_name, make_tiny
from vocalverse.errors import BadInput, ModelBroken, NotFound
from vocalverse.models.encoders import coarse_f0, samoye, samoye_prior
from vocalverse.models.encoders.encoder import Encoder, Family, Frames, Span, whole
from vocalverse.models.encoders.hubert_soft import HubertSize, HubertSoft
from vocalverse.models.encoders.open import open_encoder, revision_of
from vocalverse.models.encoders.opening import Opening
from vocalverse.models.encoders.samoye import Ears, Samoye
from vocalverse.models.encoders.samoye_prior import PriorEncoder
from vocalverse.models.encoders.sound import Sound
from vocalverse.models.encoders.whisper_mel import whisper_mel
from vocalverse.models.encoders.whisper_net import WhisperDims, WhisperEncoder, positions_table
from vocalverse.separate.precision import Precision

PPG = SAMOYE_WHISPER.width
UNITS = SAMOYE_HUBERT.units


def _sung(seconds: float) -> Sound:
    """Notes of a quarter of a second, with gaps."""
    f0_hz = np.repeat([220, 0, 247, 330, 110], 25).astype(np.float32)
    frames = round(seconds * 100)
    return Sound(wave("sung", round(seconds * 16000), 16000), 16000, f0=lambda: np.resize(f0_hz, frames))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny(Family.SAMOYE_PRIOR, tmp_path_factory.mktemp("samoye"))


@pytest.fixture(scope="module")
def encoder(folder: Path) -> Samoye:
    opened = open_encoder(Family.SAMOYE, folder, layer=-1)
    assert isinstance(opened, Samoye)
    return opened


@pytest.fixture(scope="module")
def prior(folder: Path) -> PriorEncoder:
    opened = open_encoder(Family.SAMOYE_PRIOR, folder, layer=-1)
    assert isinstance(opened, PriorEncoder)
    return opened


def _whisper_of_the_golden_arrays() -> WhisperEncoder:
    net = WhisperEncoder(WhisperDims(mels=80, positions=1500, width=64, heads=4, layers=4))
    named = {
        name: weight("samoye_whisper_ppg", in_openais_name(name), tensor) for name, tensor in net.state_dict().items()
    }
    net.load_state_dict(named | {"embed_positions.weight": positions_table(1500, 64)})
    return net


def test_ppg_is_the_public_codes():
    golden = arrays("samoye_whisper_ppg")
    sound = Sound(golden["audio"], 16000)
    assert np.abs(whisper_mel(golden["audio"], 80).numpy() - golden["mel"]).max() < 1e-3
    ear = samoye.ppg_ear(_whisper_of_the_golden_arrays(), Opening(Family.SAMOYE))
    found = ear.encode(sound, whole(sound)).values
    assert len(found) == golden["encoder_frames"]
    assert np.abs(found - golden["ppg"]).max() < 1e-4


@torch.inference_mode()
def test_all_blocks_would_give_another_ppg():
    golden = arrays("samoye_whisper_ppg")
    found = _whisper_of_the_golden_arrays()(torch.from_numpy(golden["mel"])[None])[0].numpy()
    assert np.abs(found - golden["ppg_untruncated"]).max() < 1e-4
    assert np.abs(found - golden["ppg"]).max() > 0.5


def test_ppg_of_more_than_15_s_is_the_public_codes():
    golden = arrays("samoye_whisper_ppg")
    sound = Sound(wave("samoye_whisper_ppg/long", int(golden["long_samples"]), 16000), 16000)
    ear = samoye.ppg_ear(_whisper_of_the_golden_arrays(), Opening(Family.SAMOYE))
    assert np.abs(ear.encode(sound, whole(sound)).values - golden["long_ppg_f16"]).max() < 5e-3


def test_units_are_heard_in_pieces_of_20_s_each_by_itself():
    net = filled(HubertSoft(SAMOYE_HUBERT), "tiny")
    ear, sound = samoye.units_ear(net, Opening(Family.SAMOYE)), _sung(43.21)
    pieces = torch.split(torch.from_numpy(sound.at(16000)), 20 * 16000)
    with torch.inference_mode():
        alone = [net(piece[None])[0].numpy() for piece in pieces]
    np.testing.assert_allclose(ear.encode(sound, whole(sound)).values, np.concatenate(alone), atol=1e-5)


def test_ppg_and_units_stand_for_two_frames_each_and_coarse_f0_for_one(encoder: Samoye):
    sound = _sung(17.013)
    frames = encoder.encode(sound, whole(sound))
    assert frames.values.shape == (1700, PPG + UNITS + 32)
    assert encoder.info.width == PPG + UNITS + 32
    np.testing.assert_array_equal(frames.values[::2, : PPG + UNITS], frames.values[1::2, : PPG + UNITS])
    np.testing.assert_array_equal(frames.values[::2, :PPG], encoder.ears.ppg.encode(sound, whole(sound)).values)
    np.testing.assert_array_equal(frames.values[:, -32:], coarse_f0.told(coarse_f0.bins(sound.f0_hz())[:1700], 32))
    np.testing.assert_allclose(frames.start_s, np.arange(1700) / 100)
    np.testing.assert_allclose(frames.seconds, 0.01)


def test_coarse_f0_is_told_so_that_a_layer_on_it_can_be_any_smooth_table():
    every = coarse_f0.told(np.arange(1, 256), 32)
    assert len(np.unique(every.round(3), axis=0)) == 255
    # A table that rises for an octave and falls again, learnt by least squares.
    wanted = np.exp(-0.5 * ((np.arange(255) - 90) / 15) ** 2)
    with_bias = np.column_stack((every, np.ones(255)))
    learnt = with_bias @ np.linalg.lstsq(with_bias, wanted)[0]
    assert np.abs(learnt - wanted).max() < 1e-3


def _values(encoder: Encoder, sound: Sound, spans: Sequence[Span]) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return encoder.encode(sound, spans).values


def test_a_span_gives_the_same_alone_and_among_others(prior: PriorEncoder, encoder: Samoye):
    for one, spans in (
        (encoder, (Span(0, 17.5), Span(20, 38.03))),
        (prior, (Span(0, 3.5), Span(5, 8.03))),
    ):
        sound = _sung(40)
        both = one.encode(sound, spans)
        alone = [one.encode(sound, [span]) for span in spans]
        np.testing.assert_array_equal(both.values, np.concatenate([part.values for part in alone]))
        np.testing.assert_array_equal(both.start_s, np.concatenate([part.start_s for part in alone]))


def test_what_shares_a_batch_changes_nothing(encoder: Samoye):
    sound = _sung(50)
    by_four = Samoye(encoder.info, Ears(replace(encoder.ears.ppg, batch=4), replace(encoder.ears.units, batch=4)))
    difference = _values(by_four, sound, whole(sound)) - _values(encoder, sound, whole(sound))
    assert np.abs(difference).max() < 1e-5


def test_the_same_song_gives_the_same_bits(folder: Path, encoder: Samoye):
    first, second = _sung(21), _sung(21)
    again = open_encoder(Family.SAMOYE, folder, layer=1)
    np.testing.assert_array_equal(_values(encoder, first, whole(first)), _values(again, second, whole(second)))


@torch.inference_mode()
def test_enc_p_hears_chunks_with_ten_frames_around_them(prior: PriorEncoder, monkeypatch: pytest.MonkeyPatch):
    assert (samoye_prior._CHUNKS.window, samoye_prior._CHUNKS.margin) == (2500, 10)
    monkeypatch.setattr(samoye_prior, "_CHUNKS", replace(samoye_prior._CHUNKS, window=250))
    sound = _sung(6)
    heard = prior.ears.hear(sound, Span(0, 6))
    places = np.arange(240, 510)
    ppg, units = (torch.from_numpy(part[places // 2])[None] for part in (heard.ppg, heard.units))
    middle = prior.net(ppg, units, torch.from_numpy(heard.bins[places])[None]).hidden[0].T.numpy()
    found = prior.encode(sound, whole(sound))
    assert found.values.shape == (600, 192)
    np.testing.assert_allclose(found.values[250:500], middle[10:-10], atol=1e-5)


@pytest.mark.parametrize("family", [Family.SAMOYE, Family.SAMOYE_PRIOR])
def test_a_third_of_a_second_is_heard(family: Family, folder: Path):
    sound = _sung(0.3)
    found = open_encoder(family, folder, layer=-1).encode(sound, whole(sound))
    assert len(found.values) == 30
    assert np.isfinite(found.values).all()


@pytest.mark.parametrize("family", [Family.SAMOYE, Family.SAMOYE_PRIOR])
def test_no_span_and_one_beyond_the_end_give_no_frames(family: Family, folder: Path):
    sound, encoder = _sung(2), open_encoder(family, folder, layer=-1)
    for spans in ((), (Span(3, 4),)):
        assert encoder.encode(sound, spans).values.shape == (0, encoder.info.width)


@pytest.mark.parametrize("family", [Family.SAMOYE, Family.SAMOYE_PRIOR])
def test_bf16_is_near_fp32(family: Family, folder: Path):
    sound = _sung(4)
    exact, rough = (
        _values(open_encoder(family, folder, layer=-1, precision=precision), sound, whole(sound))
        for precision in (Precision.FP32, Precision.BF16)
    )
    assert np.corrcoef(exact.ravel(), rough.ravel())[0, 1] > 0.99


def test_progress_rises_to_its_end(prior: PriorEncoder):
    told: list[float] = []
    prior.encode(_sung(8), [Span(0, 3), Span(5, 8)], progress=lambda _stage, fraction: told.append(fraction))
    assert told == sorted(told)
    assert told[-1] == 1.0


Change = Callable[[dict[str, torch.Tensor]], object]


def _wrapped_by_a_trainer(tensors: dict[str, torch.Tensor]) -> object:
    return {f"module.{name}": tensor for name, tensor in tensors.items()}


def _as_v02(tensors: dict[str, torch.Tensor]) -> object:
    return {"hubert": tensors, "step": 3}


def _in_the_new_spelling(tensors: dict[str, torch.Tensor]) -> object:
    spelt = {"conv.weight_g": "conv.parametrizations.weight.original0"}
    spelt |= {"conv.weight_v": "conv.parametrizations.weight.original1"}
    return {
        next((name.replace(old, new) for old, new in spelt.items() if name.endswith(old)), name): tensor
        for name, tensor in tensors.items()
    }


@pytest.mark.parametrize("change", [_wrapped_by_a_trainer, _as_v02, _in_the_new_spelling])
def test_hubert_soft_is_found_however_it_was_published(change: Change, tmp_path: Path, encoder: Samoye):
    sound, folder = _sung(3), make_tiny(Family.SAMOYE, tmp_path)
    path = folder / "hubert_pretrain" / "hubert-soft-0d54a1f4.pt"
    torch.save(change(torch.load(path) | {"masked_spec_embed": torch.zeros(64)}), path)
    again = open_encoder(Family.SAMOYE, folder, layer=-1)
    np.testing.assert_array_equal(_values(encoder, sound, whole(sound)), _values(again, sound, whole(sound)))


HUBERT = "hubert_pretrain/hubert-soft-0d54a1f4.pt"
PRIOR = "vits_pretrain/samoye.pth"


@pytest.mark.parametrize(
    ("path", "name", "broken", "message"),
    [
        (HUBERT, "norm.bias", None, r"hubert_pretrain lacks norm\.bias"),
        (HUBERT, "extra", torch.ones(2), "hubert_pretrain holds what its config has no place for: extra"),
        (HUBERT, "norm.bias", torch.ones(3), r"norm\.bias \[3\] instead of \[64\]"),
        (HUBERT, "norm.bias", torch.full((64,), torch.nan), r"no numbers in norm\.bias"),
        (HUBERT, "proj.weight", None, "holds no HuBERT-soft: it has no 'proj.weight'"),
        (PRIOR, "enc_p.proj.bias", None, r"vits_pretrain lacks proj\.bias"),
        (PRIOR, "enc_p.pre.weight", None, "holds no enc_p: it has no 'pre.weight'"),
        (PRIOR, "enc_p.pit.weight", torch.full((256, 192), torch.inf), r"no numbers in pit\.weight"),
    ],
)
def test_broken_weights_are_named(path: str, name: str, broken: torch.Tensor | None, message: str, tmp_path: Path):
    family = Family.SAMOYE_PRIOR if path == PRIOR else Family.SAMOYE
    folder = make_tiny(family, tmp_path)
    tensors = torch.load(folder / path)
    tensors = {key: one for key, one in (tensors.get("model_g", tensors) | {name: broken}).items() if one is not None}
    torch.save({"model_g": tensors} if path == PRIOR else tensors, folder / path)
    with pytest.raises(ModelBroken, match=message):
        open_encoder(family, folder, layer=-1)


def test_a_folder_that_lacks_a_part_is_refused(tmp_path: Path):
    folder = make_tiny(Family.SAMOYE, tmp_path)
    (folder / HUBERT).unlink()
    with pytest.raises(NotFound, match="hubert_pretrain should hold one checkpoint"):
        open_encoder(Family.SAMOYE, folder, layer=-1)


def test_ppg_and_enc_p_that_do_not_belong_together_are_refused(tmp_path: Path):
    folder = make_tiny(Family.SAMOYE_PRIOR, tmp_path)
    net = filled(HubertSoft(HubertSize(channels=16, width=64, layers=1, inner=64, units=25)), "other")
    torch.save(net.state_dict(), folder / "hubert_pretrain" / "hubert-soft-0d54a1f4.pt")
    with pytest.raises(ModelBroken, match="takes units of 24 values, but what hears them gives 25"):
        open_encoder(Family.SAMOYE_PRIOR, folder, layer=-1)


def test_no_layer_but_the_last_is_given(folder: Path):
    for layer in (0, None, 2):
        with pytest.raises(BadInput, match="ask for layer -1 or 1"):
            open_encoder(Family.SAMOYE, folder, layer=layer)


def test_its_revision_is_that_of_all_its_files(tmp_path: Path, folder: Path):
    other = make_tiny(Family.SAMOYE_PRIOR, tmp_path, seed=0)
    assert revision_of(Family.SAMOYE_PRIOR, other) == revision_of(Family.SAMOYE_PRIOR, folder)
    path = other / "vits_pretrain" / "samoye.pth"
    changed = torch.load(path)
    changed["model_g"]["enc_p.pre.bias"][0] += 1
    torch.save(changed, path)
    assert revision_of(Family.SAMOYE_PRIOR, other) != revision_of(Family.SAMOYE_PRIOR, folder)
    assert revision_of(Family.SAMOYE, other) == revision_of(Family.SAMOYE, folder)


def test_frames_know_nothing_of_later_ones_but_through_their_piece(encoder: Samoye):
    """A song that goes on gives the pieces that it gave before."""
    long, short = _sung(45), _sung(45)
    cut = Sound(short.at(16000)[: 40 * 16000], 16000, f0=lambda: short.f0_hz()[:4000])
    before: Frames = encoder.encode(cut, whole(cut))
    np.testing.assert_array_equal(before.values[:1500, :PPG], encoder.encode(long, whole(long)).values[:1500, :PPG])
