"""wav2vec2, HuBERT and WavLM against transformers' classes called as they are, and over whole songs."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import Wav2Vec2FeatureExtractor

from tests.encoding import agreement, sung
from tests.tiny_encoders import make_tiny, speech_net, write
from vocalverse.models.encoders.encoder import Family, Frames, Span, whole
from vocalverse.models.encoders.open import open_encoder, revision_of
from vocalverse.models.encoders.sound import Mono, Sound
from vocalverse.models.encoders.weight_norm import in_the_old_spelling
from vocalverse.separate.precision import Precision

RATE_HZ = 16_000
NEAR = 1e-5
FAMILIES = [Family.WAV2VEC2, Family.HUBERT, Family.WAVLM]
LARGE = {"do_stable_layer_norm": True, "feat_extract_norm": "layer", "conv_bias": True}  # as the large ones are


def folder_of(net: Any, folder: Path, *, prefix: str = "", levelled: bool | None = None) -> Path:
    folder.mkdir(parents=True)
    write(folder, {f"{prefix}{name}": one for name, one in net.state_dict().items()}, net.config.to_dict())
    if levelled is not None:
        (folder / "preprocessor_config.json").write_text(json.dumps({"do_normalize": levelled}))
    return folder


@torch.inference_mode()
def theirs(net: Any, samples: Mono, *, levelled: bool = True) -> Any:
    extractor = Wav2Vec2FeatureExtractor(do_normalize=levelled)
    heard = extractor(samples, sampling_rate=RATE_HZ, return_tensors="pt").input_values
    return net(heard, output_hidden_states=True)


def ours(family: Family, folder: Path, sound: Sound, layer: int | None = -1) -> Frames:
    return open_encoder(family, folder, layer=layer).encode(sound, whole(sound))


@pytest.mark.parametrize("seconds", [7.013, 0.3])
@pytest.mark.parametrize("config", [{}, LARGE], ids=["base", "large"])
@pytest.mark.parametrize("family", FAMILIES)
def test_a_clip_is_heard_as_transformers_hears_it(
    tmp_path: Path, family: Family, config: dict[str, Any], seconds: float
):
    torch.manual_seed(round(seconds))
    net = speech_net(family, **config)
    sound = Sound(sung(seconds, 3), RATE_HZ)
    said = theirs(net, sound.at(RATE_HZ))
    every = ours(family, folder_of(net, tmp_path / "net"), sound, None)
    last = agreement(said.last_hidden_state[0], every.values[:, -1])
    assert last.error < NEAR
    assert last.correlation > 1 - 1e-9
    for layer in (0, 1):
        assert agreement(said.hidden_states[layer][0], every.values[:, layer]).error < NEAR


@pytest.mark.parametrize(
    ("family", "layer"), [*zip(FAMILIES, (1, 1, 1), strict=True), (Family.WAVLM, 0), (Family.WAVLM, 2)]
)
def test_one_layer_is_the_same_as_among_all(tmp_path: Path, family: Family, layer: int):
    folder = make_tiny(family, tmp_path / "tiny")
    sound = Sound(sung(2.0), RATE_HZ)
    alone, every = ours(family, folder, sound, layer), ours(family, folder, sound, None)
    assert np.array_equal(alone.values, every.values[:, layer])


def test_loudness_is_normalised_only_where_the_checkpoint_asks(tmp_path: Path):
    net = speech_net(Family.WAVLM)
    quiet = Sound(0.01 * sung(2.0), RATE_HZ)
    for levelled in (True, False):
        folder = folder_of(net, tmp_path / str(levelled), levelled=levelled)
        said = theirs(net, quiet.at(RATE_HZ), levelled=levelled).last_hidden_state[0]
        assert agreement(said, ours(Family.WAVLM, folder, quiet).values).error < NEAR


def test_published_keys_of_either_spelling_and_with_heads_are_read(tmp_path: Path):
    net = speech_net(Family.HUBERT)
    new = folder_of(net, tmp_path / "new")
    old = tmp_path / "old"
    old.mkdir()
    tensors = {f"hubert.{name}": one for name, one in in_the_old_spelling(net.state_dict()).items()}
    heads = {"lm_head.weight": torch.ones(4, 32), "hubert.masked_spec_embed": torch.ones(32)}
    torch.save(tensors | heads, old / "pytorch_model.bin")
    (old / "config.json").write_text((new / "config.json").read_text())
    sound = Sound(sung(1.5), RATE_HZ)
    assert np.array_equal(ours(Family.HUBERT, new, sound).values, ours(Family.HUBERT, old, sound).values)


def test_half_a_minute_is_heard_at_once(tmp_path: Path):
    net = speech_net(Family.WAV2VEC2)
    sound = Sound(sung(30.0), RATE_HZ)
    frames = ours(Family.WAV2VEC2, folder_of(net, tmp_path / "net"), sound)
    assert agreement(theirs(net, sound.at(RATE_HZ)).last_hidden_state[0], frames.values).error < NEAR


@pytest.mark.parametrize("family", [Family.WAV2VEC2, Family.WAVLM])
def test_a_song_in_pieces_has_as_many_frames_as_in_one(tmp_path: Path, family: Family):
    """Each in its place, and close to what the network hears at once: pieces know 5 s of what is around them."""
    net = speech_net(family, **LARGE)
    sound = Sound(sung(41.0, 2), RATE_HZ)
    with torch.inference_mode():
        at_once = theirs(net, sound.at(RATE_HZ)).last_hidden_state[0]
    frames = ours(family, folder_of(net, tmp_path / "net"), sound)
    assert agreement(at_once, frames.values).correlation > 0.98
    assert np.allclose(np.diff(frames.start_s), 0.02)
    assert frames.start_s[0] == 0


@pytest.mark.parametrize("family", FAMILIES)
def test_batch_mates_change_nothing(tmp_path: Path, family: Family):
    encoder = open_encoder(family, make_tiny(family, tmp_path / "tiny"), layer=-1)
    song = Sound(sung(12.0), RATE_HZ)
    spans = [Span(at, at + 3.0) for at in (0.0, 3.0, 6.0, 9.0)]
    together = type(encoder)(**vars(encoder) | {"batch": 4}).encode(song, spans)
    alone = np.concatenate([encoder.encode(song, [span]).values for span in spans])
    assert agreement(alone, together.values).error < NEAR


@pytest.mark.parametrize("family", FAMILIES)
def test_half_precision_stays_near(tmp_path: Path, family: Family):
    folder = make_tiny(family, tmp_path / "tiny")
    sound = Sound(sung(5.0), RATE_HZ)
    half = open_encoder(family, folder, layer=-1, precision=Precision.BF16).encode(sound, whole(sound))
    assert agreement(ours(family, folder, sound).values, half.values).correlation > 0.99


def test_a_revision_is_of_all_that_is_loaded_and_of_nothing_else(tmp_path: Path):
    folder = make_tiny(Family.WAVLM, tmp_path / "tiny")
    before = open_encoder(Family.WAVLM, folder, layer=-1).info.revision
    (folder / "README.md").write_text("of no matter")
    assert revision_of(Family.WAVLM, folder) == before
    (folder / "preprocessor_config.json").write_text('{"do_normalize": false}')
    assert revision_of(Family.WAVLM, folder) != before
