"""A guide vocal: what is kept of somebody's singing, and what is refused."""

import base64
import json
import zlib
from dataclasses import replace

import numpy as np
import pytest

from vocalverse.errors import ReferenceBroken
from vocalverse.measure.frames import Frames, Heard
from vocalverse.measure.pitch.track import Pitch
from vocalverse.measure.reference import stored
from vocalverse.measure.reference.guide import Guide, guide_of
from vocalverse.measure.reference.melody import Source
from vocalverse.measure.reference.stored_guide import from_json, to_json
from vocalverse.synthesis.repertoire import song


@pytest.fixture(scope="module")
def guide() -> Guide:
    return guide_of(song(20, seed=3).heard())


def test_the_notes_and_the_contour_of_a_guide_are_what_is_sung(guide: Guide) -> None:
    sung = song(20, seed=3)
    assert (guide.melody.source, guide.melody.octave_is_known) == (Source.GUIDE, True)
    assert len(guide.melody.notes) == pytest.approx(len(sung.notes), abs=3)
    assert np.array_equal(np.isfinite(guide.contour.midi), sung.f0_hz > 0)


def test_a_stored_guide_comes_back_within_a_fifth_of_a_cent(guide: Guide) -> None:
    back = from_json(json.loads(json.dumps(to_json(guide))))
    assert back.melody == guide.melody
    assert np.array_equal(np.isnan(back.contour.midi), np.isnan(guide.contour.midi))
    assert np.nanmax(np.abs(back.contour.midi - guide.contour.midi)) < 0.002


def test_who_reads_melodies_reads_a_guide_too(guide: Guide) -> None:
    assert stored.from_json(to_json(guide)) == guide.melody


def test_a_stored_guide_is_small(guide: Guide) -> None:
    seconds = len(guide.contour.midi) / 100
    assert len(json.dumps(to_json(guide))) < 400 * seconds  # bytes: 100 KB for a song


@pytest.mark.parametrize(
    "contour",
    [
        None,
        7,
        "no base64!",
        base64.b64encode(b"no zlib").decode(),
        base64.b64encode(zlib.compress(b"\0\0\0")).decode(),
        base64.b64encode(zlib.compress(b"\0\0" * 100)[:-6]).decode(),
        base64.b64encode(zlib.compress(bytes(2**24))).decode(),  # a bomb
        base64.b64encode(zlib.compress(b"\xff\x7f")).decode(),  # pitch 128
    ],
)
def test_a_guide_that_was_not_stored_so_is_refused(guide: Guide, contour: object) -> None:
    with pytest.raises(ReferenceBroken):
        from_json(to_json(guide) | {"contour": contour})


def test_a_guide_in_which_hardly_anybody_sings_is_refused() -> None:
    sung = song(20, seed=3)
    silent = replace(sung, f0_hz=np.where(np.arange(len(sung.f0_hz)) < 200, sung.f0_hz, 0).astype(np.float32))
    with pytest.raises(ReferenceBroken, match=r"my\.wav: only 1\.\d s"):
        guide_of(silent.heard(), name="my.wav")


@pytest.mark.parametrize("frames", [0, 1])
def test_one_frame_and_none_are_no_guide(frames: int) -> None:
    signal = Frames.of_signal(np.zeros(16_000, np.float32))
    voiced = np.arange(len(signal)) < frames
    pitch = Pitch(np.where(voiced, 220, 0).astype(np.float32), voiced, voiced.astype(np.float32))
    with pytest.raises(ReferenceBroken):
        guide_of(Heard(signal, signal, signal, pitch))
