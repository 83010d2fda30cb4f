"""Small signs over and under notes."""

import numpy as np

from vocalverse.measure.picture import colours
from vocalverse.measure.picture.shapes import Curve
from vocalverse.measure.singing.ornaments import OrnamentKind

_SIZE = 7.0
# From left to right, 0 … 1; up is positive.
_ALONG = np.linspace(0, 1, 13)
_SHAPES = {
    OrnamentKind.SCOOP: 1 - (1 - _ALONG) ** 3,
    OrnamentKind.FALL: 1 - _ALONG**3,
    OrnamentKind.KOBUSHI: np.sin(np.pi * _ALONG) ** 2,
    OrnamentKind.PORTAMENTO: (1 - np.cos(np.pi * _ALONG)) / 2,
}


def swing(left: float, right: float, y: float, turns: float) -> Curve:
    """A wave with as many turns as the vibrato has."""
    along = np.linspace(0, 1, max(16, round(turns * 12)))
    x, up = left + along * (right - left), np.sin(2 * np.pi * turns * along)
    return Curve(np.stack([x, y - 2.2 * up], axis=1), colours.SWING, 1.2)


def ornament(kind: OrnamentKind, x: float, y: float) -> Curve:
    points = np.stack([x + (_ALONG - 0.5) * _SIZE, y - _SHAPES[kind] * 0.8 * _SIZE], axis=1)
    return Curve(points, colours.SWING, 1.3)
