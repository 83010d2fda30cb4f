"""Pictures whose truth is known: a tone stands where it sounds, in time and in frequency."""

import math

import numpy as np

from vocalverse.separate.picture import DEFAULT, Panel, draw

RATE_HZ = 44_100
LEFT, TOP = 56, 26


def tone(hz: float, *, from_s: float, to_s: float, duration_s: float = 4.0) -> np.ndarray:
    time_s = np.arange(round(duration_s * RATE_HZ)) / RATE_HZ
    mono = 0.5 * np.sin(2 * np.pi * hz * time_s) * ((time_s >= from_s) & (time_s < to_s))
    return np.stack([mono, mono], axis=1).astype(np.float32)


def panel_of(picture: object, at: int) -> np.ndarray:
    """Brightness [height, width]."""
    pixels = np.asarray(picture.convert("L"), np.float32)  # type: ignore[attr-defined]
    top = TOP + at * (DEFAULT.height + 30)
    return pixels[top : top + DEFAULT.height, LEFT : LEFT + DEFAULT.width]


def test_a_tone_is_bright_where_it_sounds_and_nowhere_else():
    picture = draw([Panel("tone", tone(1000, from_s=1, to_s=2))], RATE_HZ)
    bright = panel_of(picture, 0)
    row, column = np.unravel_index(bright.argmax(), bright.shape)
    low, high = math.log(DEFAULT.lowest_hz), math.log(DEFAULT.highest_hz)
    assert abs((DEFAULT.height - 1 - row) / (DEFAULT.height - 1) - (math.log(1000) - low) / (high - low)) < 0.02
    assert 0.25 < column / DEFAULT.width < 0.5
    assert bright[row, : round(0.2 * DEFAULT.width)].max() < 5
    assert bright[row, round(0.55 * DEFAULT.width) :].max() < 5


def test_panels_share_their_colours_so_that_softer_is_darker():
    loud = tone(1000, from_s=0, to_s=4)
    picture = draw([Panel("loud", loud), Panel("soft", loud / 30)], RATE_HZ)
    assert panel_of(picture, 0).max() > panel_of(picture, 1).max() + 50


def test_silence_is_black_and_a_moment_is_enough():
    assert panel_of(draw([Panel("silence", np.zeros((441, 2), np.float32))], RATE_HZ), 0).max() < 5
    assert panel_of(draw([Panel("one sample", np.ones((1, 2), np.float32))], RATE_HZ), 0).shape == (210, 1100)


def test_a_title_is_written_in_letters_that_there_are_and_is_no_wider_than_its_panel():
    silence = np.zeros((441, 2), np.float32)
    accents, plain = (np.asarray(draw([Panel(title, silence)], RATE_HZ)) for title in ("Björk – é", "Bjork - e"))
    assert np.array_equal(accents, plain)
    long = np.asarray(draw([Panel("a long name " * 40, silence)], RATE_HZ))
    beside = slice(LEFT + DEFAULT.width + 1, None)
    assert np.array_equal(long[:, beside], plain[:, beside])


def test_from_two_minutes_on_its_time_is_told_in_minutes():
    def foot(seconds: float) -> np.ndarray:
        return np.asarray(draw([Panel("", np.zeros((round(seconds * RATE_HZ), 1), np.float32))], RATE_HZ))[-30:, -60:]

    assert not np.array_equal(foot(120), foot(119))
