"""M2D over whole songs, its network held against transformers' vision transformer."""

from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import ViTConfig, ViTModel

from tests.golden_rule import arrays, filled, wave
from tests.tiny_encoders import make_tiny
from vocalverse.errors import BadInput, ModelBroken
from vocalverse.models.encoders.encoder import Family, Span, whole
from vocalverse.models.encoders.m2d import MEL_16K, columns_in, log_mel
from vocalverse.models.encoders.m2d_net import M2d, M2dSize
from vocalverse.models.encoders.mel import power_mel
from vocalverse.models.encoders.open import open_encoder
from vocalverse.models.encoders.pieces import Pieced
from vocalverse.models.encoders.sound import Sound
from vocalverse.separate.precision import Precision

SMALL = M2dSize(frames=608, width=64, depth=3, heads=4)


def _song(seconds: float) -> Sound:
    return Sound(wave("song", round(seconds * 16000), 16000), 16000)


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Pieced:
    opened = open_encoder(Family.M2D, make_tiny(Family.M2D, tmp_path_factory.mktemp("m2d")), layer=-1)
    assert isinstance(opened, Pieced)
    return opened


def _in_transformers_names(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    named = {
        "embeddings.cls_token": tensors["cls_token"],
        "embeddings.position_embeddings": tensors["pos_embed"],
        "embeddings.patch_embeddings.projection.weight": tensors["patch_embed.proj.weight"],
        "embeddings.patch_embeddings.projection.bias": tensors["patch_embed.proj.bias"],
        "layernorm.weight": tensors["norm.weight"],
        "layernorm.bias": tensors["norm.bias"],
    }
    places = {
        "norm1": "layernorm_before",
        "norm2": "layernorm_after",
        "attn.proj": "attention.o_proj",
        "mlp.fc1": "mlp.fc1",
        "mlp.fc2": "mlp.fc2",
    }
    for name, tensor in tensors.items():
        if name.startswith("blocks."):
            _, block, rest = name.split(".", 2)
            place, _, kind = rest.rpartition(".")
            if place == "attn.qkv":
                for part, each in zip("qkv", tensor.chunk(3), strict=True):
                    named[f"layers.{block}.attention.{part}_proj.{kind}"] = each
            else:
                named[f"layers.{block}.{places[place]}.{kind}"] = tensor
    return named


@torch.inference_mode()
@pytest.mark.parametrize("seed", ["first", "second"])
def test_the_network_is_a_plain_vision_transformer(seed: str):
    ours = filled(M2d(SMALL), seed)
    config = ViTConfig(
        hidden_size=64,
        num_hidden_layers=3,
        num_attention_heads=4,
        intermediate_size=256,
        image_size=(80, 608),
        num_channels=1,
        layer_norm_eps=1e-6,
    )
    theirs = ViTModel(config, add_pooling_layer=False).eval()
    theirs.load_state_dict(_in_transformers_names(dict(ours.state_dict())))
    mel = torch.from_numpy(wave(seed, 2 * 80 * 608, 16000)).view(2, 80, 608) * 10
    grid = theirs(mel[:, None]).last_hidden_state[:, 1:].view(2, 5, 38, 64)
    wanted = torch.cat([grid[:, row] for row in range(5)], dim=-1)
    assert (ours(mel) - wanted).abs().max() < 1e-4


def test_vit_base_has_the_151_keys_that_were_told():
    with torch.device("meta"):
        shapes = {name: list(tensor.shape) for name, tensor in M2d(M2dSize()).state_dict().items()}
    assert len(shapes) == 151
    assert shapes["pos_embed"] == [1, 311, 768]
    assert shapes["patch_embed.proj.weight"] == [768, 1, 16, 16]
    assert shapes["blocks.11.attn.qkv.weight"] == [2304, 768]
    assert shapes["blocks.0.mlp.fc2.weight"] == [768, 3072]
    assert shapes["norm_stats"] == [2]
    with torch.device("meta"):
        assert M2d(M2dSize(608)).state_dict()["pos_embed"].shape == (1, 191, 768)


@torch.inference_mode()
def test_a_column_joins_its_patches_with_the_lowest_bands_first():
    net = filled(M2d(M2dSize(frames=64, width=256, depth=0, heads=4)), "plain")
    net.load_state_dict(
        {
            **net.state_dict(),
            "patch_embed.proj.weight": torch.eye(256).view(256, 1, 16, 16),
            "patch_embed.proj.bias": torch.zeros(256),
            "pos_embed": torch.zeros(1, 21, 256),
            "norm.weight": torch.ones(256),
            "norm.bias": torch.zeros(256),
        }
    )
    mel = torch.randn(1, 80, 64, generator=torch.Generator().manual_seed(1))
    patch = mel[0, 16:32, 32:48].flatten()  # bands of the second row, frames of the third column
    wanted = (patch - patch.mean()) / (patch.var(correction=0) + 1e-6).sqrt()
    torch.testing.assert_close(net(mel)[0, 2, 256:512], wanted)


@torch.inference_mode()
def test_a_shorter_piece_takes_the_first_places():
    net = filled(M2d(M2dSize(frames=64, width=64, depth=0, heads=1)), "places")
    net.patch_embed.proj.weight.zero_()
    torch.testing.assert_close(net(torch.zeros(1, 80, 48)), net(torch.zeros(1, 80, 64))[:, :3])


@pytest.mark.parametrize(("frames", "wanted"), [(1001, 62), (608, 63)])
def test_ten_seconds_give_as_many_frames_as_were_told(frames: int, wanted: int):
    piece = frames * 160
    counts = [columns_in(min(piece, 160_000 - at), M2dSize(frames), MEL_16K) for at in range(0, 160_000, piece)]
    assert sum(counts) == wanted


def test_no_piece_has_more_columns_than_there_are_places():
    size = M2dSize(1001)
    assert [columns_in(samples, size, MEL_16K) for samples in (200, 201, 159_999, 160_160)] == [0, 1, 62, 62]


def test_a_pieces_spectrum_is_its_part_of_the_songs():
    song = wave("song", 160 * 2000, 16000)
    whole_song = (power_mel(torch.from_numpy(song), MEL_16K) + torch.finfo(torch.float32).eps).log()
    for start, frames in ((0, 608), (608, 608), (1216, 785)):
        torch.testing.assert_close(log_mel(song, start * 160, frames, MEL_16K), whole_song[:, start : start + frames])


def test_the_front_end_is_nnaudios():
    golden = arrays("mel_frontend_16k_80")
    assert np.abs(log_mel(golden["audio"], 0, 101, MEL_16K).numpy() - golden["log_mel"]).max() < 1e-3


def test_a_song_is_heard_in_consecutive_pieces(encoder: Pieced):
    sound = _song(14)
    found = encoder.encode(sound, whole(sound))
    assert found.values.shape == (38 + 38 + 12, 320)
    np.testing.assert_allclose(found.start_s[[0, 38, 76]], [0, 6.08, 12.16])
    assert found.seconds.sum() == pytest.approx(14, abs=1e-4)
    window = encoder.windows(sound, whole(sound))[1]
    with torch.inference_mode():
        alone = encoder.hear(encoder.prepare(sound, window)[None], window)[0]
    np.testing.assert_allclose(found.values[38:76], alone, atol=1e-5)


def test_a_span_gives_the_same_alone_and_among_others(encoder: Pieced):
    sound, spans = _song(20), (Span(0.5, 9), Span(11, 19.9))
    alone = np.concatenate([encoder.encode(sound, [span]).values for span in spans])
    np.testing.assert_allclose(encoder.encode(sound, spans).values, alone, atol=1e-5)


def test_a_third_of_a_second_is_heard_and_nothing_gives_nothing(encoder: Pieced):
    sound = _song(0.3)
    found = encoder.encode(sound, whole(sound))
    assert found.values.shape == (2, 320)
    assert found.seconds.sum() == pytest.approx(0.3, abs=1e-6)
    assert encoder.encode(sound, [Span(0.3, 9)]).values.shape == (0, 320)


def test_bf16_is_near_fp32(tmp_path: Path, encoder: Pieced):
    sound = _song(4)
    rough = open_encoder(Family.M2D, make_tiny(Family.M2D, tmp_path), layer=-1, precision=Precision.BF16)
    values = [one.encode(sound, whole(sound)).values.ravel() for one in (encoder, rough)]
    assert np.corrcoef(*values)[0, 1] > 0.99


def test_statistics_that_a_checkpoint_lacks_are_the_usual_ones(tmp_path: Path, encoder: Pieced):
    folder, sound = make_tiny(Family.M2D, tmp_path), _song(1)
    path = next(folder.glob("*.pth"))
    kept = {name: one for name, one in torch.load(path)["model"].items() if not name.endswith("norm_stats")}
    torch.save(kept, path)
    again = open_encoder(Family.M2D, folder, layer=-1).encode(sound, whole(sound))
    np.testing.assert_array_equal(again.values, encoder.encode(sound, whole(sound)).values)


def test_what_is_no_m2d_and_layers_before_the_last_are_refused(tmp_path: Path):
    folder = make_tiny(Family.M2D, tmp_path)
    with pytest.raises(BadInput, match="ask for layer -1 or 2"):
        open_encoder(Family.M2D, folder, layer=1)
    torch.save({"backbone.norm.weight": torch.ones(3)}, next(folder.glob("*.pth")))
    with pytest.raises(ModelBroken, match="holds no M2D: it has no 'pos_embed'"):
        open_encoder(Family.M2D, folder, layer=-1)
