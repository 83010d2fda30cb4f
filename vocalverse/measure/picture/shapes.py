"""What a picture is made of, before it is pixels or SVG. Lengths in points, from the upper left."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Points = npt.NDArray[np.float64]  # [points, 2]: x, y


@dataclass(frozen=True)
class Box:
    left: float
    top: float
    width: float
    height: float
    fill: str | None = None
    line: str | None = None
    rounded: float = 0.0
    thick: float = 1.0


@dataclass(frozen=True)
class Curve:
    points: Points
    colour: str
    thick: float = 1.0


@dataclass(frozen=True)
class Area:
    """What lies within its points."""

    points: Points
    fill: str


@dataclass(frozen=True)
class Words:
    """In one line; `y` is where the letters stand."""

    x: float
    y: float
    text: str
    size: float
    colour: str
    anchor: str = "start"  # of `x`, in SVG's words: start, middle or end


Shape = Box | Curve | Area | Words


@dataclass(frozen=True)
class Drawing:
    """Later shapes lie upon earlier ones."""

    width: float
    height: float
    background: str
    shapes: tuple[Shape, ...]


def line(x: float, y: float, to_x: float, to_y: float, colour: str, thick: float = 1.0) -> Curve:
    return Curve(np.asarray([(x, y), (to_x, to_y)]), colour, thick)
