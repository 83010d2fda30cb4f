"""What networks call what they give, and what they are good for by that."""

import numpy as np
import pytest

from vocalverse.errors import ModelRefused
from vocalverse.separate.purpose import Part, Purpose, in_our_word, part_of, purpose_of


@pytest.mark.parametrize(
    ("said", "ours"),
    [
        ("Vocals", "voice"),
        ("singing", "voice"),
        ("Instrumental", "backing"),
        ("noreverb", "dry"),
        ("No Reverb", "dry"),
        ("no_echo", "dry"),
        ("Dry", "dry"),
        ("No Dry", "reverb"),
        ("Echo", "reverb"),
        ("Backing Vocals", "backing vocals"),
        ("Drums", "drums"),
    ],
)
def test_stems_have_our_words_however_they_are_written(said: str, ours: str):
    assert in_our_word(said) == ours


@pytest.mark.parametrize(
    ("stems", "purpose", "part"),
    [
        (("backing", "voice"), Purpose.SEPARATE, Part(1)),
        (("drums", "bass", "other", "vocals"), Purpose.SEPARATE, Part(3)),
        (("instrumental",), Purpose.SEPARATE, Part(0, rest=True)),
        (("reverb", "no reverb"), Purpose.DEREVERBERATE, Part(1)),
        (("dry", "other"), Purpose.DEREVERBERATE, Part(0)),
        (("reverb",), Purpose.DEREVERBERATE, Part(0, rest=True)),
        (("vocals", "reverb"), Purpose.DEREVERBERATE, Part(0)),
    ],
)
def test_what_is_wanted_is_found_among_the_stems(stems: tuple[str, ...], purpose: Purpose, part: Part):
    assert part_of(stems, purpose) == part
    assert purpose_of(stems) is purpose


@pytest.mark.parametrize(
    ("stems", "purpose"),
    [
        (("dry",), Purpose.SEPARATE),
        (("noreverb", "reverb"), Purpose.SEPARATE),
        (("voice", "backing"), Purpose.DEREVERBERATE),
        (("backing",), Purpose.DEREVERBERATE),
        (("drums", "bass"), Purpose.SEPARATE),
        (("noise", "no noise"), Purpose.DEREVERBERATE),
    ],
)
def test_a_network_of_another_purpose_is_refused_with_what_it_gives(stems: tuple[str, ...], purpose: Purpose):
    with pytest.raises(ModelRefused, match=f"{stems[0]}.* does not {purpose}"):
        part_of(stems, purpose)


def test_what_nobody_sings_is_of_no_purpose():
    with pytest.raises(ModelRefused, match="drums"):
        purpose_of(("drums", "bass"))


def test_the_rest_is_what_a_stem_leaves_over():
    block = np.arange(12, dtype=np.float32).reshape(2, 3, 2)
    source = np.ones((3, 2), np.float32)
    assert np.array_equal(Part(1).of(block, source), block[1])
    assert np.array_equal(Part(1, rest=True).of(block, source), source - block[1])
