"""A drawing as pixels. Drawn larger than it is to be, strip by strip, and averaged: no edge is a staircase."""

from collections.abc import Iterable
from dataclasses import dataclass

from PIL import Image, ImageDraw

from vocalverse.measure.picture.letters import Letters
from vocalverse.measure.picture.shapes import Area, Box, Curve, Drawing, Points, Shape, Words

_SHARP = 2.0  # pixels for a point, as good screens have them
_PIXELS_AT_MOST = 24_000_000  # 72 MB: an hour on one sheet is less sharp
_FINER = 2
_STRIP = 256  # pixels


def as_image(drawing: Drawing, letters: Letters) -> Image.Image:
    scale = min(_SHARP, (_PIXELS_AT_MOST / (drawing.width * drawing.height)) ** 0.5)
    picture = Image.new("RGB", (round(drawing.width * scale), round(drawing.height * scale)))
    spans = [_Spanned(shape, *_extent(shape)) for shape in drawing.shapes]
    for top in range(0, picture.height, _STRIP):
        height = min(_STRIP, picture.height - top)
        strip = Image.new("RGB", (picture.width * _FINER, height * _FINER), drawing.background)
        pen = _Pen(strip, scale * _FINER, top * _FINER, letters)
        pen.draw(one.shape for one in spans if one.bottom >= top / scale and one.top <= (top + height) / scale)
        picture.paste(strip.reduce(_FINER), (0, top))
    return picture


@dataclass(frozen=True)
class _Spanned:
    shape: Shape
    top: float
    bottom: float


def _extent(shape: Shape) -> tuple[float, float]:
    match shape:
        case Box():
            return shape.top - shape.thick, shape.top + shape.height + shape.thick
        case Curve():
            ys = shape.points[:, 1]
            return float(ys.min()) - shape.thick, float(ys.max()) + shape.thick
        case Area():
            return float(shape.points[:, 1].min()), float(shape.points[:, 1].max())
        case Words():
            return shape.y - 2 * shape.size, shape.y + shape.size


class _Pen:
    def __init__(self, strip: Image.Image, scale: float, top: int, letters: Letters) -> None:
        self._draw, self._scale, self._top, self._letters = ImageDraw.Draw(strip), scale, top, letters

    def draw(self, shapes: Iterable[Shape]) -> None:
        for shape in shapes:
            match shape:
                case Box():
                    self._box(shape)
                case Curve():
                    self._curve(shape)
                case Area():
                    self._draw.polygon(self._placed(shape.points), fill=shape.fill)
                case Words():
                    self._words(shape)

    def _box(self, box: Box) -> None:
        left, top = box.left * self._scale, box.top * self._scale - self._top
        right, bottom = left + box.width * self._scale, top + box.height * self._scale
        self._draw.rounded_rectangle(
            (left, top, max(left, right - 1), max(top, bottom - 1)),
            radius=min(box.rounded * self._scale, (right - left) / 2, (bottom - top) / 2),
            fill=box.fill,
            outline=box.line,
            width=max(1, round(box.thick * self._scale)),
        )

    def _curve(self, curve: Curve) -> None:
        thick = max(1, round(curve.thick * self._scale))
        self._draw.line(self._placed(curve.points), fill=curve.colour, width=thick, joint="curve")

    def _placed(self, points: Points) -> list[tuple[float, float]]:
        return [(x * self._scale, y * self._scale - self._top) for x, y in points.tolist()]

    def _words(self, words: Words) -> None:
        runs = self._letters.runs(words.text, max(1, round(words.size * self._scale)))
        width = sum(run.font.getlength(run.text) for run in runs)
        x = words.x * self._scale - {"start": 0.0, "middle": width / 2, "end": width}[words.anchor]
        for run in runs:
            self._draw.text((x, words.y * self._scale - self._top), run.text, words.colour, run.font, anchor="ls")
            x += run.font.getlength(run.text)
