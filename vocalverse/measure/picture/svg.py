"""A drawing as SVG: as sharp as one likes, its words still words."""

from collections.abc import Iterator
from xml.sax.saxutils import escape

from vocalverse.measure.picture.letters import plain
from vocalverse.measure.picture.shapes import Box, Curve, Drawing, Shape, Words

_FONTS = "Aileron, 'Helvetica Neue', Arial, 'Noto Sans', 'Noto Sans CJK SC', 'PingFang SC', 'Hiragino Sans', sans-serif"


def as_svg(drawing: Drawing) -> str:
    return "\n".join(_lines(drawing)) + "\n"


def _lines(drawing: Drawing) -> Iterator[str]:
    width, height = _short(drawing.width), _short(drawing.height)
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        f'font-family="{_FONTS}" stroke-linejoin="round" stroke-linecap="round">'
    )
    yield f'<rect width="{width}" height="{height}" fill="{drawing.background}"/>'
    yield from map(_element, drawing.shapes)
    yield "</svg>"


def _element(shape: Shape) -> str:
    match shape:
        case Box():
            edge = f' stroke="{shape.line}" stroke-width="{_short(shape.thick)}"' if shape.line else ""
            return (
                f'<rect x="{_short(shape.left)}" y="{_short(shape.top)}" width="{_short(shape.width)}" '
                f'height="{_short(shape.height)}" rx="{_short(shape.rounded)}" fill="{shape.fill or "none"}"{edge}/>'
            )
        case Curve():
            points = " ".join(f"{_short(x)},{_short(y)}" for x, y in shape.points.tolist())
            thick = _short(shape.thick)
            return f'<polyline points="{points}" fill="none" stroke="{shape.colour}" stroke-width="{thick}"/>'
        case Words():
            return (
                f'<text x="{_short(shape.x)}" y="{_short(shape.y)}" font-size="{_short(shape.size)}" '
                f'fill="{shape.colour}" text-anchor="{shape.anchor}">{escape(plain(shape.text))}</text>'
            )


def _short(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
