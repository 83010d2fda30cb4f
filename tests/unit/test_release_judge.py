"""A release judges: from a voice to scores, with real encoders and heads of random weights."""

import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from tests.releases import held_against_lyrics, make_tiny_release, reseal
from tests.tiny_encoders import WHISPER
from tests.voices import song
from vocalverse.errors import BackendFailed, ReleaseBroken
from vocalverse.models.encoders.encoder import EncoderInfo, Family, Frames, Span
from vocalverse.models.encoders.sound import F0, Sound
from vocalverse.models.heads.build import build
from vocalverse.models.heads.config import EncoderInput, HeadConfig, HeadKind, TextInput
from vocalverse.models.heads.file import save
from vocalverse.records import Remark, TextKind
from vocalverse.release.figures import columns
from vocalverse.release.judge import Judge, Judged
from vocalverse.release.sounds import Sounds
from vocalverse.release.spec import DimensionSpec
from vocalverse.release.verify import Sealed
from vocalverse.synthesis.rooms import RATE_HZ

UNKNOWN: Mapping[str, float] = dict.fromkeys(columns(), math.nan)
HEAD = "heads/breath-0.safetensors"


def sounds(seconds: float = 6.0, *, voice: int = 0, mix: int = 1) -> Sounds:
    def of(seed: int) -> np.ndarray:
        return song(seconds, seed=seed).astype(np.float32)[:, None]

    return Sounds.of(of(voice), of(mix), RATE_HZ)


def judged(judge: Judge, heard: Sounds, figures: Mapping[str, float] = UNKNOWN, **text: str) -> Judged:
    return judge.judge(judge.encode(heard), figures, {TextKind(kind): said for kind, said in text.items()})


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Sealed:
    return make_tiny_release(tmp_path_factory.mktemp("releases"))


@pytest.fixture(scope="module")
def judge(sealed: Sealed) -> Judge:
    return opened(sealed)


def opened(sealed: Sealed, *, threads: int = 1) -> Judge:
    return Judge.open(sealed.folder, models=sealed.folder.parent / "models", threads=threads)


def with_head(sealed: Sealed, into: Path, **said: Any) -> Sealed:
    """The release with another head in the first one's place."""
    config = HeadConfig(
        kind=HeadKind.LINEAR,
        dimensions=("breath",),
        encoders=(EncoderInput("whisper", WHISPER.width),),
    )
    save(build(replace(config, **said)), into / "head.safetensors")
    return reseal(sealed.folder, into, files={HEAD: into / "head.safetensors"})


def test_the_same_take_gives_the_same_scores_to_the_last_bit_whoever_is_judged_between(judge: Judge, sealed: Sealed):
    first = judged(judge, sounds())
    assert judged(judge, sounds(11.0, voice=2)) != first
    assert judged(judge, sounds()) == first
    assert judged(opened(sealed), sounds()) == first


def test_the_number_of_threads_moves_no_score(sealed: Sealed):
    before = torch.get_num_threads()
    try:
        one, two = (judged(opened(sealed, threads=threads), sounds(20.0)) for threads in (1, 2))
    finally:
        torch.set_num_threads(before)
    assert [score.value for score in one.scores] == pytest.approx([score.value for score in two.scores], abs=1e-4)


def test_measures_and_the_voice_both_tell(judge: Judge):
    unknown = judged(judge, sounds())
    fast = judged(judge, sounds(), {**UNKNOWN, "vibrato_rate_hz": 7.0})
    assert fast.scores != unknown.scores
    assert judged(judge, sounds(voice=3)).scores != unknown.scores


def test_an_encoder_hears_the_voice_or_the_whole_recording_as_the_release_says(sealed: Sealed, tmp_path: Path):
    of_mix = replace(sealed.spec.encoders[0], voice=False)
    of_voice, of_all = opened(sealed), opened(reseal(sealed.folder, tmp_path, encoders=(of_mix,)))
    assert judged(of_voice, sounds(mix=1)) == judged(of_voice, sounds(mix=2))
    assert judged(of_all, sounds(mix=1)) != judged(of_all, sounds(mix=2))
    assert judged(of_all, sounds(voice=5, mix=0)) == judged(of_voice, sounds(voice=0, mix=5))


def test_two_names_for_the_same_weights_are_one_encoder(sealed: Sealed, tmp_path: Path):
    voice = sealed.spec.encoders[0]
    both = opened(reseal(sealed.folder, tmp_path, encoders=(voice, replace(voice, name="of-mix", voice=False))))
    assert both.encoders["whisper"] is both.encoders["of-mix"]
    encoded = both.encode(sounds())
    assert not np.array_equal(encoded["whisper"].values, encoded["of-mix"].values)


def test_progress_goes_through_all_encoders_from_begin_to_end(sealed: Sealed, tmp_path: Path):
    voice = sealed.spec.encoders[0]
    both = opened(reseal(sealed.folder, tmp_path, encoders=(voice, replace(voice, name="again"))))
    told: list[float] = []
    both.encode(sounds(), progress=lambda stage, fraction: told.append(fraction))
    assert told == sorted(told)
    assert (told[0], told[-1], 0.5 in told) == (0.0, 1.0, True)


def test_what_was_kept_is_not_encoded_again(judge: Judge):
    kept: dict[str, Frames] = {}

    def keep(info: EncoderInfo, sound: Sound, make: Any) -> Frames:
        kept[info.revision] = kept.get(info.revision) or make()
        return kept[info.revision]

    first = judge.encode(sounds(), kept=keep)
    assert judge.encode(sounds(voice=9), kept=keep)["whisper"] is first["whisper"]


def test_spans_alone_are_heard_where_they_are_given(judge: Judge):
    some = judge.encode(sounds(), spans=[Span(0.0, 1.0), Span(3.0, 4.0)])["whisper"]
    assert float(some.seconds.sum()) == pytest.approx(2.0, abs=0.05)


@pytest.mark.parametrize("seconds", [0.3, 1.0, 95.0])
def test_takes_of_any_length_are_judged(judge: Judge, seconds: float):
    assert len(judged(judge, sounds(seconds)).scores) == 4


def test_silence_is_judged_without_a_word_of_complaint(judge: Judge):
    nothing = np.zeros((3 * RATE_HZ, 1), np.float32)
    found = judged(judge, Sounds.of(nothing, nothing, RATE_HZ))
    assert all(math.isfinite(score.value) for score in found.scores)


def test_no_score_is_made_up_where_an_encoder_s_numbers_ran_over(judge: Judge):
    encoded = judge.encode(sounds())["whisper"]
    spoilt = replace(encoded, values=np.where(encoded.start_s[:, None] > 3, np.nan, encoded.values))
    with pytest.raises(BackendFailed, match="breath came out as no number"):
        judge.judge({"whisper": spoilt}, UNKNOWN)


def test_the_pitch_that_was_measured_is_the_one_that_encoders_take():
    f0 = np.full(600, 220.0, np.float32)

    def known() -> F0:
        return f0

    voice = np.zeros((6 * RATE_HZ, 1), np.float32)
    heard = Sounds.of(voice, voice, RATE_HZ, f0=known)
    assert heard.voice.f0_hz() is f0
    assert heard.mix is heard.voice


def test_a_release_may_judge_by_measures_alone_and_axes_of_its_own(sealed: Sealed, tmp_path: Path):
    config = HeadConfig(kind=HeadKind.MLP, dimensions=("pq", "ce"), measures=("hnr_db", "jitter"))
    save(build(config), tmp_path / "head.safetensors")
    axes = tuple(DimensionSpec(key, key.upper(), heads=("head.safetensors",), high=10.0) for key in ("pq", "ce"))
    said = {"dimensions": axes, "encoders": (), "overall": None}
    axes_judge = opened(
        reseal(sealed.folder, tmp_path, files={"head.safetensors": tmp_path / "head.safetensors"}, **said)
    )
    found = judged(axes_judge, sounds(), {**UNKNOWN, "hnr_db": 12.0})
    assert [score.dimension for score in found.scores] == ["pq", "ce"]
    assert found.scores[0].value != found.scores[1].value
    assert found.overall is None


@pytest.fixture(scope="module")
def reading(sealed: Sealed, tmp_path_factory: pytest.TempPathFactory) -> Judge:
    """A release whose emotion is held against lyrics; the other dimensions need none."""
    return opened(held_against_lyrics(sealed.folder, tmp_path_factory.mktemp("reading"), "emotion"))


def test_a_dimension_is_held_against_its_text(reading: Judge):
    one, other = (judged(reading, sounds(), lyrics=words) for words in ("Hey Jude", "Nothing compares 2 U"))
    assert one.scores[:3] == other.scores[:3]
    assert one.scores[3] != other.scores[3]
    assert (one.remarks, other.remarks) == ((), ())
    assert one.overall is not None


@pytest.mark.parametrize("text", [{}, {"lyrics": " \n"}, {"description": "A sad song"}])
def test_without_its_text_a_dimension_has_no_score_and_no_overall_mark_is_made_up(reading: Judge, text: dict[str, str]):
    found = judged(reading, sounds(), **text)
    assert [score.dimension for score in found.scores] == ["breath", "technique", "timbre"]
    assert (found.overall, found.remarks) == (None, (Remark.TEXT_MISSING,))


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ({"encoders": (EncoderInput("whisper", 48),)}, r"frames of .*48.*and the release gives it .*32"),
        ({"encoders": (EncoderInput("whisper", WHISPER.width, layers=3),)}, "frames of"),
        ({"encoders": (EncoderInput("hubert", WHISPER.width),)}, "frames of .*hubert"),
        ({"dimensions": ("timbre",)}, "it judges timbre"),
        ({"measures": ("hnr_db", "charm")}, "charm, which nothing measures"),
        ({"text": TextInput(8)}, "text of width 8"),
    ],
)
def test_a_head_that_does_not_fit_what_feeds_it_is_named(
    sealed: Sealed, said: dict[str, Any], wrong: str, tmp_path: Path
):
    misfit = with_head(sealed, tmp_path, **said)
    with pytest.raises(ReleaseBroken, match=rf"{HEAD} cannot judge breath: .*{wrong}"):
        opened(misfit)


@pytest.mark.parametrize("path", [HEAD, "encoder/model.safetensors"])
def test_weights_that_are_no_numbers_are_named(sealed: Sealed, path: str, tmp_path: Path):
    """Sealed so: every hash is right, and still nothing is judged by it."""
    from safetensors import safe_open

    with safe_open(sealed.folder / path, framework="pt") as file:
        about = file.metadata()
    tensors = load_file(sealed.folder / path)
    name = next(iter(tensors))
    tensors[name].view(-1)[0] = math.nan
    save_file(tensors, tmp_path / "spoilt", metadata=about)
    with pytest.raises(ReleaseBroken, match=r"tiny cannot be opened.*no numbers"):
        opened(reseal(sealed.folder, tmp_path, files={path: tmp_path / "spoilt"}))


def test_an_encoder_other_than_the_one_that_was_trained_with_is_refused(sealed: Sealed, tmp_path: Path):
    other = make_tiny_release(tmp_path / "other", seed=7)
    weights = other.folder / "encoder/model.safetensors"
    with pytest.raises(ReleaseBroken, match=r"encoder in the release is not the whisper.*revision"):
        opened(reseal(sealed.folder, tmp_path, files={"encoder/model.safetensors": weights}))


@pytest.mark.parametrize("said", [{"layer": 9}, {"family": Family.HUBERT}])
def test_an_encoder_that_cannot_be_opened_as_the_release_says_breaks_it(
    sealed: Sealed, said: dict[str, Any], tmp_path: Path
):
    encoder = replace(sealed.spec.encoders[0], **said)
    with pytest.raises(ReleaseBroken, match="tiny cannot be opened"):
        opened(reseal(sealed.folder, tmp_path, encoders=(encoder,)))


def test_a_release_is_verified_before_anything_of_it_is_opened(sealed: Sealed, tmp_path: Path):
    copy = reseal(sealed.folder, tmp_path)
    (copy.folder / HEAD).unlink()
    with pytest.raises(ReleaseBroken, match="missing"):
        opened(copy)
